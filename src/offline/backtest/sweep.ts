import type { DetectorOptions } from "../../detect/detector.ts";
import { backtest, type LabelWindow, recommend } from "./backtest.ts";
import { type BacktestInput, scoredSeries } from "./series.ts";

/** Settings of the forest that are compared. */
export interface SweepSettings {
  trees: number;
  samples: number;
  shingle: number;
}

/** What the best threshold of these settings does; NaN and zeros where none finds anything within the budget. */
export interface SweepRow extends SweepSettings {
  threshold: number;
  f1: number;
  precision: number;
  recall: number;
}

export const SWEEP: readonly SweepSettings[] = [30, 50, 100].flatMap((trees) =>
  [128, 256, 512, 1024].flatMap((samples) => [1, 2, 4].map((shingle) => ({ trees, samples, shingle }))),
);

export interface Sweep {
  input: BacktestInput;
  windows: readonly LabelWindow[];
  falseAlertsPerDay: number | undefined;
  /** Settings that are tried at a time, each on a thread. */
  cores: number;
  toOptions: (settings: SweepSettings) => Partial<DetectorOptions>;
  onDone: (settings: number) => void;
}

/** Scores the file once for each of the settings; the best F1 first. */
export async function sweep(
  { input, windows, falseAlertsPerDay, cores, toOptions, onDone }: Sweep,
  settings = SWEEP,
): Promise<SweepRow[]> {
  const todo = [...settings];
  const rows: SweepRow[] = [];
  const work = async (): Promise<void> => {
    for (let next = todo.shift(); next && !input.signal.aborted; next = todo.shift()) {
      const { series } = await scoredSeries(input, toOptions(next), 1);
      const best = recommend(backtest(series, windows), falseAlertsPerDay);
      const { threshold = Number.NaN, f1 = 0, precision = 0, recall = 0 } = best ?? {};
      rows.push({ ...next, threshold, f1, precision, recall });
      onDone(rows.length);
    }
  };
  await Promise.all(Array.from({ length: cores }, work));
  return rows.sort((a, b) => b.f1 - a.f1);
}
