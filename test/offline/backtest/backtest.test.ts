import { describe, expect, it } from "vitest";
import { backtest, recommend, type ScoredSeries } from "../../../src/offline/backtest/backtest.ts";

const MINUTE = 60_000;
/** A reading a minute; scores by minute, 0.5 elsewhere. */
function series(count: number, high: Record<number, number>): ScoredSeries {
  return {
    times: Array.from({ length: count }, (_, i) => i * MINUTE),
    scores: Array.from({ length: count }, (_, i) => high[i] ?? 0.5),
  };
}
const window = (start: number, end: number, key = "a") => ({ key, start: start * MINUTE, end: end * MINUTE });

describe("backtest", () => {
  it("counts alerts as notifications are counted: one until quiet passes", () => {
    const scored = new Map([["a", series(1441, { 100: 3, 110: 3, 124: 3, 200: 3 })]]);
    const [two] = backtest(scored, [window(100, 105)], 15 * 60, [2]);
    expect(two).toMatchObject({ alerts: 2, falseAlerts: 1, found: 1, precision: 0.5, recall: 1, delaySeconds: 0 });
    expect(two!.alertsPerDay).toBeCloseTo(2);
    expect(two!.falseAlarmRate).toBeCloseTo((3 / (1441 - 6)) * 100_000);
  });

  it("calls an alert right that reaches into a window after it began", () => {
    const scored = new Map([["a", series(1441, { 95: 3, 102: 3 })]]);
    const [two] = backtest(scored, [window(100, 105)], 15 * 60, [2]);
    expect(two).toMatchObject({ alerts: 1, falseAlerts: 0, found: 1, delaySeconds: 120 });
  });

  it("keeps turbines apart", () => {
    const scored = new Map([
      ["a", series(1441, { 100: 3 })],
      ["b", series(1441, {})],
    ]);
    const [two] = backtest(scored, [window(100, 105, "b")], 15 * 60, [2]);
    expect(two).toMatchObject({ alerts: 1, falseAlerts: 1, found: 0, recall: 0, delaySeconds: undefined });
  });

  it("finds every window that an alarm falls into, and a moment by the first reading after it", () => {
    const scored = new Map([["a", series(1441, { 100: 3, 301: 3, 501: 3 })]]);
    const windows = [window(90, 110), window(95, 105), window(300.5, 300.5), window(499.5, 499.5)];
    const [two] = backtest(scored, windows, 15 * 60, [2]);
    expect(two).toMatchObject({ alerts: 3, falseAlerts: 1, found: 3, windows: 4, delaySeconds: 300 });
    expect(two!.falseAlarmRate).toBeCloseTo((1 / (1441 - 21 - 2)) * 100_000);
  });

  it("recommends the best F1 within the budget of false alerts", () => {
    const scored = new Map([["a", series(1441, { 100: 2.5, 300: 4, 500: 2.1, 700: 2.2 })]]);
    const outcomes = backtest(scored, [window(100, 105), window(300, 305)], 15 * 60);
    expect(recommend(outcomes)).toMatchObject({ threshold: 2.5, f1: 1 });
    const noisy = backtest(scored, [window(700, 705), window(300, 305)], 15 * 60);
    expect(recommend(noisy)).toMatchObject({ recall: 1, falseAlerts: 1 });
    expect(recommend(noisy, 0)).toMatchObject({ recall: 0.5, falseAlerts: 0 });
    expect(recommend(backtest(scored, [window(900, 905)]), 0)).toBeUndefined();
  });
});
