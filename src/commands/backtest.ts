import { WindopsError } from "../io/errors/errors.ts";
import { number } from "../io/parse.ts";
import { type Context, defineCommand } from "../io/terminal/command.ts";
import type { Outcome } from "../offline/backtest/backtest.ts";
import type { SweepRow } from "../offline/backtest/sweep.ts";
import { scoringOptions, settings } from "./score.ts";

interface Result {
  rows: number;
  windows: number;
  recommended: Outcome | undefined;
  outcomes: Outcome[];
  sweep?: SweepRow[];
}

export const command = defineCommand<Result>({
  name: "backtest",
  summary: "precision, recall, delay and alerts a day for each threshold; which one to choose",
  description:
    "Scores a file whose anomalies are known and says what each threshold would have done. Labels are windows (columns start and " +
    "end) or points (time: the first reading from then on), of a turbine (turbineId, series or the --key column) or of all.",
  arguments: [
    { name: "<file>", description: "CSV or JSON lines, plain or gzipped, each turbine's rows in order of time" },
  ],
  options: [
    { flags: "--labels <file>", description: "what was anomalous, and when" },
    {
      flags: "--kind <kinds>",
      description: "only labels of these kinds (column kind), with commas between",
      parse: (text) => text.split(","),
    },
    ...scoringOptions,
    {
      flags: "--max-alerts-per-day <n>",
      description: "false alerts a day that may be, all turbines together",
      parse: number("--max-alerts-per-day", { min: 0 }),
    },
    { flags: "--plot <file>", description: "writes the plot: .svg, or .html with the table" },
    { flags: "--sweep", description: "compares settings of the forest too, on all cores" },
  ],
  examples: [
    "windops backtest scada.csv.gz --labels events.csv --kind gale --value WindSpeedMean --key TurbineName --time dtTimeStamp",
    "windops backtest machine.csv --labels failures.csv --max-alerts-per-day 0.5 --plot backtest.html",
  ],
  run,
  render: ({ outcomes, recommended, windows, rows, sweep }, io) => {
    const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
    io.table(
      outcomes.map((one) => ({
        threshold: one.threshold,
        precision: percent(one.precision),
        recall: percent(one.recall),
        F1: percent(one.f1),
        "median delay": one.delaySeconds === undefined ? "" : `${one.delaySeconds} s`,
        "alerts a day": one.alertsPerDay.toFixed(2),
        "of them false": one.falseAlertsPerDay.toFixed(2),
        "": `${bar(one.f1)}${one === recommended ? " ← choose" : ""}`,
      })),
    );
    if (sweep) {
      io.out("");
      io.table(
        sweep.map((row) => ({
          ...row,
          f1: percent(row.f1),
          precision: percent(row.precision),
          recall: percent(row.recall),
        })),
      );
    }
    const n = rows.toLocaleString("en-US");
    if (recommended) {
      io.out(
        `Choose ${recommended.threshold}: ${recommended.found} of ${windows} labelled windows found in ${n} readings, ${recommended.falseAlertsPerDay.toFixed(2)} false alerts a day.`,
      );
    } else io.out(`No threshold finds any of the ${windows} labelled windows in ${n} readings within the budget.`);
  },
});

const bar = (share: number): string => "█".repeat(Math.round(share * 10)).padEnd(10, "·");

async function run(ctx: Context, [file]: [string], options: Record<string, any>): Promise<Result> {
  if (options.labels === undefined) {
    throw new WindopsError("E_USAGE", "What was anomalous?", {
      hint: "Name the labels' file with --labels.",
      exitCode: 2,
    });
  }
  const [{ resolve, extname }, { writeFile }, { availableParallelism }] = await Promise.all([
    import("node:path"),
    import("node:fs/promises"),
    import("node:os"),
  ]);
  const [{ backtest, recommend }, { readLabels }, { scoredSeries }, { plotHtml, plotSvg }] = await Promise.all([
    import("../offline/backtest/backtest.ts"),
    import("../offline/backtest/labels.ts"),
    import("../offline/backtest/series.ts"),
    import("../offline/backtest/plot.ts"),
  ]);
  const input = {
    file: resolve(ctx.cwd, file),
    columns: { values: options.value, key: options.key, time: options.time },
    signal: ctx.signal,
  };
  const cores = availableParallelism();
  const { series, rows } = await scoredSeries(input, settings(options), cores);
  const choice = { key: options.key, kinds: options.kind, keys: series.keys() };
  const all = await readLabels(resolve(ctx.cwd, options.labels), choice);
  const windows = all.filter(({ key, start, end }) => {
    const times = series.get(key)?.times;
    return times !== undefined && end >= times[0]! && start <= times[times.length - 1]!;
  });
  if (windows.length === 0) {
    throw new WindopsError("E_NO_LABELS", `None of the ${all.length} labels falls on a reading of ${file}`, {
      hint: "Do the turbines' names and the times of both files agree? --key, --time and --kind say what is compared.",
    });
  }
  const outcomes = backtest(series, windows);
  const recommended = recommend(outcomes, options.maxAlertsPerDay);
  if (options.plot !== undefined) {
    const plot = extname(options.plot) === ".html" ? plotHtml : plotSvg;
    await writeFile(resolve(ctx.cwd, options.plot), plot(outcomes, recommended));
  }
  const result: Result = { rows, windows: windows.length, recommended, outcomes };
  if (!options.sweep) return result;
  const { SWEEP, sweep } = await import("../offline/backtest/sweep.ts");
  const progress = ctx.io.progress({ title: "sweep", total: SWEEP.length, unit: "settings" });
  result.sweep = await sweep({
    input,
    windows,
    falseAlertsPerDay: options.maxAlertsPerDay,
    cores,
    toOptions: settings,
    onDone: (done) => progress.update(done),
  }).finally(() => progress.stop());
  return result;
}
