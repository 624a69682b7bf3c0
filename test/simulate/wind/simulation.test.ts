import { describe, expect, it } from "vitest";
import { InjectedAnomalies, readingsOf, simulationOf } from "../../../src/simulate/simulation.ts";

const NOW = new Date("2026-11-23T10:00:00.000Z");
const take = (request: Parameters<typeof simulationOf>[0], n = Infinity, from = 0) => {
  const found = [];
  for (const one of readingsOf(simulationOf(request, NOW), from)) {
    found.push(one);
    if (found.length >= n) break;
  }
  return found;
};

describe("what a simulation decides for itself", () => {
  it.each<[string, Parameters<typeof simulationOf>[0], object]>([
    [
      "live wind without end",
      { seed: 1 },
      { rate: 10, readings: Infinity, wind: { turbines: 10, cadenceSeconds: 1, start: NOW } },
    ],
    ["so many turbines", { seed: 1, turbines: 50 }, { rate: 50, wind: { cadenceSeconds: 1 } }],
    [
      "a rate: the turbines share it",
      { seed: 1, rate: 100, duration: 60_000 },
      { readings: 6000, wind: { cadenceSeconds: 0.1, start: NOW } },
    ],
    [
      "a cadence: event time runs faster and ends now",
      { seed: 1, rate: 100, cadence: 60, duration: 10_000 },
      { readings: 1000, wind: { start: new Date("2026-11-23T08:20:00.000Z") } },
    ],
    [
      "no rate at all: the duration is event time",
      { seed: 1, rate: Infinity, duration: 60_000 },
      { readings: 600, rate: Infinity },
    ],
  ])("%s", (_, request, expected) => {
    expect(simulationOf(request, NOW)).toMatchObject({ plan: [], ...expected });
  });

  it("anomalies alone: three, after the warm-up, in seconds", () => {
    const simulation = simulationOf({ seed: 1, anomalies: 3 }, NOW);
    expect(simulation.plan.map((a) => a.kind)).toEqual(["gust", "storm", "spike"]);
    expect(simulation.readings / simulation.rate).toBeLessThan(15);
    const warm = simulation.wind.start.getTime() + 120_000;
    for (const { start } of simulation.plan) expect(start).toBeGreaterThanOrEqual(warm);
  });

  it.each([1, 3, 10, 40])("finds the time that %d anomalies need", (anomalies) => {
    const injected = new InjectedAnomalies();
    for (const one of take({ seed: 2, anomalies })) injected.add(one);
    expect(injected.list()).toHaveLength(anomalies);
  });

  it("says how long it must be when the anomalies don't fit", () => {
    expect(() => simulationOf({ seed: 1, anomalies: 30, duration: 60_000 }, NOW)).toThrow(/30 anomalies .* need \d+ s/);
  });
});

describe("a simulation's readings", () => {
  it("carry no label", () => {
    const keys = new Set(take({ seed: 1, anomalies: 3 }).flatMap(({ reading }) => Object.keys(reading)));
    expect([...keys]).toEqual(["turbineId", "location", "speed", "timestamp"]);
  });
  it("are the same from any number on", () => {
    const request = { seed: 5, anomalies: 2 };
    expect(take(request, 50, 1000)).toEqual(take(request, 1050).slice(1000));
  });
});
