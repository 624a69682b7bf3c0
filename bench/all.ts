// npm run bench: every part in turn, a table of value, target and verdict, written to docs/benchmarks.md with the machine.
// `npm run bench [PART…]` runs only these. The detector's, Flink's and setup's own are bench:detect-*, bench:flink.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { type Figure, figuresIn, met, table } from "./report.ts";

const PARTS: Record<string, string[]> = {
  startup: ["bench/startup.ts"],
  producer: ["bench/producer.ts"],
  stack: ["bench/stack.ts", "2", "3"],
  size: ["bench/stack-size.ts"],
  latency: ["bench/latency.ts"],
  tail: ["bench/tail.ts"],
  scan: ["bench/scan.ts"],
};
const FILE = "docs/benchmarks.md";

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !(name in PARTS));
if (unknown !== undefined) {
  console.error(`There is no part "${unknown}". Parts: ${Object.keys(PARTS).join(", ")}.`);
  process.exit(2);
}

function run(args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["scripts/ts.mjs", ...args], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (data) => {
      output += data;
      process.stdout.write(String(data).replace(/^FIGURE .*\n/gm, ""));
    });
    child.on("close", (code) => resolve({ code, output }));
  });
}

const figures: Figure[] = [];
const load = loadavg()[0]!;
for (const name of chosen.length > 0 ? chosen : Object.keys(PARTS)) {
  console.error(`${name} …`);
  const { code, output } = await run(PARTS[name]!);
  figures.push(...figuresIn(output));
  if (code !== 0) {
    figures.push({
      part: name,
      metric: "the part itself",
      value: code ?? -1,
      unit: "exit code",
      target: { atMost: 0 },
      limit: "it failed: see its output",
    });
  }
}
const text = table(figures);
console.log(`\n${text}`);
const missed = figures.filter((one) => met(one) === false).length;
console.log(`\n${figures.length} figures, ${missed} of their targets missed.`);
if (chosen.length === 0 || !existsSync(FILE)) {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}, load ${load.toFixed(1)} at the start`;
  const head = readFileSync("bench/benchmarks-head.md", "utf8");
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(
    FILE,
    `${head}\n${machine}; ${date}${chosen.length > 0 ? `; only ${chosen.join(", ")}` : ""}.\n\n${text}\n`,
  );
}
process.exitCode = missed > 0 ? 1 : 0;
