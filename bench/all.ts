// npm run bench: every part in turn, a table of value, target and verdict, written to docs/benchmarks.md with the machine.
// `npm run bench [PART…]` runs only these. The detector's, Flink's and setup's own are bench:detect-*, bench:flink, bench:setup.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { runPart } from "./part.ts";
import { type Figure, figuresIn, met, table } from "./report.ts";

/** Each with the seconds that it may take: all of them together end in a quarter of an hour on two quiet cores. */
const PARTS: Record<string, { args: string[]; seconds: number }> = {
  startup: { args: ["bench/startup.ts"], seconds: 90 },
  producer: { args: ["bench/producer.ts"], seconds: 120 },
  "older-producer": { args: ["bench/producer-older.ts"], seconds: 120 },
  memory: { args: ["bench/producer-memory.ts"], seconds: 180 },
  stack: { args: ["bench/stack.ts", "2", "2"], seconds: 150 },
  size: { args: ["bench/stack-size.ts"], seconds: 120 },
  latency: { args: ["bench/latency.ts", "60", "embedded"], seconds: 120 },
  "latency-flink": { args: ["bench/latency.ts", "60", "flink"], seconds: 150 },
  tail: { args: ["bench/tail.ts"], seconds: 90 },
  scan: { args: ["bench/scan.ts"], seconds: 180 },
  growth: { args: ["bench/growth.ts", "8"], seconds: 180 },
};
const FILE = "docs/benchmarks.md";

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !(name in PARTS));
if (unknown !== undefined) {
  console.error(`There is no part "${unknown}". Parts: ${Object.keys(PARTS).join(", ")}.`);
  process.exit(2);
}

const figures: Figure[] = [];
const load = loadavg()[0]!;
for (const name of chosen.length > 0 ? chosen : Object.keys(PARTS)) {
  const { args, seconds } = PARTS[name]!;
  console.error(`${name} …`);
  const began = performance.now();
  const { output, failure } = await runPart(args, seconds);
  console.error(`${name}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  figures.push(...figuresIn(output));
  if (failure) {
    const limit = `it failed: ${failure}`;
    figures.push({ part: name, metric: "the part itself", value: 1, unit: "failure", target: { atMost: 0 }, limit });
  }
}
const text = table(figures);
console.log(`\n${text}`);
const missed = figures.filter((one) => met(one) === false).length;
console.log(`\n${figures.length} figures, ${missed} of their targets missed.`);
if (chosen.length === 0) {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}, load ${load.toFixed(1)} at the start`;
  const head = readFileSync("bench/benchmarks-head.md", "utf8");
  writeFileSync(FILE, `${head}\n${machine}; ${new Date().toISOString().slice(0, 10)}.\n\n${text}\n`);
}
process.exitCode = missed > 0 ? 1 : 0;
