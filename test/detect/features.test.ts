import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Calibration } from "../../src/detect/calibration.ts";
import { Detector } from "../../src/detect/detector.ts";
import { ANOMALY_KINDS } from "../../src/simulate/wind/anomalies.ts";
import { type SimulatedReading, wind } from "../../src/simulate/wind/wind.ts";

const START = new Date("2026-01-01T00:00:00Z");

function take(count: number, seed: number, plan: Parameters<typeof wind>[1] = []): SimulatedReading[] {
  const readings: SimulatedReading[] = [];
  for (const reading of wind({ turbines: 1, seed, cadenceSeconds: 1, start: START }, plan)) {
    readings.push(reading);
    if (readings.length === count) break;
  }
  return readings;
}

function scores(readings: SimulatedReading[], change = (speed: number) => speed): number[] {
  const detector = new Detector();
  return readings.map(
    ({ speed, timestamp }) => detector.next({ speed: change(speed), timestampMs: Date.parse(timestamp) }).score,
  );
}

describe("the calibrated score", () => {
  it("is monotone in the raw score at any moment", () => {
    const raw = fc.double({ min: 0, max: 8, noNaN: true });
    fc.assert(
      fc.property(fc.array(raw, { maxLength: 200 }), raw, raw, (past, one, other) => {
        const scoreOf = (last: number) => {
          const calibration = new Calibration();
          past.forEach((value, i) => void calibration.next(value, 8.1, 33 + i, 1));
          return calibration.next(last, 8.1, 33 + past.length, 1);
        };
        expect(scoreOf(Math.max(one, other))).toBeGreaterThanOrEqual(scoreOf(Math.min(one, other)));
      }),
    );
  });

  it("doesn't depend on the unit nor, where the level isn't known for days, on the offset", () => {
    const readings = take(1500, 3);
    const plain = scores(readings);
    const knots = scores(readings, (speed) => speed * 2);
    for (const [i, score] of plain.entries()) expect(knots[i]).toBeCloseTo(score, 5);
  });

  it("alarms at 2 for what is clear, and for nothing in ten thousand ordinary readings", () => {
    expect(scores(take(10_000, 5)).filter((score) => score >= 2)).toHaveLength(0);
    for (const kind of ANOMALY_KINDS.filter((one) => one !== "drift")) {
      const plan = [{ id: 1, kind, turbine: 0, start: START.getTime() + 2_000_000, strength: 0.5 }];
      const readings = take(2060, 6, plan);
      const alarms = scores(readings).flatMap((score, i) => (score >= 2 ? [readings[i]!.label?.kind] : []));
      expect(new Set(alarms.slice(0, 1))).toEqual(new Set([kind]));
    }
  });

  it("tells a stuck sensor from a calm", () => {
    const stuck = take(600, 8).map((reading, i) => (i > 300 ? { ...reading, speed: 7.31 } : reading));
    expect(Math.max(...scores(stuck).slice(302, 320))).toBeGreaterThanOrEqual(2);
  });
});

describe("what readings can be like", () => {
  const at = (n: number) => START.getTime() + n * 1000;
  const trained = () => {
    const detector = new Detector();
    for (const [n, { speed }] of take(400, 4).entries()) detector.next({ speed, timestampMs: at(n) });
    return detector;
  };

  it("answers a repeated reading as before and doesn't learn it twice", () => {
    const [once, twice] = [trained(), trained()];
    const first = twice.next({ speed: 9, timestampMs: at(400) });
    expect(twice.next({ speed: 9, timestampMs: at(400) })).toEqual(first);
    once.next({ speed: 9, timestampMs: at(400) });
    expect(twice.save()).toEqual(once.save());
  });

  it("passes over missing values", () => {
    const detector = trained();
    expect(detector.next({ speed: Number.NaN, timestampMs: at(400) })).toMatchObject({ score: 0, warmup: 1 });
    expect(detector.next({ speed: 31, timestampMs: at(401) }).score).toBeGreaterThan(2);
  });

  it("takes a jump over a gap more calmly than one from reading to reading", () => {
    const jump = (time: number) => trained().next({ speed: 18, timestampMs: time }).score;
    expect(jump(at(399 + 900))).toBeLessThan(jump(at(400)));
  });

  it("finds the first change of what never changed, and is finite on anything", () => {
    const detector = new Detector();
    for (let n = 0; n < 100; n++) detector.next({ speed: 5, timestampMs: at(n) });
    expect(detector.next({ speed: 6, timestampMs: at(100) }).score).toBeGreaterThanOrEqual(2);
    fc.assert(
      fc.property(fc.array(fc.double(), { minLength: 60, maxLength: 80 }), (values) => {
        const any = new Detector({ numberOfTrees: 5 });
        for (const [n, speed] of values.entries()) {
          expect(any.next({ speed, timestampMs: at(n) }).score).not.toBeNaN();
        }
      }),
      { numRuns: 50 },
    );
  });
});
