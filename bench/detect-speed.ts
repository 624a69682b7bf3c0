// Our forest against AWS's Java library on the same readings, each score-then-learn, one thread, one core, round by round in
// turn. CPU time, not wall time: other work on the machine then counts less. Run: npm run bench:detect-speed [-- ROUNDS [one|many]]
// or, with its targets beside it, npm run bench:detect -- speed forest
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { FEATURES_PER_INPUT } from "../src/detect/features.ts";
import { buildJava, Peer } from "./detect-speed/peer.ts";
import { writeWind } from "./detect-speed/wind.ts";
import { figure, median } from "./report.ts";

interface Case {
  dimensions: number;
  shingleSize: number;
  trees: number;
  forests: number;
  /** Java's readings in a round; ours do four times as many. */
  readings: number;
  target: number;
}

const rounds = Number(process.argv[2] ?? 5);
const CORE = 1;
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
  // As many features as the detector makes of a speed.
  one(FEATURES_PER_INPUT, 1, 50, 3.5),
  { dimensions: 1, shingleSize: 1, trees: 100, forests: 1000, readings: 20_000, target: 3 },
];
/** Memory is measured over a few forests, each with its samples and its points' store full. */
const MEASURED = { forests: 16, readings: 6000 };

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
  const peers = (c: Case, forests: number): { java: Peer; node: Peer } => {
    const file = join(folder, "wind.f32");
    writeWind(file, 300_000, c.dimensions);
    const shape = [c.dimensions, c.shingleSize, c.trees, forests].map(String);
    const heap = ["-Xmx6g", "-cp", classPath, "io.windops.bench.ReferenceSpeed"];
    return {
      java: new Peer("java", [...heap, file, ...shape], CORE),
      node: new Peer(process.execPath, [ours, file, ...shape, "1"], CORE),
    };
  };
  for (const c of cases) {
    if (process.argv[3] === (c.forests > 1 ? "one" : "many")) continue;
    const { java, node } = peers(c, c.forests);
    // Samples full, code compiled.
    const warmUp = Math.max(c.readings, 260 * c.forests);
    await java.ask(String(warmUp));
    await node.ask(String(warmUp));
    const javaRates: number[] = [];
    const ourRates: number[] = [];
    for (let i = 0; i < rounds; i++) {
      javaRates.push((1e9 * c.readings) / (await java.ask(String(c.readings))));
      ourRates.push((4e9 * c.readings) / (await node.ask(String(4 * c.readings))));
    }
    java.end();
    node.end();
    const ratios = ourRates.map((rate, i) => rate / javaRates[i]!);
    const range = `${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)}`;
    const perSecond = (rates: number[]) => Math.round(median(rates)).toLocaleString("en-US");
    const points = c.dimensions === 1 ? `shingle of ${c.shingleSize}` : `${c.dimensions} features`;
    const what = `${points}, ${c.trees} trees${c.forests > 1 ? `, ${c.forests.toLocaleString("en-US")} forests in turn` : ""}`;
    figure({
      part: "readings/s",
      metric: `${what}: ${perSecond(ourRates)}, Java ${perSecond(javaRates)} (${rounds} rounds, ${range}×)`,
      value: median(ratios),
      unit: "×",
      target: { atLeast: c.target },
      limit: "memory: boxes and points of several coordinates don't fit the cache",
    });
    console.log(
      `${what}: ${perSecond(ourRates)} readings/s, Java ${perSecond(javaRates)}: ${median(ratios).toFixed(2)}× (${range})`,
    );
    // 1,000 forests hold what one holds.
    if (c.forests > 1) continue;
    const memory = peers(c, MEASURED.forests);
    const bytes: number[] = [];
    for (const peer of [memory.java, memory.node]) {
      await peer.ask(String(MEASURED.forests * MEASURED.readings));
      bytes.push((await peer.ask("bytes")) / MEASURED.forests / 2 ** 20);
      peer.end();
    }
    figure({
      part: "memory",
      metric: `${what}: a forest, Java's ${bytes[0]!.toFixed(2)} MiB`,
      value: bytes[1]!,
      unit: "MiB",
      target: { atMost: bytes[0]! },
      limit: "few trees share the points' store",
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
