// The score is AWS's: test/detect/reference holds what its Java library gives (made by bench/detect-reference.ts).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Forest } from "../../src/detect/forest/forest.ts";
import { average, CASES, type Distribution, distribution, READINGS, SEEDS, series } from "./reference/series.ts";

const folder = "test/detect/reference";
const java: Record<string, Distribution> = JSON.parse(readFileSync(`${folder}/distributions.json`, "utf8"));
const [names, ...rows] = readFileSync(`${folder}/scores.tsv`, "utf8")
  .trim()
  .split("\n")
  .map((row) => row.split("\t"));

function correlation(a: number[], b: number[]): number {
  const mean = (of: number[]): number => of.reduce((sum, value) => sum + value, 0) / of.length;
  const [ma, mb] = [mean(a), mean(b)];
  const product = (x: number[], mx: number, y: number[], my: number): number =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  return product(a, ma, b, mb) / Math.sqrt(product(a, ma, a, ma) * product(b, mb, b, mb));
}

describe.each(CASES)("the score of AWS's library: $name", (c) => {
  const values = series(c);
  const scores = Array.from({ length: SEEDS }, (_, s) => {
    const forest = new Forest({ ...c, timeDecay: 1 / (10 * c.sampleSize), outputAfter: c.sampleSize / 4, seed: s + 1 });
    const of = Array.from({ length: READINGS }, (_, i) =>
      forest.process(values.subarray(i * c.dimensions, (i + 1) * c.dimensions)),
    );
    forest.dispose();
    return of;
  });
  const column = names!.indexOf(c.name);
  const theirs = rows.map((row) => Number(row[column]));

  it("has its distribution within 5 %", () => {
    const ours = average(scores.map((of) => distribution(of, c.sampleSize)));
    const expected = java[c.name]!;
    expect(ours.mean / expected.mean).toBeCloseTo(1, 1);
    for (const [ours_, theirs_] of [
      [ours.mean, expected.mean],
      ...ours.quantiles.map((quantile, i) => [quantile, expected.quantiles[i]!]),
    ] as [number, number][]) {
      expect(ours_ / theirs_).toBeGreaterThan(0.95);
      expect(ours_ / theirs_).toBeLessThan(1.05);
    }
  });

  it("correlates with it reading by reading", () => {
    const mean = theirs.map((_, i) => scores.reduce((sum, of) => sum + of[i]!, 0) / SEEDS);
    expect(correlation(mean, theirs)).toBeGreaterThan(0.995);
    expect(Math.min(...scores.map((of) => correlation(of, theirs)))).toBeGreaterThan(0.97);
  });
});
