import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kernelModule } from "../../scripts/forest-kernel.mjs";
import { Forest, type ForestOptions } from "../../src/detect/forest/forest.ts";
import { PlainForest } from "./oracle/plain-forest.ts";

/** Values that meet: duplicates, neighbours in floating point, far-out and denormal ones. */
const value = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0, max: 30, noNaN: true }) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, 1 + 2 ** -23, 1 + 2 ** -22, 1e-40, -1e-40, 1e38, -1e38) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY) },
);

const options = fc.record({
  dimensions: fc.integer({ min: 1, max: 3 }),
  shingleSize: fc.constantFrom(1, 1, 1, 2, 3, 5),
  numberOfTrees: fc.integer({ min: 1, max: 9 }),
  sampleSize: fc.integer({ min: 2, max: 24 }),
  timeDecay: fc.constantFrom(0, 0.001, 0.1, 1),
  outputAfter: fc.integer({ min: 0, max: 10 }),
  seed: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
});

/** Options and readings of as many features as they ask for. */
const run = options.chain((o) =>
  fc.record({
    o: fc.constant({ ...o, checkInvariants: true } satisfies ForestOptions),
    readings: fc.array(fc.array(value, { minLength: o.dimensions, maxLength: o.dimensions }), { maxLength: 150 }),
  }),
);

describe("the forest's kernel", () => {
  it("is the one that its source compiles to", async () => {
    expect(await readFile("src/detect/forest/kernel.wasm.ts", "utf8")).toBe(await kernelModule());
  });

  it("keeps trees that fit their samples and scores bit for bit as the plain forest does", () => {
    fc.assert(
      fc.property(run, ({ o, readings }) => {
        const forest = new Forest(o);
        const plain = new PlainForest(o);
        for (const reading of readings) {
          expect(forest.score(reading)).toBe(plain.score(reading));
          expect(forest.process(reading)).toBe(plain.process(reading));
        }
        forest.dispose();
      }),
      { numRuns: 300 },
    );
  });

  it("goes on bit for bit after save and restore, wherever it is saved", () => {
    fc.assert(
      fc.property(run, fc.nat({ max: 150 }), ({ o, readings }, at) => {
        const forest = new Forest(o);
        for (const reading of readings.slice(0, at)) forest.update(reading);
        const restored = Forest.restore(forest.save());
        expect(restored.save()).toEqual(forest.save());
        for (const reading of readings.slice(at)) expect(restored.process(reading)).toBe(forest.process(reading));
        restored.checkInvariants();
        expect(restored.save()).toEqual(forest.save());
        restored.dispose();
        forest.dispose();
      }),
      { numRuns: 150 },
    );
  });

  it("follows the plain forest over full samples, rescaled weights and growing slabs", () => {
    for (const shingleSize of [1, 8]) {
      const o = {
        dimensions: 1,
        shingleSize,
        numberOfTrees: 10,
        sampleSize: 64,
        timeDecay: 0.05,
        outputAfter: 16,
        seed: 3,
      };
      const forest = new Forest(o);
      const plain = new PlainForest(o);
      for (let i = 0; i < 3000; i++) {
        const reading = [Math.fround(Math.sin(i / 7) + ((i * 7919) % 101) / 50)];
        expect(forest.process(reading)).toBe(plain.process(reading));
      }
      forest.checkInvariants();
    }
  });
});
