import { usageError } from "../io/errors/errors.ts";
import { instant, milliseconds, number, rate } from "../io/parse.ts";
import { type Context, defineCommand } from "../io/terminal/command.ts";
import { duration } from "../io/text.ts";
import type { InjectedAnomaly } from "../simulate/simulation.ts";

interface Result {
  stream?: string;
  out?: string;
  seed: number;
  turbines: number;
  acknowledged?: number;
  written?: number;
  resent?: number;
  seconds: number;
  since: string;
  until?: string;
  anomalies: InjectedAnomaly[];
  interrupted: boolean;
  resume?: string;
}

/** What `--resume` needs to make the same readings again. */
interface Unfinished {
  simulation: import("../simulate/simulation.ts").Simulation;
  done: number;
}

const kinds = (text: string) => text.split(",").map((kind) => kind.trim());

export const command = defineCommand<Result | undefined>({
  name: "simulate",
  summary: "wind that looks like wind, with labelled anomalies on request",
  description:
    "Sends simulated readings to the stream until the time is up or Ctrl-C, and counts what the stream acknowledged. " +
    "A reading's event time is when it is sent, unless --cadence, --rate max or --anomalies alone let event time run faster.",
  options: [
    {
      flags: "--anomalies [n]",
      description: "inject n labelled anomalies (3 if no number is given)",
      parse: anomalies,
    },
    {
      flags: "--kinds <list>",
      description: "of these kinds, in turn (gust,storm,spike,stuck,zero,drift)",
      parse: kinds,
    },
    {
      flags: "--turbines <n>",
      description: "turbines of the farm (default 10)",
      parse: number("--turbines", { min: 1, max: 1_000_000, integer: true }),
    },
    {
      flags: "--rate <n/s>",
      description: "readings a second in all, or max (default one a turbine)",
      parse: rate("--rate"),
    },
    { flags: "--duration <time>", description: "how long, e.g. 60s or 2h", parse: milliseconds("--duration") },
    {
      flags: "--cadence <time>",
      description: "event time between two readings of a turbine",
      parse: milliseconds("--cadence"),
    },
    { flags: "--start <time>", description: "event time of the first reading", parse: instant("--start") },
    {
      flags: "--seed <n>",
      description: "the same seed gives the same wind",
      parse: number("--seed", { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true }),
    },
    { flags: "--stream <name>", description: "stream to send to (default WindDataStream)" },
    {
      flags: "--aggregate",
      description:
        "many readings in a record, as the Kinesis Producer Library does it: a shard takes several times as many",
    },
    { flags: "--out <file>", description: "write JSON lines to a file, or - for stdout, instead of sending" },
    { flags: "--labels <file>", description: "write the changed readings' labels to a file, as JSON lines" },
    { flags: "--resume", description: "go on where the last run was interrupted" },
  ],
  examples: [
    "windops simulate --anomalies",
    "windops simulate --turbines 50 --rate 50/s --duration 10m",
    "windops simulate --anomalies 5 --seed 7 --out wind.jsonl --labels labels.jsonl",
  ],
  run,
  render: (result, io) => {
    if (!result) return;
    const count = result.acknowledged ?? result.written ?? 0;
    const perSecond = result.seconds > 0 ? Math.round(count / result.seconds) : count;
    const what = result.stream ? `acknowledged by ${result.stream}` : `written to ${result.out}`;
    const again = result.resent ? `, ${result.resent.toLocaleString("en-US")} sent again` : "";
    io.out(
      `${count.toLocaleString("en-US")} readings of ${result.turbines} turbines ${what} in ${duration(result.seconds * 1000)} (${perSecond.toLocaleString("en-US")}/s${again}), seed ${result.seed}`,
    );
    if (result.anomalies.length > 0) {
      io.table(
        result.anomalies.map(({ id, kind, turbineId, start, end, readings }) => {
          return { anomaly: id, kind, turbine: turbineId, from: start, to: end, readings };
        }),
      );
    }
    if (result.resume) io.err(`Interrupted. Go on with: ${result.resume}`);
  },
});

function anomalies(text: string): number {
  return number("--anomalies", { min: 0, max: 100_000, integer: true })(text);
}

async function run(ctx: Context, _args: unknown[], options: Record<string, any>): Promise<Result | undefined> {
  const { ANOMALY_KINDS } = await import("../simulate/wind/anomalies.ts");
  const unknown = (options.kinds as string[] | undefined)?.find((kind) => !ANOMALY_KINDS.includes(kind as never));
  if (unknown !== undefined) {
    throw usageError(`There is no kind of anomaly "${unknown}".`, `Kinds: ${ANOMALY_KINDS.join(", ")}.`);
  }
  const { simulationOf } = await import("../simulate/simulation.ts");
  const request = {
    ...options,
    ...(options.out !== undefined && options.rate === undefined && { rate: Infinity }),
    ...(options.cadence !== undefined && { cadence: options.cadence / 1000 }),
    anomalies: options.anomalies === true ? 3 : (options.anomalies ?? 0),
    seed: options.seed ?? Math.floor(Math.random() * 1_000_000),
  };
  if (options.out !== undefined && options.aggregate) {
    throw usageError("--aggregate is about a stream's records: it doesn't go with --out.", "Leave one of them out.");
  }
  if (options.out !== undefined) return toFile(ctx, options, simulationOf(request, ctx.now()));
  return toStream(ctx, options, request);
}

async function toStream(ctx: Context, options: Record<string, any>, request: any): Promise<Result> {
  const [
    { connect },
    { simulationOf },
    { runSimulation },
    { ResumePoint },
    { edge },
    { stateFolder },
    { join, resolve },
  ] = await Promise.all([
    import("../pipeline/settings/session.ts"),
    import("../simulate/simulation.ts"),
    import("../simulate/run-simulation.ts"),
    import("../simulate/producer/resume.ts"),
    import("../io/clock.ts"),
    import("../local/process/state.ts"),
    import("node:path"),
  ]);
  const session = await connect(ctx);
  const stream: string = options.stream ?? session.names.inputStream;
  const outside = edge(ctx.signal);
  const folder = ctx.globals.stateDir ? resolve(ctx.cwd, ctx.globals.stateDir) : stateFolder(ctx.env);
  const point = new ResumePoint<Unfinished>(join(folder, "resume", `simulate-${stream}.json`), outside.now);
  const unfinished = options.resume ? point.read("simulate") : undefined;
  const simulation = unfinished ? revived(unfinished) : simulationOf(request, ctx.now());
  const from = unfinished?.done ?? 0;
  const labels = await labelsFile(ctx, options.labels);
  const progress = ctx.io.progress({
    title: stream,
    unit: "readings",
    ...(simulation.readings !== Infinity && { total: simulation.readings - from }),
  });
  const started = outside.now();
  const outcome = await runSimulation(simulation, {
    ...outside,
    kinesis: await session.clients.kinesis(),
    stream,
    ...(options.aggregate && { aggregate: true }),
    signal: ctx.signal,
    from,
    onProgress: (done, _, counts) => {
      point.save({ simulation, done });
      progress.update(counts.acknowledged);
    },
    onLabelled: ({ reading, label }) => labels?.write(reading, label!),
  });
  progress.stop();
  await labels?.close();
  if (outcome.interrupted) point.save({ simulation, done: outcome.done }, { force: true });
  else point.clear();
  return {
    stream,
    seed: simulation.wind.seed,
    turbines: simulation.wind.turbines,
    acknowledged: outcome.acknowledged,
    resent: outcome.resent,
    seconds: (outside.now() - started) / 1000,
    since: simulation.wind.start.toISOString(),
    ...(outcome.until && { until: outcome.until }),
    anomalies: outcome.anomalies,
    interrupted: outcome.interrupted,
    ...(outcome.interrupted && { resume: resumeCommand(options) }),
  };
}

function resumeCommand(options: Record<string, any>): string {
  const stream = options.stream === undefined ? "" : ` --stream ${options.stream}`;
  return `windops simulate${stream}${options.aggregate ? " --aggregate" : ""} --resume`;
}

/** JSON has neither dates nor infinity. */
function revived({ simulation }: Unfinished): Unfinished["simulation"] {
  return {
    ...simulation,
    wind: { ...simulation.wind, start: new Date(simulation.wind.start) },
    rate: simulation.rate ?? Infinity,
    readings: simulation.readings ?? Infinity,
  };
}

async function labelsFile(ctx: Context, file: string | undefined) {
  if (file === undefined) return undefined;
  const { lineWriter } = await import("../io/lines.ts");
  const lines = await lineWriter(file, ctx);
  return {
    write: ({ turbineId, timestamp }: { turbineId: string; timestamp: string }, label: { kind: string; id: number }) =>
      lines.write(JSON.stringify({ turbineId, timestamp, ...label })),
    close: () => lines.close(),
  };
}

async function toFile(ctx: Context, options: Record<string, any>, simulation: any): Promise<Result | undefined> {
  const [{ readingsOf, InjectedAnomalies }, { lineWriter }, { TokenBucket }, { edge }] = await Promise.all([
    import("../simulate/simulation.ts"),
    import("../io/lines.ts"),
    import("../simulate/producer/token-bucket.ts"),
    import("../io/clock.ts"),
  ]);
  const outside = edge(ctx.signal);
  const lines = await lineWriter(options.out, ctx);
  const labels = await labelsFile(ctx, options.labels);
  const bucket = new TokenBucket(simulation.rate, simulation.rate / 10, outside.now);
  const injected = new InjectedAnomalies();
  const started = outside.now();
  let written = 0;
  let until: string | undefined;
  for (const simulated of readingsOf(simulation)) {
    while (!ctx.signal.aborted && bucket.available() < 1) await outside.sleep(Math.max(1, bucket.until(1)));
    if (ctx.signal.aborted) break;
    bucket.take(1);
    const { reading, label } = simulated;
    const full = lines.write(JSON.stringify(reading));
    if (label) labels?.write(reading, label);
    injected.add(simulated);
    until = reading.timestamp;
    written++;
    if (full) await full;
    // Ctrl-C comes through the event loop.
    else if (written % 10_000 === 0) await new Promise(setImmediate);
  }
  await lines.close();
  await labels?.close();
  if (options.out === "-") {
    ctx.io.err(`${written.toLocaleString("en-US")} readings, seed ${simulation.wind.seed}`);
    return undefined;
  }
  return {
    out: options.out,
    seed: simulation.wind.seed,
    turbines: simulation.wind.turbines,
    written,
    seconds: (outside.now() - started) / 1000,
    since: simulation.wind.start.toISOString(),
    ...(until && { until }),
    anomalies: injected.list(),
    interrupted: ctx.signal.aborted,
  };
}
