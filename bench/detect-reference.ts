// Makes test/detect/reference/: scores that AWS's Java library (randomcutforest-core, version in bench/java/pom.xml) gives to the
// reference series, averaged over seeds 1 to 20, and their distribution. Run: npm run bench:detect-reference
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { average, CASES, distribution, READINGS, SEEDS, series } from "../test/detect/reference/series.ts";
import { buildJava } from "./detect-speed/peer.ts";

const folder = mkdtempSync(join(tmpdir(), "windops-reference-"));
try {
  const classPath = buildJava();
  const means: number[][] = [];
  const distributions: Record<string, unknown> = {};
  for (const c of CASES) {
    const file = join(folder, "series.f32");
    writeFileSync(file, series(c));
    const settings = [c.dimensions, c.shingleSize, c.numberOfTrees, c.sampleSize, SEEDS].map(String);
    const out = execFileSync("java", ["-cp", classPath, "io.windops.bench.ReferenceScores", file, ...settings], {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    const seeds = out
      .trim()
      .split("\n")
      .map((line) => line.trim().split(" ").map(Number));
    distributions[c.name] = average(seeds.map((scores) => distribution(scores, c.sampleSize)));
    means.push(Array.from({ length: READINGS }, (_, i) => seeds.reduce((sum, scores) => sum + scores[i]!, 0) / SEEDS));
    console.log(c.name, JSON.stringify(distributions[c.name]));
  }
  const target = join("test", "detect", "reference");
  const rows = Array.from({ length: READINGS }, (_, i) => means.map((mean) => mean[i]!.toFixed(5)).join("\t"));
  writeFileSync(join(target, "scores.tsv"), `${CASES.map((c) => c.name).join("\t")}\n${rows.join("\n")}\n`);
  writeFileSync(join(target, "distributions.json"), `${JSON.stringify(distributions, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
