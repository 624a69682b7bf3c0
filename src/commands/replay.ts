import { usageError, WindopsError } from "../io/errors/errors.ts";
import { rate } from "../io/parse.ts";
import { type Context, defineCommand } from "../io/terminal/command.ts";
import { duration } from "../io/text.ts";
import type { ReplayOutcome } from "../simulate/replay/replay.ts";

interface Result extends ReplayOutcome {
  stream: string;
  seconds: number;
  resume?: string;
}

interface Unfinished {
  files: string[];
  columns: object;
  done: number;
}

function pace(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)x?$/.exec(text);
  if (!match || Number(match[1]) <= 0) {
    throw usageError(`--pace takes a factor such as 60x (an hour in a minute), not "${text}"`);
  }
  return Number(match[1]);
}

export const command = defineCommand<Result>({
  name: "replay",
  summary: "a SCADA export through the pipeline: CSV, CSV.gz or JSON lines",
  description:
    "Sends the rows of files (- for stdin) as readings with their own times, in order of time. Without --pace as fast as " +
    "the stream's shards take them. Rows without a speed are left out and counted.",
  arguments: [{ name: "<file...>", description: "CSV or JSON lines, plain or gzipped; - for stdin" }],
  options: [
    {
      flags: "--time <column>",
      description: "time: ISO 8601 (UTC if no zone is given) or since 1970",
      default: "timestamp",
    },
    { flags: "--speed <column>", description: "wind speed in m/s", default: "speed" },
    { flags: "--turbine <column>", description: "the turbine's name", default: "turbineId" },
    { flags: "--location <column|text>", description: "location (default the turbine's name)" },
    { flags: "--more <columns>", description: "numeric columns that travel along, with commas between, or all" },
    { flags: "--pace <factor>", description: "event time passes so fast, e.g. 60x", parse: pace },
    {
      flags: "--rate <n/s>",
      description: "readings a second at most (default what the shards take)",
      parse: rate("--rate"),
    },
    { flags: "--aggregate", description: "many readings in a record, as the Kinesis Producer Library does it" },
    { flags: "--in-order", description: "the rows are in order of time: send while reading (endless input)" },
    { flags: "--stream <name>", description: "stream to send to (default WindDataStream)" },
    { flags: "--resume", description: "go on where the last replay of these files was interrupted" },
  ],
  examples: [
    "windops replay scada.csv.gz --time dtTimeStamp --speed WindSpeedMean --turbine TurbineName",
    "windops replay day.jsonl --pace 60x",
    "zcat export.csv.gz | windops replay - --time time --speed ws --turbine wtg --location 'Oak Ridge'",
  ],
  run,
  render: (result, io) => {
    const n = (count: number) => count.toLocaleString("en-US");
    const again = result.resent > 0 ? `, ${n(result.resent)} sent again` : "";
    io.out(
      `${n(result.acknowledged)} readings of ${result.turbines} turbines acknowledged by ${result.stream} in ${duration(result.seconds * 1000)}${again}`,
    );
    if (result.since) io.out(`Event time ${result.since} to ${result.until}`);
    if (result.withoutSpeed > 0) io.out(`${n(result.withoutSpeed)} of ${n(result.rows)} rows have no speed: left out`);
    if (result.unreadable > 0) {
      io.out(`${n(result.unreadable)} rows can't be read: left out (the first is ${result.firstUnreadable})`);
    }
    if (result.resume) io.err(`Interrupted. Go on with: ${result.resume}`);
  },
});

async function run(ctx: Context, [files]: [string[]], options: Record<string, any>): Promise<Result> {
  const { accessSync } = await import("node:fs");
  const { resolve, join } = await import("node:path");
  const paths = files.map((file) => (file === "-" ? file : resolve(ctx.cwd, file)));
  for (const [i, path] of paths.entries()) if (path !== "-") checkFile(path, files[i]!, accessSync);
  const [{ connect }, { streamCapacity }, { replay }, { ResumePoint }, { edge }, { stateFolder }] = await Promise.all([
    import("../pipeline/settings/session.ts"),
    import("../operate/tail/stream-capacity.ts"),
    import("../simulate/replay/replay.ts"),
    import("../simulate/producer/resume.ts"),
    import("../io/clock.ts"),
    import("../local/process/state.ts"),
  ]);
  const session = await connect(ctx);
  const stream: string = options.stream ?? session.names.inputStream;
  const kinesis = await session.clients.kinesis();
  const columns = {
    time: options.time,
    speed: options.speed,
    turbine: options.turbine,
    ...(options.location !== undefined && { location: options.location }),
    ...(options.more !== undefined && { more: options.more === "all" ? "all" : options.more.split(",") }),
  };
  const outside = edge(ctx.signal);
  const folder = ctx.globals.stateDir ? resolve(ctx.cwd, ctx.globals.stateDir) : stateFolder(ctx.env);
  const point = new ResumePoint<Unfinished>(join(folder, "resume", `replay-${stream}.json`), outside.now);
  const from = options.resume ? resumed(point.read("replay"), paths, columns) : 0;
  const progress = ctx.io.progress({ title: stream, unit: "readings" });
  const started = outside.now();
  const outcome = await replay({
    ...outside,
    kinesis,
    stream,
    rate: options.rate ?? (await streamCapacity(kinesis, stream, { aggregate: options.aggregate })),
    ...(options.aggregate && { aggregate: true }),
    signal: ctx.signal,
    files: paths,
    stdin: process.stdin,
    columns,
    ...(options.pace !== undefined && { pace: options.pace }),
    ...(options.inOrder && { inOrder: true }),
    from,
    onProgress: (done, counts) => {
      point.save({ files: paths, columns, done });
      progress.update(counts.acknowledged);
    },
  });
  progress.stop();
  const result: Result = { stream, seconds: (outside.now() - started) / 1000, ...outcome };
  if (!outcome.interrupted) point.clear();
  else {
    point.save({ files: paths, columns, done: outcome.done }, { force: true });
    if (!paths.includes("-")) result.resume = "the same command and --resume";
  }
  return result;
}

/** Before anything is started: a typing error shouldn't bring the stack up. */
function checkFile(path: string, named: string, access: (path: string) => void): void {
  try {
    access(path);
  } catch (cause) {
    throw new WindopsError("E_NO_FILE", `No such file: ${named}`, {
      hint: "Give a path that exists, or - for stdin.",
      cause,
    });
  }
}

function resumed(unfinished: Unfinished, files: string[], columns: object): number {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  if (!same(unfinished.files, files) || !same(unfinished.columns, columns)) {
    throw usageError(
      `The unfinished replay is another one: of ${unfinished.files.join(", ")}.`,
      "Name the same files and columns, or leave --resume out.",
    );
  }
  return unfinished.done;
}
