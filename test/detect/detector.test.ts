import { describe, expect, it } from "vitest";
import { Detector } from "../../src/detect/detector.ts";
import { wind } from "../../src/simulate/wind/wind.ts";

const START = new Date("2026-01-01T00:00:00Z");

function readings(count: number, seed = 1, cadenceSeconds = 1): { speed: number; timestampMs: number }[] {
  const taken: { speed: number; timestampMs: number }[] = [];
  for (const { speed, timestamp } of wind({ turbines: 1, seed, cadenceSeconds, start: START })) {
    taken.push({ speed, timestampMs: Date.parse(timestamp) });
    if (taken.length === count) return taken;
  }
  return taken;
}

describe("Detector", () => {
  it("scores 0 while it warms up, and says how far it is", () => {
    const detector = new Detector();
    const scored = readings(100).map((reading) => detector.next(reading));
    expect(scored.slice(0, 32).every((one) => one.score === 0)).toBe(true);
    expect(scored[15]!.warmup).toBeGreaterThan(0.1);
    expect(scored.at(-1)!.warmup).toBe(1);
  });

  it("goes on from saved state as if it had never stopped", () => {
    const all = readings(600);
    const whole = new Detector();
    let parted = new Detector();
    for (const [index, reading] of all.entries()) {
      if (index === 20 || index === 300) parted = Detector.restore(parted.save());
      expect(parted.next(reading)).toEqual(whole.next(reading));
    }
  });

  it("finds a spike early and late", () => {
    for (const at of [32, 40, 80, 500, 3000]) {
      const all = readings(at + 1);
      const detector = new Detector();
      const scores = all.map(
        (reading, index) => detector.next(index === at ? { ...reading, speed: 32 } : reading).score,
      );
      expect(scores.at(-1)).toBeGreaterThanOrEqual(2);
    }
  });

  it("goes on finding anomalies that come thick, one in 500 readings", () => {
    const cadence = 600;
    const plan = Array.from({ length: 12 }, (_, id) => ({
      id,
      kind: (["gust", "storm"] as const)[id % 2]!,
      turbine: 0,
      start: START.getTime() + (1000 + 500 * id) * cadence * 1000,
      strength: 0.5,
    }));
    const detector = new Detector();
    const found = new Set<number>();
    let count = 0;
    for (const { speed, timestamp, label } of wind(
      { turbines: 1, seed: 5, cadenceSeconds: cadence, start: START },
      plan,
    )) {
      if (detector.next({ speed, timestampMs: Date.parse(timestamp) }).score >= 2 && label) found.add(label.id);
      if (++count === 7000) break;
    }
    expect(found.size).toBe(12);
  });

  it("refuses bytes that are no detector", () => {
    expect(() => Detector.restore(new Uint8Array(40))).toThrow("not a saved detector");
  });
});
