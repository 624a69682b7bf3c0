/** What one minute saw of a metric. */
export interface Datapoint {
  /** Epoch milliseconds of the minute's beginning. */
  minute: number;
  sum: number;
  count: number;
  minimum: number;
  maximum: number;
}

export interface Metric {
  namespace: string;
  name: string;
  dimensions: { Name: string; Value: string }[];
}

export const MINUTE = 60_000;
/** Minutes kept: an alarm looks at a day at most. */
const KEPT = 24 * 60;
/** Beyond, the series that was first put goes. */
const MAX_SERIES = 10_000;

/** Figures by minute, in memory: like on AWS they are about now; after a restart the past is missing data. */
export class Metrics {
  readonly #series = new Map<string, { metric: Metric; points: Datapoint[] }>();

  add(metric: Metric, at: number, values: { sum: number; count: number; minimum: number; maximum: number }): void {
    const id = identity(metric);
    const minute = Math.floor(at / MINUTE) * MINUTE;
    let series = this.#series.get(id);
    if (!series) {
      series = { metric, points: [] };
      this.#series.set(id, series);
      if (this.#series.size > MAX_SERIES) this.#series.delete(this.#series.keys().next().value!);
    }
    let point = series.points.findLast((p) => p.minute === minute);
    if (!point) {
      point = { minute, sum: 0, count: 0, minimum: Infinity, maximum: -Infinity };
      series.points.push(point);
      series.points.sort((a, b) => a.minute - b.minute);
      series.points.splice(0, Math.max(0, series.points.length - KEPT));
    }
    point.sum += values.sum;
    point.count += values.count;
    point.minimum = Math.min(point.minimum, values.minimum);
    point.maximum = Math.max(point.maximum, values.maximum);
  }

  /** Points with `from` ≤ minute < `to`. */
  between(metric: Metric, from: number, to: number): Datapoint[] {
    const points = this.#series.get(identity(metric))?.points ?? [];
    return points.filter(({ minute }) => minute >= from && minute < to);
  }

  list(): Metric[] {
    return [...this.#series.values()].map(({ metric }) => metric);
  }
}

function identity({ namespace, name, dimensions }: Metric): string {
  const sorted = dimensions.map(({ Name, Value }) => [Name, Value]).sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
  return JSON.stringify([namespace, name, sorted]);
}

/** The figure that `statistic` names, over all of `points`; undefined where there are none. */
export function statisticOf(points: Datapoint[], statistic: string): number | undefined {
  if (points.length === 0) return undefined;
  const sum = points.reduce((total, { sum }) => total + sum, 0);
  const count = points.reduce((total, { count }) => total + count, 0);
  switch (statistic) {
    case "Sum":
      return sum;
    case "SampleCount":
      return count;
    case "Average":
      return count === 0 ? 0 : sum / count;
    case "Minimum":
      return Math.min(...points.map(({ minimum }) => minimum));
    default:
      return Math.max(...points.map(({ maximum }) => maximum));
  }
}
