// npm run bench:detect: the detector's two tables, quality and speed, each row with its target; the speed table is written to
// docs/detector.md. `-- quality` or `-- speed` makes one of them; `-- speed PART…` (forest many flat threads score) prints only these.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { type Figure, figuresIn, met, table } from "./report.ts";

/** Each bounded to a minute or two on a quiet machine. */
const SPEED: Record<string, string[]> = {
  forest: ["bench/detect-speed.ts", "3", "one"],
  many: ["bench/detect-speed.ts", "3", "many"],
  flat: ["bench/detect-speed/flat.ts", "10", "1"],
  threads: ["bench/detect-speed/threads.ts", "5"],
  score: ["bench/detect-speed/score.ts", "5"],
};
const QUALITY = ["bench/detect-quality.ts", "50000"];
const FILE = "docs/detector.md";
const [BEGIN, END] = ["<!-- speed: npm run bench:detect -->", "<!-- end of speed -->"];

const [chosen, ...parts] = process.argv.slice(2);
const wrong = [chosen, ...parts].find(
  (name, i) => name !== undefined && !(i === 0 ? ["quality", "speed"] : Object.keys(SPEED)).includes(name),
);
if (wrong !== undefined || (chosen === "quality" && parts.length > 0)) {
  console.error(`bench:detect [quality | speed [${Object.keys(SPEED).join("] [")}]]`);
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

let failed = false;
if (chosen !== "speed") {
  console.log("Quality\n");
  const { code } = await run(QUALITY);
  failed ||= code !== 0;
}
if (chosen !== "quality") {
  console.log("\nSpeed\n");
  const load = loadavg()[0]!;
  const figures: Figure[] = [];
  for (const name of parts.length > 0 ? parts : Object.keys(SPEED)) {
    const { code, output } = await run(SPEED[name]!);
    figures.push(...figuresIn(output));
    failed ||= code !== 0;
  }
  const text = table(figures);
  const missed = figures.filter((one) => met(one) === false).length;
  console.log(`\n${text}\n\n${figures.length} figures, ${missed} of their targets missed.`);
  failed ||= missed > 0;
  if (parts.length === 0) {
    const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, load ${load.toFixed(1)} at the start, ${loadavg()[0]!.toFixed(1)} at the end`;
    const page = readFileSync(FILE, "utf8");
    const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
    if (begin < 0 || end < begin) throw new Error(`${FILE} has no place for the table: ${BEGIN} … ${END}`);
    const date = new Date().toISOString().slice(0, 10);
    writeFileSync(FILE, `${page.slice(0, begin)}${BEGIN}\n${machine}; ${date}.\n\n${text}\n${page.slice(end)}`);
  }
}
process.exitCode = failed ? 1 : 0;
