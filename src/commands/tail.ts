import type { KinesisClient } from "@aws-sdk/client-kinesis";
import { printable } from "../contract/printable.ts";
import { drained } from "../io/drained.ts";
import { instant, number } from "../io/parse.ts";
import { type Context, defineCommand } from "../io/terminal/command.ts";
import { RecentReadings, sparkline } from "../io/terminal/sparkline.ts";
import { clip } from "../io/text.ts";

/** The contract's names. */
const STREAMS = ["WindDataStream", "AnomalyDetectionStream"];

export const command = defineCommand<undefined>({
  name: "tail",
  summary: "records of a stream as they come",
  description:
    "Prints the records of all shards of a stream as they come, a line each (JSON lines when piped), until Ctrl-C. Follows " +
    "the stream across resharding.",
  arguments: [{ name: "<stream>", description: "e.g. AnomalyDetectionStream", words: STREAMS }],
  options: [
    {
      flags: "--since <time>",
      description: "from a time or a while ago (15m), or all that the stream keeps: start (default from now on)",
      parse: (text) => (text === "start" ? text : instant("--since")(text)),
    },
    { flags: "--min-score <n>", description: "only records with this score or more", parse: number("--min-score") },
    {
      flags: "--efo",
      description: "enhanced fan-out: records are pushed, with a throughput of its own (on AWS at a price)",
    },
    {
      flags: "--limit <n>",
      description: "end after n records",
      parse: number("--limit", { min: 1, integer: true }),
    },
  ],
  examples: [
    "windops tail AnomalyDetectionStream",
    "windops tail AnomalyDetectionStream --since 1h --min-score 2",
    "windops tail WindDataStream --since start --limit 10 | jq .speed",
    "windops tail AnomalyDetectionStream --efo",
  ],
  run,
});

async function run(ctx: Context, [name]: [string], options: Record<string, any>): Promise<undefined> {
  const [{ connect }, { tail }, { edge }] = await Promise.all([
    import("../pipeline/settings/session.ts"),
    import("../operate/tail/tail.ts"),
    import("../io/clock.ts"),
  ]);
  const session = await connect(ctx);
  const { since } = options;
  const kinesis = await session.clients.kinesis();
  // The contract's name also finds the stream that a prefix or another name was given.
  const stream = streamNamed(name, session.names);
  const note = (text: string) => ctx.io.err(ctx.io.errStyle.yellow(printable(text)));
  const fanOut = options.efo ? await registered(ctx, kinesis, stream, note) : undefined;
  const records = tail({
    ...edge(ctx.signal),
    kinesis,
    stream,
    ...(fanOut && { push: { client: await session.clients.kinesisPush(), consumerArn: fanOut.consumerArn } }),
    signal: ctx.signal,
    poll: session.target.kind === "aws" ? 1000 : 250,
    wallClock: () => ctx.now().getTime(),
    note,
    start:
      since === undefined
        ? { type: "LATEST" }
        : since === "start"
          ? { type: "TRIM_HORIZON" }
          : { type: "AT_TIMESTAMP", at: since },
  });
  try {
    await show(ctx, records, { ...options, threshold: session.settings.minScore });
  } finally {
    await fanOut?.end();
  }
}

async function show(
  ctx: Context,
  records: AsyncIterable<{ data: Uint8Array }>,
  { minScore, limit, threshold }: { minScore?: number; limit?: number; threshold: number },
): Promise<void> {
  const recent = new RecentReadings({ readings: BARS, turbines: 10_000 });
  let shown = 0;
  for await (const { data } of records) {
    const value = decode(data);
    if (minScore !== undefined && !(Number(value.score) >= minScore)) continue;
    ctx.io.record(value, () => readingLine(value, ctx.io, threshold, recent));
    if (++shown === limit) return;
    await drained(ctx.io.stdout, ctx.signal);
  }
}

/** A consumer of enhanced fan-out that is this run's alone. */
async function registered(ctx: Context, kinesis: KinesisClient, stream: string, note: (text: string) => void) {
  const [{ registerFanOut }, { isAlive }, { stateFolder }, { edge }, { join, resolve }] = await Promise.all([
    import("../operate/tail/fan-out.ts"),
    import("../local/process/process.ts"),
    import("../local/process/state.ts"),
    import("../io/clock.ts"),
    import("node:path"),
  ]);
  const folder = ctx.globals.stateDir ? resolve(ctx.cwd, ctx.globals.stateDir) : stateFolder(ctx.env);
  const fanOut = await registerFanOut({
    // Ctrl-C while it becomes active: it's waited for, so that it can be deregistered.
    ...edge(new AbortController().signal),
    kinesis,
    stream,
    folder: join(folder, "fan-out"),
    pid: process.pid,
    isAlive,
    note,
  });
  ctx.io.err(ctx.io.errStyle.dim(`Consumer ${fanOut.name} of ${stream}, deregistered at the end.`));
  return fanOut;
}

/** Columns of a sparkline at most, and what its full bar means in m/s. */
const BARS = 12;
const GALE = 25;

/** The turbine's last values, where `room` columns are enough to see something; always as wide, so that what follows stays in line. */
function bars(values: readonly number[], max: number, room: number): string {
  const width = Math.min(BARS, room - 2);
  if (width < 4) return "";
  return `  ${sparkline(
    values.map((v) => Math.min(v, max)),
    width,
    { max },
  ).padEnd(width)}`;
}

function streamNamed(name: string, names: { inputStream: string; outputStream: string }): string {
  if (name === "WindDataStream") return names.inputStream;
  return name === "AnomalyDetectionStream" ? names.outputStream : name;
}

/** The record's JSON object; anything else as `raw`. */
function decode(data: Uint8Array): Record<string, unknown> {
  const text = new TextDecoder().decode(data);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Not ours to judge: shown as it is.
  }
  return { raw: text };
}

/** A reading in columns, with its turbine's last ones where there is room; whatever else there is as JSON. Nothing from a record reaches the terminal unescaped. */
export function readingLine(
  value: Record<string, unknown>,
  io: Pick<Context["io"], "width" | "style">,
  threshold: number,
  recent: RecentReadings,
): string {
  const { turbineId, location, speed, timestamp, score } = value;
  if (typeof speed !== "number") return clip(printable(JSON.stringify(value)), io.width);
  const name = printable(String(turbineId ?? location ?? "?")).padEnd(20);
  const columns = `${printable(String(timestamp ?? "")).padEnd(24)}  ${name}  ${speed.toFixed(2).padStart(6)} m/s`;
  const last = recent.add(name, speed, typeof score === "number" ? score : Number.NaN);
  if (typeof score !== "number") return (columns + bars(last.speeds, GALE, io.width - columns.length)).trimEnd();
  const plain = `${columns}  score ${score.toFixed(2).padStart(5)}`;
  const room = io.width - plain.length - "  anomaly".length;
  const speeds = bars(last.speeds, GALE, Math.floor(room / 2));
  const scores = bars(last.scores, 2 * threshold, Math.floor(room / 2));
  const scored = `${plain}${speeds}${scores}`;
  return score >= threshold ? io.style.red(`${scored}  anomaly`) : scored.trimEnd();
}
