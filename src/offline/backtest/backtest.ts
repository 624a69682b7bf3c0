/** Scored readings of one turbine, in order of time. */
export interface ScoredSeries {
  /** Epoch milliseconds; where no times are known the readings' numbers × 60,000. */
  times: ArrayLike<number>;
  scores: ArrayLike<number>;
}

/**
 * A stretch of time, both ends within, in which a turbine's readings are anomalous. It may be a moment: the first reading from
 * its start on counts as within, be it later than the end. Windows may overlap.
 */
export interface LabelWindow {
  key: string;
  start: number;
  end: number;
}

export interface Outcome {
  threshold: number;
  /** Alerts: each begins with a reading of the threshold or more and ends when `quiet` passes without one. */
  alerts: number;
  /** Alerts with no such reading within a labelled window. */
  falseAlerts: number;
  /** Windows with at least one reading of the threshold or more. */
  found: number;
  windows: number;
  precision: number;
  recall: number;
  f1: number;
  /** Median seconds from a found window's start to its first reading of the threshold or more. */
  delaySeconds: number | undefined;
  alertsPerDay: number;
  falseAlertsPerDay: number;
  /** Readings of the threshold or more outside all windows, per 100,000 readings there. */
  falseAlarmRate: number;
}

const THRESHOLDS: readonly number[] = [
  ...[0.8, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 3, 3.5, 4, 5, 6, 8, 10, 15, 20, 30],
];
const DAY = 86_400_000;

/** What each threshold would have done. `days` counts from the first to the last reading of any turbine. */
export function backtest(
  series: ReadonlyMap<string, ScoredSeries>,
  windows: readonly LabelWindow[],
  quietSeconds = 15 * 60,
  thresholds = THRESHOLDS,
): Outcome[] {
  const judged = [...series].map(([key, one]) => {
    const own = windows.filter((window) => window.key === key).sort((a, b) => a.start - b.start);
    return { ...one, own, inside: windowsOf(one.times, own) };
  });
  const ends = judged.flatMap(({ times }) => (times.length > 0 ? [times[0]!, times[times.length - 1]!] : []));
  const days = Math.max((Math.max(...ends) - Math.min(...ends)) / DAY, 1e-9);
  return thresholds.map((threshold) => {
    const delays: number[] = [];
    let alerts = 0;
    let falseAlerts = 0;
    let normal = 0;
    let falseAlarms = 0;
    for (const { times, scores, own, inside } of judged) {
      const foundAt = new Map<number, number>();
      let last = Number.NEGATIVE_INFINITY;
      let right = true;
      for (let i = 0; i < times.length; i++) {
        const alarm = scores[i]! >= threshold;
        const within = inside[i]!;
        if (within.length === 0) normal++;
        if (!alarm) continue;
        if (within.length === 0) falseAlarms++;
        for (const window of within) {
          if (!foundAt.has(window)) foundAt.set(window, times[i]! - own[window]!.start);
        }
        if (times[i]! - last > quietSeconds * 1000) {
          if (!right) falseAlerts++;
          alerts++;
          right = false;
        }
        if (within.length > 0) right = true;
        last = times[i]!;
      }
      if (!right) falseAlerts++;
      delays.push(...foundAt.values());
    }
    const found = delays.length;
    const precision = alerts > 0 ? (alerts - falseAlerts) / alerts : 1;
    const recall = windows.length > 0 ? found / windows.length : 0;
    delays.sort((a, b) => a - b);
    return {
      threshold,
      alerts,
      falseAlerts,
      found,
      windows: windows.length,
      precision,
      recall,
      f1: precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0,
      delaySeconds: found > 0 ? delays[found >> 1]! / 1000 : undefined,
      alertsPerDay: alerts / days,
      falseAlertsPerDay: falseAlerts / days,
      falseAlarmRate: normal > 0 ? (falseAlarms / normal) * 100_000 : 0,
    };
  });
}

/** The best F1 within the budget of false alerts a day; of equals the lowest delay's, then the highest threshold. */
export function recommend(
  outcomes: readonly Outcome[],
  falseAlertsPerDay = Number.POSITIVE_INFINITY,
): Outcome | undefined {
  return outcomes
    .filter((one) => one.falseAlertsPerDay <= falseAlertsPerDay && one.found > 0)
    .sort((a, b) => b.f1 - a.f1 || (a.delaySeconds ?? 0) - (b.delaySeconds ?? 0) || b.threshold - a.threshold)[0];
}

const NONE: readonly number[] = [];

/** For each time the numbers of the windows that it is in; `own` is in order of starts. Times that go back start afresh. */
function windowsOf(times: ArrayLike<number>, own: readonly LabelWindow[]): (readonly number[])[] {
  let open = NONE;
  let next = 0;
  return Array.from({ length: times.length }, (_, i) => {
    const time = times[i]!;
    const goesOn = i > 0 && time >= times[i - 1]!;
    if (!goesOn) {
      open = NONE;
      next = 0;
    }
    if (open.some((window) => own[window]!.end < time)) open = open.filter((window) => own[window]!.end >= time);
    for (; next < own.length && own[next]!.start <= time; next++) {
      if (goesOn || own[next]!.end >= time) open = [...open, next];
    }
    return open;
  });
}
