import { describe, expect, it } from "vitest";
import { Forest, type ForestOptions } from "../../src/detect/forest/forest.ts";
import { kernel } from "../../src/detect/forest/memory.ts";

const options: ForestOptions = {
  dimensions: 1,
  shingleSize: 1,
  numberOfTrees: 20,
  sampleSize: 64,
  timeDecay: 1 / 640,
  outputAfter: 32,
  seed: 7,
};

function wind(count: number): number[] {
  let state = 1;
  let speed = 9;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    speed += -0.05 * (speed - 9) + (state / 2 ** 31 - 1);
    return speed;
  });
}

const scores = (forest: Forest, speeds: number[]): number[] => speeds.map((speed) => forest.process([speed]));

describe("Forest", () => {
  it("scores 0 until outputAfter readings are learnt", () => {
    const all = scores(new Forest(options), wind(40));
    expect(all.slice(0, 32)).toEqual(new Array(32).fill(0));
    expect(Math.min(...all.slice(32))).toBeGreaterThan(0);
  });

  it("puts a spike far above ordinary readings", () => {
    const forest = new Forest(options);
    const ordinary = scores(forest, wind(1000)).slice(100);
    expect(forest.score([40])).toBeGreaterThan(Math.max(...ordinary));
  });

  it.each([1, 4])("gives equal scores for equal seeds, others for others (shingle %i)", (shingleSize) => {
    const of = (seed: number) => scores(new Forest({ ...options, shingleSize, seed }), wind(300));
    expect(of(7)).toEqual(of(7));
    expect(of(8)).not.toEqual(of(7));
  });

  it.each([
    [1, 0],
    [3, 0],
    [1, 10],
    [3, 1],
  ])("keeps its invariants (shingle %i, values in steps of 1/%i)", (shingleSize, steps) => {
    const forest = new Forest({ ...options, shingleSize, numberOfTrees: 3, checkInvariants: true });
    for (const speed of wind(600)) forest.update([steps === 0 ? speed : Math.round(speed * steps) / steps]);
    expect(forest.updates).toBe(600);
  });

  it.each([1, 4])("goes on bit for bit after save and restore (shingle %i)", (shingleSize) => {
    const speeds = wind(900);
    const forest = new Forest({ ...options, shingleSize });
    scores(forest, speeds.slice(0, 500));
    const restored = Forest.restore(forest.save());
    expect(scores(restored, speeds.slice(500))).toEqual(scores(forest, speeds.slice(500)));
    expect(restored.save()).toEqual(forest.save());
  });

  it("lets a missing value's last one stand in, and passes over a reading with nothing in it", () => {
    const two = { ...options, dimensions: 2 };
    const [withGaps, filled] = [new Forest(two), new Forest(two)];
    expect(withGaps.process([Number.NaN, 1])).toBe(0);
    expect(withGaps.updates).toBe(0);
    wind(200).forEach((speed, i) => {
      const gap = i % 5 === 4;
      const before = withGaps.updates;
      expect(withGaps.process([Number.NaN, Number.POSITIVE_INFINITY])).toBe(0);
      expect(withGaps.updates).toBe(before);
      const score = withGaps.process([speed, gap ? Number.NaN : i]);
      expect(score).toBe(filled.process([speed, gap ? i - 1 : i]));
    });
  });

  it("is at ease with a constant, and startled by the first other value", () => {
    const forest = new Forest({ ...options, checkInvariants: true, numberOfTrees: 5 });
    for (let i = 0; i < 300; i++) expect(forest.process([7])).toBeLessThan(1);
    expect(forest.score([7.1])).toBeGreaterThan(3);
  });

  it("takes numbers of any size", () => {
    const forest = new Forest({ ...options, checkInvariants: true, dimensions: 3, numberOfTrees: 5 });
    const large = [0, -0, 1e-310, 5e-45, 1e308, -1e308, 1e30, Number.MAX_VALUE];
    for (let i = 0; i < 300; i++) {
      const score = forest.process([large[i % 8]!, large[(i * 3) % 8]!, large[(i * 5 + 1) % 8]!]);
      expect(Number.isFinite(score)).toBe(true);
    }
  });

  it("scores without learning what score alone is given", () => {
    const forest = new Forest(options);
    scores(forest, wind(200));
    const before = forest.save();
    for (const speed of [0, 9, 50]) forest.score([speed]);
    expect(forest.save()).toEqual(before);
  });

  it.each<[Partial<ForestOptions>, string]>([
    [{ dimensions: 0 }, "dimensions must be a whole number from 1 to 1000, got 0"],
    [{ sampleSize: 1 }, "sampleSize must be a whole number from 2 to 32000, got 1"],
    [{ numberOfTrees: 1.5 }, "numberOfTrees must be a whole number from 1 to 10000, got 1.5"],
    [{ dimensions: 70, shingleSize: 1000 }, "dimensions × shingleSize must be at most 65535, got 70000"],
    [{ timeDecay: 2 }, "timeDecay must be from 0 to 1, got 2"],
    [{ seed: -1 }, "seed must be a whole number from 0 to 9007199254740991, got -1"],
  ])("refuses %o", (wrong, message) => {
    expect(() => new Forest({ ...options, ...wrong })).toThrow(message);
  });

  it("refuses a reading of another length", () => {
    expect(() => new Forest(options).update([1, 2])).toThrow("expected 1 values, got 2");
  });

  it("refuses a state that isn't one, or not whole", () => {
    const forest = new Forest(options);
    scores(forest, wind(100));
    const state = forest.save();
    expect(() => Forest.restore(new Uint8Array(64))).toThrow("not a saved forest");
    expect(() => Forest.restore(state.subarray(0, state.length - 1))).toThrow(RangeError);
    const newer = state.slice();
    newer[4] = 99;
    expect(() => Forest.restore(newer)).toThrow("saved forest of version 99, expected 2");
  });

  it("gives memory back, to be used again", () => {
    const first = new Forest(options);
    const { bytes } = first;
    expect(bytes).toBeGreaterThan(10_000);
    scores(first, wind(300));
    first.dispose();
    expect(first.bytes).toBe(0);
    const second = new Forest(options);
    expect(second.bytes).toBe(bytes);
    expect(scores(second, wind(300))).toEqual(scores(new Forest(options), wind(300)));
  });

  it("leaves no memory lying about as many forests grow together", () => {
    const before = kernel.memory.buffer.byteLength;
    const forests = Array.from({ length: 8 }, (_, seed) => new Forest({ ...options, dimensions: 5, seed }));
    for (const [i, speed] of wind(1500).entries()) {
      for (const forest of forests) forest.update([speed, i % 7, i % 11, i % 13, speed * (i % 3)]);
    }
    const held = forests.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(kernel.memory.buffer.byteLength - before).toBeLessThan(1.3 * held + 65_536);
    for (const forest of forests) forest.dispose();
  });
});
