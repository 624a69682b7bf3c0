import type { DetectorOptions } from "../../detect/detector.ts";
import { readRows } from "../../io/rows/rows.ts";
import { type ScoreColumns, scoreRows } from "../score/rows.ts";
import type { ScoredSeries } from "./backtest.ts";

/** Where no times are known, readings count as so far apart, ms. */
const INTERVAL = 60_000;

export interface BacktestInput {
  file: string;
  columns: ScoreColumns;
  signal: AbortSignal;
}

/** Scores of a file's readings, turbine by turbine. */
export async function scoredSeries(
  { file, columns, signal }: BacktestInput,
  settings: Partial<DetectorOptions>,
  threads: number,
): Promise<{ series: Map<string, ScoredSeries>; rows: number }> {
  const series = new Map<string, { times: number[]; scores: number[] }>();
  let rows = 0;
  for await (const { rows: batch, scores } of scoreRows(readRows(file), columns, settings, threads)) {
    if (signal.aborted) break;
    batch.keys.forEach((key, row) => {
      let one = series.get(key);
      if (!one) {
        one = { times: [], scores: [] };
        series.set(key, one);
      }
      const time = batch.timestamps[row]!;
      one.times.push(Number.isNaN(time) ? one.times.length * INTERVAL : time);
      one.scores.push(scores.score[row]!);
    });
    rows += batch.keys.length;
  }
  return { series, rows };
}
