import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Forest } from "../../src/detect/forest/forest.ts";
import { Heap } from "../../src/detect/forest/heap.ts";
import { kernel } from "../../src/detect/forest/memory.ts";

describe("heap", () => {
  it("gives no byte away twice and takes every block back", () => {
    const steps = fc.array(fc.oneof(fc.nat(5000), fc.constant(-1)), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (sizes) => {
        const heap = new Heap(1024);
        const held: { at: number; size: number }[] = [];
        for (const size of sizes) {
          if (size < 0) {
            const [gone] = held.splice(held.length >> 1, 1);
            if (gone) heap.release(gone.at, gone.size);
            continue;
          }
          const at = heap.allocate(size + 1);
          expect(at % 64).toBe(0);
          expect(at).toBeGreaterThanOrEqual(1024);
          expect(at + size + 1).toBeLessThanOrEqual(heap.end);
          for (const other of held) {
            expect(at + size + 1 <= other.at || other.at + other.size <= at).toBe(true);
          }
          held.push({ at, size: size + 1 });
        }
        for (const { at, size } of held) heap.release(at, size);
        expect(heap.end).toBe(1024);
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it("has room for forests that grow side by side, and little more", () => {
    const options = { dimensions: 4, shingleSize: 1, numberOfTrees: 50, sampleSize: 64, timeDecay: 0, outputAfter: 1 };
    const before = kernel.memory.buffer.byteLength;
    const forests = Array.from({ length: 30 }, (_, seed) => new Forest({ ...options, seed }));
    for (let i = 0; i < 100; i++) {
      for (const [k, forest] of forests.entries()) forest.update([Math.sin(i + k), i % 7, k, (i * i) % 11]);
    }
    const held = forests.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(kernel.memory.buffer.byteLength - before).toBeLessThan(1.3 * held);
    for (const forest of forests) forest.dispose();
  });
});
