import { printableJson } from "../contract/printable.ts";
import type { Row } from "../contract/row.ts";
import { drained } from "../io/drained.ts";
import { usageError } from "../io/errors/errors.ts";
import { instant, number } from "../io/parse.ts";
import { type Context, defineCommand } from "../io/terminal/command.ts";
import type { Progress } from "../io/terminal/io.ts";
import { csvCell } from "../io/text.ts";
import type { ScanCost } from "../operate/scan/scan.ts";

interface Found {
  turbineId: string;
  location: string;
  /** m/s */
  speed: number;
  timestamp: string;
  score: number;
  rcfScore?: number;
  [more: string]: string | number | undefined;
}

export const command = defineCommand<Found[] | undefined>({
  name: "scan",
  summary: "anomalies, highest score first",
  description:
    "Prints the stored readings with a score of at least --min-score (the pipeline's threshold if not said), highest first. From a score of 2 on an index of the anomalies serves it, which costs what it finds; below that the whole table is read, at --read-units.",
  options: [
    { flags: "--min-score <n>", description: "at least this score (default 2)", parse: number("--min-score") },
    {
      flags: "--since <time>",
      description: "event time from then on: a time, or a while ago (2h)",
      parse: instant("--since"),
    },
    { flags: "--location <name>", description: "of this location only" },
    { flags: "--limit <n>", description: "the highest n", parse: number("--limit", { min: 1, integer: true }) },
    { flags: "--csv", description: "as CSV" },
    { flags: "--notify", description: "run the delivery first: tell what nobody was told of yet" },
    {
      flags: "--stream",
      description: "a line of JSON each as they are found, in no order: never more than a page in memory",
    },
    {
      flags: "--read-units <n>",
      description: "read units a second at most (default 2000)",
      parse: number("--read-units", { min: 1 }),
    },
    { flags: "--full", description: "read the whole table, not the index of anomalies" },
  ],
  examples: [
    "windops scan --min-score 2",
    "windops scan --since 24h --json | jq '.[0]'",
    "windops scan --csv > anomalies.csv",
  ],
  run,
  render: (rows, io) => {
    if (!rows) return;
    if (rows.length === 0) return io.err("No anomalies.");
    io.table(
      rows.map(({ score, speed, turbineId, location, timestamp }) => {
        return {
          score: Number(score.toFixed(2)),
          "m/s": Number(speed.toFixed(2)),
          turbine: turbineId,
          time: timestamp,
          location,
        };
      }),
    );
  },
});

async function run(ctx: Context, _: unknown[], options: Record<string, any>): Promise<Found[] | undefined> {
  if (options.csv && ctx.globals.json) throw usageError("--csv doesn't go with --json.", "Leave one of them out.");
  const other = options.csv ? "--csv" : "--limit";
  if (options.stream && (options.csv || options.limit !== undefined)) {
    throw usageError(
      `--stream doesn't go with ${other}.`,
      "Leave one of them out: --limit keeps no more than it prints.",
    );
  }
  const [{ connect }, { eachAnomaly, findAnomalies }, { edge }] = await Promise.all([
    import("../pipeline/settings/session.ts"),
    import("../operate/scan/scan.ts"),
    import("../io/clock.ts"),
  ]);
  const session = await connect(ctx);
  if (options.notify) {
    const { runDelivery } = await import("../operate/scan/run-delivery.ts");
    const { told } = await runDelivery(await session.clients.lambda(), session.names.deliveryFunction);
    ctx.io.err(told === 0 ? "Everybody was told already." : `Told: ${told} notification${told === 1 ? "" : "s"}.`);
  }
  let progress: Progress | undefined;
  const query = {
    ...edge(ctx.signal),
    dynamodb: await session.clients.dynamodb(),
    table: session.names.table,
    signal: ctx.signal,
    minScore: options.minScore ?? session.settings.minScore,
    ...(options.since !== undefined && { since: options.since.toISOString() }),
    ...(options.location !== undefined && { location: options.location }),
    ...(options.limit !== undefined && { limit: options.limit }),
    ...(options.readUnits !== undefined && { readUnits: options.readUnits }),
    ...(options.full && { full: true }),
    onProgress: (looked: number, total?: number) => {
      progress ??= ctx.io.progress({ title: session.names.table, unit: "rows", ...(total !== undefined && { total }) });
      progress.update(looked);
    },
  };
  const said = ({ indexed, looked, units }: ScanCost) => {
    progress?.stop();
    const rows = `${looked.toLocaleString("en-US")} row${looked === 1 ? "" : "s"}`;
    const cost = `${rows} looked at, ${units.toLocaleString("en-US")} read units`;
    if (!indexed) ctx.io.err(ctx.io.errStyle.dim(`The whole table was read: ${cost}.`));
  };
  if (options.stream) {
    const print = (row: Row) => {
      ctx.io.record(foundOf(row), () => printableJson(foundOf(row)));
      return drained(ctx.io.stdout, ctx.signal);
    };
    said(await eachAnomaly(query, print));
    return undefined;
  }
  const { rows, ...cost } = await findAnomalies(query);
  said(cost);
  const found = rows.map(foundOf);
  if (!options.csv) return found;
  const columns = ["turbineId", "timestamp", "location", "speed", "score", "rcfScore"] as const;
  ctx.io.out(columns.join(","));
  for (const row of found) ctx.io.out(columns.map((column) => csvCell(row[column])).join(","));
  return undefined;
}

const foundOf = ({ more, ...row }: Row): Found => ({ ...row, ...more });
