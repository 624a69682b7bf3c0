// A keyed stream of 200 turbines through DetectorPool, 1 thread and 2 in turn: wall time, so it wants a quiet machine. On a busy
// one the CPU time a row says whether the threads stand in each other's way.
// Run: npm run bench:detect-threads [-- ROUNDS]
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { DETECTOR_DEFAULTS } from "../../src/detect/detector.ts";
import { DetectorPool, type KeyedRows } from "../../src/detect/pool.ts";
import { figure, median } from "../report.ts";

const TURBINES = 200;
const BATCH = 10_000;
const rounds = Number(process.argv[2] ?? 7);
const folder = mkdtempSync(join(tmpdir(), "windops-bench-"));
try {
  const outfile = join(folder, "worker.mjs");
  await build({ entryPoints: ["src/detect/worker.ts"], outfile, bundle: true, platform: "node", format: "esm" });
  const pools = [1, 2].map((threads) => new DetectorPool(pathToFileURL(outfile), threads, DETECTOR_DEFAULTS));
  const batch = (round: number): KeyedRows => ({
    keys: Array.from({ length: BATCH }, (_, i) => `turbine-${i % TURBINES}`),
    timestamps: Float64Array.from({ length: BATCH }, (_, i) => 1000 * (round * BATCH + i)),
    values: Float64Array.from({ length: BATCH }, (_, i) => 9 + 3 * Math.sin(i + round) + ((i * 7919) % 101) / 50),
  });
  /** Rows a second and CPU time a row (µs) over four batches. */
  const rate = async (pool: DetectorPool, round: number): Promise<{ rate: number; cpu: number }> => {
    const batches = [0, 1, 2, 3].map((b) => batch(4 * round + b));
    const [start, used] = [performance.now(), process.cpuUsage()];
    await Promise.all(batches.map((rows) => pool.process(rows)));
    const { user, system } = process.cpuUsage(used);
    return { rate: (4000 * BATCH) / (performance.now() - start), cpu: (user + system) / (4 * BATCH) };
  };
  for (const pool of pools) await rate(pool, 0);
  const ratios: number[] = [];
  const cpus: number[][] = [[], []];
  for (let round = 1; round <= rounds; round++) {
    const [one, two] = [await rate(pools[0]!, round), await rate(pools[1]!, round)];
    ratios.push(two.rate / one.rate);
    cpus[0]!.push(one.cpu);
    cpus[1]!.push(two.cpu);
    console.log(
      `${one.rate.toFixed(0)} rows/s on 1 thread, ${two.rate.toFixed(0)} on 2: ${(two.rate / one.rate).toFixed(2)}×; ` +
        `CPU ${one.cpu.toFixed(1)} and ${two.cpu.toFixed(1)} µs a row`,
    );
  }
  figure({
    part: "threads",
    metric: `${TURBINES} turbines' stream on 2 threads over 1, wall time, ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}; CPU time a row ${median(cpus[0]!).toFixed(0)} and ${median(cpus[1]!).toFixed(0)} µs`,
    value: median(ratios),
    unit: "×",
    target: { atLeast: 1.8 },
    limit: "a second core that is free: only a quiet machine has one",
  });
  await Promise.all(pools.map((pool) => pool.close()));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
