import { expect, it } from "vitest";
import { Forest } from "../../src/detect/forest/forest.ts";

const CASES = [
  { features: 1, shingleSize: 1, numberOfTrees: 10, sampleSize: 64, timeDecay: 1 / 640, outputAfter: 16, seed: 42 },
  { features: 1, shingleSize: 4, numberOfTrees: 7, sampleSize: 32, timeDecay: 0.01, outputAfter: 8, seed: 2 ** 40 + 7 },
  { features: 3, shingleSize: 1, numberOfTrees: 5, sampleSize: 48, timeDecay: 0.2, outputAfter: 0, seed: 0 },
  { features: 2, shingleSize: 3, numberOfTrees: 6, sampleSize: 16, timeDecay: 0, outputAfter: 20, seed: 1 },
];

/** A case a block: its settings, then a line a reading: the features and their changes (as the detector has them), and the score. */
function vectors(): string {
  const lines: string[] = [];
  for (const { features, ...settings } of CASES) {
    lines.push(`# ${Object.values({ features, ...settings }).join(" ")}`);
    const forest = new Forest({ ...settings, dimensions: 2 * features });
    for (let i = 0; i < 400; i++) {
      const values = Array.from({ length: 2 * features }, (_, d) => {
        const value = ((i * (37 + d) + ((i * i) % (23 + d)) * 5) % 97) / (d + 3) + (i % 131 === 130 ? 50 : 0);
        if (i > 0 && (i + d) % 61 === 0) return Number.NaN;
        return i % 3 === 0 ? Math.round(value) : value;
      });
      lines.push([...values, forest.process(values)].join(" "));
    }
    forest.dispose();
  }
  return `${lines.join("\n")}\n`;
}

// The forest in flink/ reads the same file: both implementations give these scores bit for bit.
it("gives the scores that both implementations are held to", async () => {
  await expect(vectors()).toMatchFileSnapshot("../../flink/src/test/resources/forest-vectors.txt");
});
