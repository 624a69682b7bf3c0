import { ANOMALY_KINDS, type AnomalyKind, type AnomalyPlan } from "../../src/simulate/wind/anomalies.ts";
import { type WindOptions, wind } from "../../src/simulate/wind/wind.ts";
import type { Placed } from "./tally.ts";

const START = new Date("2026-01-01T00:00:00Z");
/** Readings between two anomalies of a stream, at least: they come often. */
const APART = 2500;
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

export interface Stream {
  values: number[];
  /** Epoch milliseconds. */
  times: number[];
  /** Readings that are neither normal nor an anomaly. */
  gales: Set<number>;
  /** In time is within five readings of showing. */
  anomalies: Placed[];
}

/** `placements` gusts, storms and spikes each, and a third as many of the others; with any, the stream ends behind the last. */
export function stream(kind: string, count: number, seed: number, placements: number): Stream {
  const options: WindOptions = { turbines: 1, seed, start: START, ...KINDS[kind]! };
  const plan = planned(placements, options.cadenceSeconds, seed);
  const length = Math.min(count, plan.length > 0 ? (plan.length + 1) * APART : count);
  const clean = wind(options);
  const found: Stream = { values: [], times: [], gales: new Set(), anomalies: [] };
  const anomalies = new Map<number, Placed>();
  for (const { speed, timestamp, label } of wind(options, plan)) {
    const index = found.values.length;
    if (index === length) break;
    const undisturbed = clean.next().value.speed;
    found.values.push(speed);
    found.times.push(Date.parse(timestamp));
    if (options.cadenceSeconds >= 600 && undisturbed >= GALE) found.gales.add(index);
    if (!label) continue;
    const one = anomalies.get(label.id) ?? { kind: label.kind, first: index, visible: -1, due: -1 };
    anomalies.set(label.id, one);
    if (one.visible < 0 && shows(label.kind, speed, undisturbed)) {
      one.visible = index;
      one.due = index + 4;
    }
  }
  found.anomalies = [...anomalies.values()].filter(({ visible }) => visible >= 0);
  return found;
}

/** A storm is one past cut-out; a gust rises smoothly out of the wind. */
function shows(kind: AnomalyKind, speed: number, undisturbed: number): boolean {
  if (kind === "storm") return speed >= 25;
  return kind !== "gust" || Math.abs(speed - undisturbed) >= 1;
}

function planned(placements: number, cadenceSeconds: number, seed: number): AnomalyPlan {
  const clear = ["gust", "storm", "spike"] as const;
  const rest = ANOMALY_KINDS.filter((kind) => !(clear as readonly AnomalyKind[]).includes(kind));
  const kinds = Array.from({ length: placements }, (_, round) => [...clear, rest[round % rest.length]!]).flat();
  return kinds.map((kind, index) => ({
    id: index + 1,
    kind,
    turbine: 0,
    start: START.getTime() + ((index + 1) * APART + ((index * 617 + seed * 31) % 300)) * cadenceSeconds * 1000,
    strength: ((index * 7 + seed * 3) % 10) / 10,
  }));
}
