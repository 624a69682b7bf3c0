import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { SWEEP, sweep } from "../../../src/offline/backtest/sweep.ts";

const folder = mkdtempSync(join(tmpdir(), "sweep-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("scores the file with each of the settings and puts the best first, within the budget", async () => {
  const file = join(folder, "wind.csv");
  const rows = Array.from(
    { length: 400 },
    (_, i) => `${1.6e9 + i},${9 + ((i * 7919) % 101) / 100 + (i === 300 ? 12 : 0)}`,
  );
  writeFileSync(file, `timestamp,speed\n${rows.join("\n")}\n`);
  const settings = [
    // Never warm.
    { trees: 2, samples: 8, shingle: 500 },
    { trees: 20, samples: 64, shingle: 1 },
    { trees: 20, samples: 64, shingle: 2 },
  ];
  const done: number[] = [];
  const found = await sweep(
    {
      input: { file, columns: {}, signal: new AbortController().signal },
      windows: [{ key: "", start: 1.6e12 + 300_000, end: 1.6e12 + 302_000 }],
      falseAlertsPerDay: 1e6,
      cores: 2,
      toOptions: ({ trees, samples, shingle }) => ({ numberOfTrees: trees, sampleSize: samples, shingleSize: shingle }),
      onDone: (count) => done.push(count),
    },
    settings,
  );
  expect(done).toEqual([1, 2, 3]);
  expect(found.at(-1)).toEqual({ ...settings[0], threshold: Number.NaN, f1: 0, precision: 0, recall: 0 });
  expect(found.slice(0, 2)).toMatchObject([
    { trees: 20, recall: 1 },
    { trees: 20, recall: 1 },
  ]);
  expect(found[0]!.f1).toBeGreaterThanOrEqual(found[1]!.f1);
});

it("compares trees, samples and shingles, each once", () => {
  expect(new Set(SWEEP.map((one) => JSON.stringify(one))).size).toBe(36);
});
