import { type Context, defineCommand } from "../io/command.ts";
import { usageError } from "../io/errors.ts";
import { instant, number } from "../io/parse.ts";

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
    "Prints the stored readings with a score of at least --min-score (the pipeline's threshold if not said), highest first.",
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
  const [{ connect }, { findAnomalies }] = await Promise.all([
    import("../pipeline/session.ts"),
    import("../pipeline/scan.ts"),
  ]);
  const session = await connect(ctx);
  if (options.notify) {
    const { runDelivery } = await import("../pipeline/run-delivery.ts");
    const { told } = await runDelivery(await session.clients.lambda(), session.names.deliveryFunction);
    ctx.io.err(told === 0 ? "Everybody was told already." : `Told: ${told} notification${told === 1 ? "" : "s"}.`);
  }
  const progress = ctx.io.progress({ title: session.names.table, unit: "rows" });
  const { rows } = await findAnomalies({
    dynamodb: await session.clients.dynamodb(),
    table: session.names.table,
    signal: ctx.signal,
    minScore: options.minScore ?? session.settings.minScore,
    ...(options.since !== undefined && { since: options.since.toISOString() }),
    ...(options.location !== undefined && { location: options.location }),
    ...(options.limit !== undefined && { limit: options.limit }),
    ...(options.full && { full: true }),
    onProgress: (looked) => progress.update(looked),
  });
  progress.stop();
  const found = rows.map(({ more, ...row }): Found => ({ ...row, ...more }));
  if (!options.csv) return found;
  const columns = ["turbineId", "timestamp", "location", "speed", "score", "rcfScore"] as const;
  ctx.io.out(columns.join(","));
  for (const row of found) ctx.io.out(columns.map((column) => cell(row[column])).join(","));
  return undefined;
}

function cell(value: string | number | undefined): string {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
