import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DETECTOR_DEFAULTS, Detector, type DetectorOptions } from "../../src/detect/detector.ts";
import { DetectorPool, type KeyedRows } from "../../src/detect/pool.ts";

const options: DetectorOptions = { ...DETECTOR_DEFAULTS, numberOfTrees: 10, sampleSize: 64, outputAfter: 16 };
let folder: string;
let worker: URL;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "windops-pool-"));
  const outfile = join(folder, "worker.mjs");
  await build({ entryPoints: ["src/detect/worker.ts"], outfile, bundle: true, platform: "node", format: "esm" });
  worker = pathToFileURL(outfile);
});
afterAll(() => rm(folder, { recursive: true }));

/** Rows of turbines in no regular order; turbine 0 sends as many as all others. */
function rows(count: number, from: number): KeyedRows {
  const turbine = (i: number): number => (i % 2 === 0 ? 0 : (i * 31) % 7);
  return {
    keys: Array.from({ length: count }, (_, i) => `turbine-${turbine(from + i)}`),
    timestamps: Float64Array.from({ length: count }, (_, i) => 1000 * (from + i)),
    values: Float64Array.from({ length: count }, (_, i) => 9 + Math.sin((from + i) / 5) + turbine(from + i)),
  };
}

describe("DetectorPool", () => {
  it.each([1, 2, 3])("scores each key's rows as one detector does, in order (%i threads)", async (threads) => {
    const pool = new DetectorPool(worker, threads, options);
    const batches = [rows(300, 0), rows(1, 300), rows(0, 301), rows(400, 301)];
    const scored = await Promise.all(batches.map((batch) => pool.process(batch)));
    const detectors = new Map<string, Detector>();
    batches.forEach(({ keys, timestamps, values }, b) => {
      keys.forEach((key, i) => {
        if (!detectors.has(key)) detectors.set(key, new Detector(options));
        const alone = detectors.get(key)!.next({ speed: values[i]!, timestampMs: timestamps[i]! });
        expect([scored[b]!.score[i], scored[b]!.rcfScore[i]]).toEqual([alone.score, alone.rcfScore]);
      });
    });
    await pool.close();
  });

  it("fails the batches under way when it is closed, and later ones", async () => {
    const pool = new DetectorPool(worker, 2, options);
    const underWay = expect(pool.process(rows(200, 0))).rejects.toThrow("the pool is closed");
    await pool.close();
    await underWay;
    await expect(pool.process(rows(1, 0))).rejects.toThrow("the pool is closed");
  });

  it("hands on what a thread throws", async () => {
    const broken = join(folder, "broken.mjs");
    await writeFile(
      broken,
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => { throw new Error("no memory"); });',
    );
    const pool = new DetectorPool(pathToFileURL(broken), 2, options);
    await expect(pool.process(rows(50, 0))).rejects.toThrow("no memory");
    await pool.close();
  });
});
