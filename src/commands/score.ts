import { number } from "../io/parse.ts";
import { type Context, defineCommand } from "../io/terminal/command.ts";
import { duration } from "../io/text.ts";

/** A column's name may hold any character, so several are given by giving the flag again. */
const again = (name: string, previous: unknown): string[] => [...((previous as string[] | undefined) ?? []), name];

export const scoringOptions = [
  {
    flags: "--value <column>",
    description: "numeric column to look at, again for more (default speed, or the only numeric one)",
    parse: again,
  },
  { flags: "--key <column>", description: "what tells the turbines apart (default turbineId, where there is one)" },
  { flags: "--time <column>", description: "time of a row (default timestamp, where there is one)" },
  {
    flags: "--trees <n>",
    description: "trees of a forest (default 50)",
    parse: number("--trees", { min: 1, max: 10_000, integer: true }),
  },
  {
    flags: "--samples <n>",
    description: "readings that a tree keeps (default 256)",
    parse: number("--samples", { min: 2, max: 32_000, integer: true }),
  },
  {
    flags: "--shingle <n>",
    description: "readings that make one point (default 1)",
    parse: number("--shingle", { min: 1, max: 1000, integer: true }),
  },
];

export const command = defineCommand<undefined>({
  name: "score",
  summary: "the detector offline: the input's rows with a score column",
  description:
    "Writes the rows of a file (- for stdin) as they came, with `score` (2 and more is an anomaly, 0 warm-up) and `rcfScore`. " +
    "Streams: a file of any size takes the memory of a few batches. With --json rows of CSV come out as JSON lines.",
  arguments: [{ name: "<file>", description: "CSV or JSON lines, plain or gzipped; - for stdin" }],
  options: [...scoringOptions, { flags: "--out <file>", description: "file to write, - is stdout", default: "-" }],
  examples: [
    "windops score scada.csv.gz --value WindSpeedMean --key TurbineName --time dtTimeStamp --out scored.csv",
    "zcat machine.csv.gz | windops score - --value temperature --value vibration > scored.csv",
  ],
  run,
});

async function run(ctx: Context, [file]: [string], options: Record<string, any>): Promise<undefined> {
  const { resolve } = await import("node:path");
  const [{ stat }, { lineWriter }, { scoreFile }] = await Promise.all([
    import("node:fs/promises"),
    import("../io/lines.ts"),
    import("../offline/score/file.ts"),
  ]);
  const path = file === "-" ? file : resolve(ctx.cwd, file);
  // A pipe has no size: its rows are counted instead.
  const size =
    file === "-"
      ? 0
      : await stat(path).then(
          ({ size }) => size,
          () => 0,
        );
  const progress = ctx.io.progress(
    size > 0 ? { title: "score", total: Math.ceil(size / 1e6), unit: "MB" } : { title: "score", unit: "rows" },
  );
  const started = performance.now();
  let writer: Awaited<ReturnType<typeof lineWriter>> | undefined;
  const { rows, keys, anomalies } = await scoreFile(
    {
      file: path,
      stdin: process.stdin,
      columns: { values: options.value, key: options.key, time: options.time },
      settings: settings(options),
      json: ctx.globals.json,
      signal: ctx.signal,
      onProgress: (rows, bytes) =>
        size > 0 ? progress.update(Math.round(bytes / 1e6), `${n(rows)} rows`) : progress.update(rows),
    },
    async (lines) => {
      // Opened only now: a wrong column leaves no empty file.
      writer ??= await lineWriter(options.out, ctx);
      await writer.write(lines);
    },
  ).finally(() => progress.stop());
  await writer?.close();
  ctx.io.err(
    `${n(rows)} rows of ${n(keys)} ${keys === 1 ? "series" : "turbines"} scored in ${duration(performance.now() - started)}: ${n(anomalies)} of 2 and more`,
  );
  return undefined;
}

const n = (count: number): string => count.toLocaleString("en-US");

/** The forest's settings that the flags name. */
export function settings({ trees, samples, shingle }: Record<string, any>): Record<string, number> {
  return {
    ...(trees !== undefined && { numberOfTrees: trees }),
    ...(samples !== undefined && { sampleSize: samples, timeDecay: 1 / (10 * samples) }),
    ...(shingle !== undefined && { shingleSize: shingle }),
  };
}
