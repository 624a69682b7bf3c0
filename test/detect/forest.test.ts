import { describe, expect, it } from "vitest";
import { Forest, type ForestOptions } from "../../src/detect/forest.ts";

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
});
