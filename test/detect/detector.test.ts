import { describe, expect, it } from "vitest";
import { Detector } from "../../src/detect/detector.ts";
import { wind } from "../../src/simulate/wind.ts";

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
    for (const at of [80, 500, 3000]) {
      const all = readings(at + 1);
      const detector = new Detector();
      const scores = all.map(
        (reading, index) => detector.next(index === at ? { ...reading, speed: 32 } : reading).score,
      );
      expect(scores.at(-1)).toBeGreaterThanOrEqual(2);
    }
  });

  it("refuses bytes that are no detector", () => {
    expect(() => Detector.restore(new Uint8Array(40))).toThrow("not a saved detector");
  });
});
