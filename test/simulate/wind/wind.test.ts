import { describe, expect, it } from "vitest";
import {
  ANOMALY_KINDS,
  type AnomalyKind,
  anomalySeconds,
  planAnomalies,
} from "../../../src/simulate/wind/anomalies.ts";
import { type SimulatedReading, type WindOptions, wind } from "../../../src/simulate/wind/wind.ts";

const START = new Date("2026-01-01T00:00:00Z");
const BASE: WindOptions = { turbines: 4, seed: 7, cadenceSeconds: 1, start: START };

function take(count: number, options: WindOptions, plan: ReturnType<typeof planAnomalies> = []): SimulatedReading[] {
  const readings: SimulatedReading[] = [];
  for (const reading of wind(options, plan)) {
    readings.push(reading);
    if (readings.length === count) break;
  }
  return readings;
}
const speeds = (readings: SimulatedReading[]) => readings.map((reading) => reading.speed);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: number[]) => Math.sqrt(mean(values.map((value) => value ** 2)) - mean(values) ** 2);
const inOneHour = { from: START, to: new Date(START.getTime() + 3_600_000) };

describe("simulated wind", () => {
  it("is the same for the same seed and other wind for another", () => {
    expect(take(400, BASE)).toEqual(take(400, BASE));
    expect(speeds(take(400, { ...BASE, seed: 8 }))).not.toEqual(speeds(take(400, BASE)));
  });

  it("keeps the schema, the order of time and turbine, and the digits of the anemometer", () => {
    const readings = take(8, { ...BASE, quantum: 0.1, locations: ["Oak Ridge", "Gull Bay"] });
    expect(readings.slice(0, 5).map((reading) => reading.turbineId)).toEqual([
      "oak-ridge-01",
      "gull-bay-01",
      "oak-ridge-02",
      "gull-bay-02",
      "oak-ridge-01",
    ]);
    expect(readings[4]).toMatchObject({ location: "Oak Ridge", timestamp: "2026-01-01T00:00:01.000Z" });
    for (const { speed } of readings) expect(String(speed)).toMatch(/^\d+(\.\d)?$/);
  });

  it("has the asked mean over years, and never blows backwards", () => {
    const years = speeds(take(200_000, { ...BASE, turbines: 1, cadenceSeconds: 3600, meanSpeed: 9, frontsPerDay: 0 }));
    expect(mean(years)).toBeGreaterThan(8);
    expect(mean(years)).toBeLessThan(10);
    // Rayleigh: deviation / mean = 0.523.
    expect(deviation(years) / mean(years)).toBeCloseTo(0.523, 1);
    expect(Math.min(...years.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
  });

  it("is gustier in class A than in class C", () => {
    const steps = (turbulenceClass: "A" | "C") => {
      const values = speeds(take(5000, { ...BASE, turbines: 1, turbulenceClass }));
      return deviation(values.slice(1).map((value, index) => value - values[index]!));
    };
    expect(steps("A") / steps("C")).toBeCloseTo(16 / 12, 1);
  });

  it("brings a turbine's own wind unchanged when another turbine joins the site", () => {
    const alone = take(50, { ...BASE, turbines: 1, locations: ["Gull Bay"] });
    const both = take(100, { ...BASE, turbines: 2, locations: ["Gull Bay"] });
    expect(both.filter((reading) => reading.turbineId === "gull-bay-01")).toEqual(alone);
  });
});

describe("planned anomalies", () => {
  it("label exactly the readings that they change", () => {
    const plan = planAnomalies({ count: 6, kinds: ANOMALY_KINDS, seed: 5, turbines: 4, ...inOneHour });
    const clean = take(4 * 3700, BASE);
    const disturbed = take(4 * 3700, BASE, plan);
    for (const [index, reading] of disturbed.entries()) {
      if (!reading.label) expect(reading).toEqual(clean[index]);
    }
    const lengths = new Map<AnomalyKind, number>();
    for (const { label } of disturbed) if (label) lengths.set(label.kind, (lengths.get(label.kind) ?? 0) + 1);
    for (const kind of ANOMALY_KINDS) expect(lengths.get(kind)).toBe(Math.max(1, anomalySeconds(kind, 1)));
  });

  it("look like what they're called", () => {
    const plan = planAnomalies({ count: 6, kinds: ANOMALY_KINDS, seed: 5, turbines: 6, ...inOneHour });
    const readings = take(6 * 3700, { ...BASE, turbines: 6 }, plan);
    const of = (kind: AnomalyKind) => speeds(readings.filter((reading) => reading.label?.kind === kind));
    expect(Math.max(...of("storm"))).toBeGreaterThan(25);
    expect(of("spike")[0]).toBeGreaterThanOrEqual(30);
    expect(new Set(of("stuck")).size).toBe(1);
    expect(new Set(of("zero"))).toEqual(new Set([0]));
    expect(of("drift").at(-1)!).toBeLessThan(0.75 * of("drift")[0]!);
    expect(Math.max(...of("gust")) - Math.min(...of("gust"))).toBeGreaterThan(5);
  });

  it("stay a quiet time apart on a turbine, and say when they don't fit", () => {
    const to = new Date(START.getTime() + 6 * 3_600_000);
    const plan = planAnomalies({ count: 12, seed: 1, turbines: 2, from: START, to });
    for (const turbine of [0, 1]) {
      const own = plan.filter((one) => one.turbine === turbine).sort((one, other) => one.start - other.start);
      expect(own).toHaveLength(6);
      for (const [index, one] of own.slice(1).entries()) {
        const end = own[index]!.start + anomalySeconds(own[index]!.kind, 1) * 1000;
        expect(one.start - end).toBeGreaterThan(15 * 60_000);
      }
    }
    expect(() => planAnomalies({ count: 60, seed: 1, turbines: 2, from: START, to })).toThrow(/need \d+ s, not 21600/);
  });
});
