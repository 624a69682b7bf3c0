// Our forest against AWS's Java library on the same readings, each score-then-learn, one thread, one core, round by round in
// turn. CPU time, not wall time: other work on the machine then counts less. Run: npm run bench:detect-speed [-- ROUNDS]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { buildJava, Peer } from "./detect-speed/peer.ts";
import { writeWind } from "./detect-speed/wind.ts";

interface Case {
  dimensions: number;
  shingleSize: number;
  trees: number;
  forests: number;
  /** Java's readings in a round; ours do four times as many. */
  readings: number;
  target: number;
}

const rounds = Number(process.argv[2] ?? 7);
const one = (dimensions: number, shingleSize: number, trees: number, target: number): Case => ({
  dimensions,
  shingleSize,
  trees,
  forests: 1,
  readings: shingleSize === 1 ? 20_000 : 10_000,
  target,
});
const cases: Case[] = [
  one(1, 1, 100, 5),
  one(1, 1, 50, 5),
  one(1, 8, 100, 3.5),
  one(1, 8, 50, 3.5),
  one(2, 1, 100, 5),
  { dimensions: 1, shingleSize: 1, trees: 100, forests: 1000, readings: 20_000, target: 3 },
];

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const folder = mkdtempSync(join(tmpdir(), "windops-bench-"));
try {
  const classPath = buildJava();
  const ours = join(folder, "round.mjs");
  await build({
    entryPoints: ["bench/detect-speed/round.ts"],
    outfile: ours,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  console.log(
    "features shingle trees forests | Java/s   ours/s   ratio (range)     target | Java MB  ours MB a forest",
  );
  for (const c of cases) {
    const file = join(folder, "wind.f32");
    writeWind(file, 300_000, c.dimensions);
    const shape = [c.dimensions, c.shingleSize, c.trees, c.forests].map(String);
    const java = new Peer("java", ["-Xmx6g", "-cp", classPath, "io.windops.bench.ReferenceSpeed", file, ...shape], 1);
    const node = new Peer(process.execPath, [ours, file, ...shape, "1"], 1);
    // Samples full, code compiled.
    const warmUp = Math.max(c.readings, 300 * c.forests);
    await java.ask(String(warmUp));
    await node.ask(String(warmUp));
    const javaRates: number[] = [];
    const ourRates: number[] = [];
    for (let i = 0; i < rounds; i++) {
      javaRates.push((1e9 * c.readings) / (await java.ask(String(c.readings))));
      ourRates.push((4e9 * c.readings) / (await node.ask(String(4 * c.readings))));
    }
    const ratios = ourRates.map((rate, i) => rate / javaRates[i]!);
    const [javaBytes, ourBytes] = [await java.ask("bytes"), await node.ask("bytes")];
    java.end();
    node.end();
    const megabytes = (bytes: number): string => (bytes / c.forests / 2 ** 20).toFixed(2);
    console.log(
      `${String(c.dimensions).padEnd(8)} ${String(c.shingleSize).padEnd(7)} ${String(c.trees).padEnd(5)} ${String(c.forests).padEnd(7)} | ` +
        `${median(javaRates).toFixed(0).padStart(6)}   ${median(ourRates).toFixed(0).padStart(6)}   ` +
        `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})`.padEnd(
          18,
        ) +
        ` ≥ ${String(c.target).padEnd(4)} | ${megabytes(javaBytes).padStart(6)}  ${megabytes(ourBytes).padStart(6)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
