// Series that aren't wind, by a generator of their own: the detector was not made for any of them.

import { mulberry32 } from "../../src/local/chaos.ts";
import type { Placed } from "./tally.ts";

/** What is wrong for a while. `shift` and `burst` last, `spike` and `dip` are one reading, `frozen` repeats a value. */
export const OTHER_ANOMALIES = ["spike", "dip", "shift", "burst", "frozen"] as const;
export type OtherAnomaly = (typeof OTHER_ANOMALIES)[number];
const LASTS: Record<OtherAnomaly, number> = { spike: 1, dip: 1, shift: 40, burst: 20, frozen: 40 };
/** Readings from an anomaly's first in which an alarm is in time. */
const IN_TIME: Record<OtherAnomaly, number> = { spike: 1, dip: 1, shift: 5, burst: 10, frozen: 40 };
const APART = 1000;
const MINUTE = 60_000;

interface Source {
  uniform(): number;
  normal(): number;
}

/** A kind's next ordinary value, reading after reading. */
type Series = (source: Source) => (index: number) => number;

/** Readings a day and a week at five minutes. */
const DAY = 288;
const WEEK = 7 * DAY;
const cycle = (index: number, length: number): number => Math.sin((2 * Math.PI * index) / length);

export const OTHER_KINDS: Record<string, Series> = {
  "requests (counts, day and week)": (source) => (i) => {
    const weekend = i % WEEK > 5 * DAY ? 0.6 : 1;
    return poisson(weekend * (120 + 100 * cycle(i, DAY)), source);
  },
  "processor load (bursts, bounded)": (source) => {
    let load = 30;
    let job = 0;
    return () => {
      load += 0.1 * (30 - load) + 2 * source.normal();
      if (job <= 0 && source.uniform() < 0.02) job = 3 + Math.floor(20 * source.uniform());
      const busy = job-- > 0 ? 35 : 0;
      return Math.round(10 * Math.max(0, Math.min(100, load + busy + source.normal()))) / 10;
    };
  },
  "temperature (slow, steps of 0.1)": (source) => {
    let slow = 0;
    return (i) => {
      slow += -0.002 * slow + 0.08 * source.normal();
      return Math.round(10 * (80 + slow + 3 * cycle(i, DAY) + 0.2 * source.normal())) / 10;
    };
  },
  "growth (trend, day)": (source) => (i) => 1000 + 0.05 * i + 60 * cycle(i, DAY) + 8 * source.normal(),
  "price (random walk, heavy tails)": (source) => {
    let log = 4;
    return () => {
      log += 0.001 * student(4, source);
      return Math.exp(log);
    };
  },
  "machine (states)": (source) => {
    let state = 0;
    const level = [5, 40, 70];
    const noise = [0.2, 2, 4];
    return () => {
      if (source.uniform() < 1 / 150) state = (state + 1 + Math.floor(2 * source.uniform())) % 3;
      return level[state]! + noise[state]! * source.normal();
    };
  },
  "latency (log-normal)": (source) => () => 20 * Math.exp(0.5 * source.normal()),
  "noise (Student, 3)": (source) => () => 50 + student(3, source),
  "heartbeat (wave of 48)": (source) => {
    let phase = 0;
    return () => {
      phase += (1 + 0.02 * source.normal()) / 48;
      const at = phase % 1;
      return (
        3 * Math.exp(-(((at - 0.3) / 0.03) ** 2)) + 0.6 * Math.exp(-(((at - 0.6) / 0.08) ** 2)) + 0.05 * source.normal()
      );
    };
  },
  "rain (mostly zero)": (source) => {
    let left = 0;
    let strength = 0;
    return () => {
      if (left <= 0 && source.uniform() < 0.01) {
        left = 2 + Math.floor(15 * source.uniform());
        strength = 2 * Math.exp(0.5 * source.normal());
      }
      return left-- > 0 ? Math.round(10 * strength * (0.5 + source.uniform())) / 10 : 0;
    };
  },
};

export interface OtherStream {
  values: Float64Array;
  /** Epoch milliseconds. */
  times: Float64Array;
  anomalies: Placed[];
}

/** Anomalies are sized by the ordinary: 1.5 to 2.5 times the largest change in 5,000 ordinary readings. */
export function otherStream(kind: string, count: number, seed: number, withAnomalies: boolean): OtherStream {
  const next = OTHER_KINDS[kind]!(source(seed));
  const values = Float64Array.from({ length: count }, (_, i) => next(i));
  const times = Float64Array.from({ length: count }, (_, i) => Date.UTC(2026, 0, 1) + 5 * MINUTE * i);
  const anomalies: OtherStream["anomalies"] = [];
  if (!withAnomalies) return { values, times, anomalies };
  const places = source(seed + 1);
  for (let at = APART; at + APART < count; at += APART) {
    const index = anomalies.length;
    const anomaly = OTHER_ANOMALIES[index % OTHER_ANOMALIES.length]!;
    const first = at + Math.floor(places.uniform() * 300);
    const last = first + LASTS[anomaly] - 1;
    let largest = 0;
    for (let i = Math.max(1, at - 5000); i < at; i++)
      largest = Math.max(largest, Math.abs(values[i]! - values[i - 1]!));
    const size = (1.5 + places.uniform()) * largest;
    const sign = anomaly === "dip" || (anomaly === "shift" && places.uniform() < 0.5) ? -1 : 1;
    const held = values[first - 1]!;
    for (let i = first; i <= last; i++) {
      if (anomaly === "frozen") values[i] = held;
      else if (anomaly === "burst") values[i] = values[i]! + (places.uniform() - 0.5) * 2 * size;
      else values[i] = values[i]! + sign * size;
    }
    anomalies.push({ kind: anomaly, first, visible: first, due: first + IN_TIME[anomaly] - 1 });
  }
  return { values, times, anomalies };
}

function source(seed: number): Source {
  const uniform = mulberry32(Math.imul(seed, 0x9e3779b1));
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

function student(degrees: number, { normal }: Source): number {
  let squares = 0;
  for (let i = 0; i < degrees; i++) squares += normal() ** 2;
  return normal() / Math.sqrt(squares / degrees);
}

function poisson(mean: number, { uniform, normal }: Source): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
  let product = uniform();
  let count = 0;
  for (const limit = Math.exp(-mean); product > limit; count++) product *= uniform();
  return count;
}
