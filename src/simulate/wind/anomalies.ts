import { random } from "./random.ts";

/** What can go wrong with a turbine's wind; docs/detector.md describes each. */
export const ANOMALY_KINDS = ["gust", "storm", "spike", "stuck", "zero", "drift"] as const;
export type AnomalyKind = (typeof ANOMALY_KINDS)[number];
/** Found within a few readings on any wind: what `--anomalies` injects unless other kinds are asked for. */
const CLEAR_KINDS: readonly AnomalyKind[] = ["gust", "storm", "spike"];

export interface PlannedAnomaly {
  id: number;
  kind: AnomalyKind;
  /** Index of the turbine, from 0. */
  turbine: number;
  /** Epoch milliseconds; the anomaly begins with the turbine's first reading at or after it. */
  start: number;
  /** In [0, 1]: how strong this one is within its kind. */
  strength: number;
}
export type AnomalyPlan = readonly PlannedAnomaly[];

export interface PlanOptions {
  count: number;
  /** Taken in turn; default gust, storm, spike. */
  kinds?: readonly AnomalyKind[];
  seed: number;
  turbines: number;
  from: Date;
  to: Date;
  /** Seconds between two readings of a turbine; default 1. */
  cadenceSeconds?: number;
  /** Event time without an alarm that parts two anomalies of one turbine; default 15 minutes. */
  quietSeconds?: number;
}

/**
 * Labelled anomalies, spread over turbines and time so that each is an anomaly of its own.
 * Throws a RangeError that says how long the span must be when they don't fit between `from` and `to`.
 */
export function planAnomalies(options: PlanOptions): AnomalyPlan {
  const { count, kinds = CLEAR_KINDS, turbines, cadenceSeconds = 1, quietSeconds = 15 * 60 } = options;
  const source = random(options.seed, 2_000_000);
  const order = shuffled(turbines, source.uniform);
  const perTurbine = Math.ceil(count / turbines);
  const from = options.from.getTime();
  const longest = Math.max(...kinds.map((kind) => anomalySeconds(kind, cadenceSeconds))) * 1000;
  const gap = perTurbine > 1 ? (quietSeconds + 2 * cadenceSeconds) * 1000 : 0;
  const slot = (options.to.getTime() - from) / perTurbine;
  const room = slot - longest - gap;
  if (room < 0) {
    const needed = Math.ceil((perTurbine * (longest + gap)) / 1000);
    const given = Math.floor((slot * perTurbine) / 1000);
    throw new RangeError(`${count} anomalies on ${turbines} turbines need ${needed} s, not ${given}`);
  }
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    kind: kinds[index % kinds.length]!,
    turbine: order[index % turbines]!,
    start: Math.floor(from + Math.floor(index / turbines) * slot + source.uniform() * room),
    strength: source.uniform(),
  }));
}

function shuffled(length: number, uniform: () => number): number[] {
  const order = Array.from({ length }, (_, index) => index);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

const DURATION: Record<AnomalyKind, { seconds: number; readings: number }> = {
  // The extreme operating gust of 50 years lasts 14 s (IEC 61400-1 ed. 2, 6.3.2.2).
  gust: { seconds: 14, readings: 7 },
  storm: { seconds: 180, readings: 12 },
  spike: { seconds: 0, readings: 1 },
  stuck: { seconds: 60, readings: 30 },
  zero: { seconds: 10, readings: 10 },
  drift: { seconds: 300, readings: 60 },
};
/** Seconds between readings above which a gust of 14 s would show in fewer than seven of them. */
const COARSE = 2;
/** Rise of the storm's front: faster than that of the extreme coherent gust, 10 s (IEC 61400-1, 6.3.2.5). */
const STORM_RISE = { seconds: 6, readings: 3 };

/** How long an anomaly lasts (s): at least so many readings that a coarse cadence sees it. */
export function anomalySeconds(kind: AnomalyKind, cadenceSeconds: number): number {
  const { seconds, readings } = DURATION[kind];
  return Math.max(seconds, readings * cadenceSeconds);
}

/** The undisturbed wind at one reading; all m/s. `held` is the speed at the last reading before the anomaly. */
export interface Undisturbed {
  speed: number;
  /** Standard deviation of the turbulence at the mean wind of the moment. */
  deviation: number;
  held: number;
}

/** What an anomaly makes of one reading, m/s. */
export function disturb(
  anomaly: PlannedAnomaly,
  elapsedSeconds: number,
  cadenceSeconds: number,
  { speed, deviation, held }: Undisturbed,
): number {
  const duration = anomalySeconds(anomaly.kind, cadenceSeconds);
  const phase = Math.min(1, (elapsedSeconds + cadenceSeconds / 2) / duration);
  switch (anomaly.kind) {
    case "gust": {
      // Vgust = beta sigma / (1 + 0.1 D / Lambda) with D = 80 m, Lambda = 42 m; beta is 6.4 for the gust of 50 years (IEC
      // 61400-1 ed. 2, 6.3.2.2), more here: a gust that belongs to no site. A cadence too
      // coarse for those seconds sees the extreme coherent gust instead: 15 m/s (6.3.2.5) at the peak, which is 0.74 Vgust.
      const operating = ((9 + 2 * anomaly.strength) * Math.max(deviation, 1)) / 1.19;
      const size = cadenceSeconds > COARSE ? Math.max(operating, 15 / 0.74) : operating;
      return speed - 0.37 * size * Math.sin(3 * Math.PI * phase) * (1 - Math.cos(2 * Math.PI * phase));
    }
    case "storm": {
      const rise = Math.max(STORM_RISE.seconds, STORM_RISE.readings * cadenceSeconds) / duration;
      const part = Math.max(0, Math.min(1, phase / rise, (1 - phase) / (2 * rise)));
      const peak = Math.max(27 + 6 * anomaly.strength, held + 20);
      const share = (1 - Math.cos(Math.PI * part)) / 2;
      return held * (1 - share) + peak * share + (speed - held) * (1 - share / 2);
    }
    case "spike":
      return Math.max(30, speed + 15) + 10 * anomaly.strength;
    case "stuck":
      return held;
    case "zero":
      return 0;
    case "drift":
      return speed * (1 - (0.5 + 0.3 * anomaly.strength) * phase);
  }
}
