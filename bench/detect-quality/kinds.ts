import { ANOMALY_KINDS, type AnomalyKind, type AnomalyPlan } from "../../src/simulate/anomalies.ts";
import { type WindOptions, wind } from "../../src/simulate/wind.ts";

const START = new Date("2026-01-01T00:00:00Z");
/** Readings between two anomalies of a stream, at least: they come often. */
const APART = 1000;
/** 10-minute means from here on are gales (Beaufort 8), as the event lists of the real files have it: neither normal nor asked for. */
const GALE = 17.2;

/** Kinds of ordinary wind. */
export const KINDS: Record<string, Partial<WindOptions> & { cadenceSeconds: number }> = {
  "calm site, class C, 1 s": { meanSpeed: 5, turbulenceClass: "C", cadenceSeconds: 1 },
  "gusty site, class A, 1 s": { meanSpeed: 10, turbulenceClass: "A", cadenceSeconds: 1 },
  "class B, 1 s, 0.1 m/s": { cadenceSeconds: 1, quantum: 0.1 },
  "class B, 10 s": { cadenceSeconds: 10 },
  "gusty site, class A, 10 s": { meanSpeed: 10, turbulenceClass: "A", cadenceSeconds: 10 },
  "class B, 10 min": { cadenceSeconds: 600 },
  "fronts, daily cycle, 10 min": { cadenceSeconds: 600, frontsPerDay: 4, dailyCycle: 0.3, quantum: 0.1 },
};

export interface Reading {
  speed: number;
  timestampMs: number;
  /** Neither normal nor an anomaly. */
  gale: boolean;
}

/** An anomaly by the numbers of its readings; `due` is the fifth in which it shows. */
export interface Injected {
  kind: AnomalyKind;
  first: number;
  visible: number;
  due: number;
}

export interface Stream {
  readings: Reading[];
  anomalies: Injected[];
}

export function stream(kind: string, count: number, seed: number, withAnomalies: boolean): Stream {
  const options: WindOptions = { turbines: 1, seed, start: START, ...KINDS[kind]! };
  const plan = withAnomalies ? planned(count, options.cadenceSeconds, seed) : [];
  const clean = wind(options);
  const readings: Reading[] = [];
  const anomalies = new Map<number, Injected>();
  for (const { speed, timestamp, label } of wind(options, plan)) {
    const index = readings.length;
    if (index === count) break;
    const undisturbed = clean.next().value.speed;
    readings.push({
      speed,
      timestampMs: Date.parse(timestamp),
      gale: options.cadenceSeconds >= 600 && undisturbed >= GALE,
    });
    if (!label) continue;
    const one = anomalies.get(label.id) ?? { kind: label.kind, first: index, visible: -1, due: -1 };
    anomalies.set(label.id, one);
    if (one.visible < 0 && shows(label.kind, speed, undisturbed)) {
      one.visible = index;
      one.due = index + 4;
    }
  }
  return { readings, anomalies: [...anomalies.values()] };
}

/** A storm is one past cut-out; a gust rises smoothly out of the wind. */
function shows(kind: AnomalyKind, speed: number, undisturbed: number): boolean {
  if (kind === "storm") return speed >= 25;
  return kind !== "gust" || Math.abs(speed - undisturbed) >= 1;
}

function planned(count: number, cadenceSeconds: number, seed: number): AnomalyPlan {
  return Array.from({ length: Math.floor(count / APART) - 1 }, (_, index) => ({
    id: index + 1,
    kind: ANOMALY_KINDS[(index + seed) % ANOMALY_KINDS.length]!,
    turbine: 0,
    start: START.getTime() + ((index + 1) * APART + ((index * 617 + seed * 31) % 300)) * cadenceSeconds * 1000,
    strength: ((index * 7 + seed * 3) % 10) / 10,
  }));
}
