// npm run bench:detect: the detector's two tables, quality and speed, each row with its target; the speed table is written to
// docs/detector.md. `-- quality` or `-- speed` makes one of them; `-- speed PART…` (forest many flat threads score) prints only these.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { runPart } from "./part.ts";
import { type Figure, figuresIn, met, table } from "./report.ts";

/** Each with the seconds that it may take: all of them end in ten minutes on two quiet cores, the quality table in twelve. */
const SPEED: Record<string, { args: string[]; seconds: number }> = {
  forest: { args: ["bench/detect-speed.ts", "3", "one"], seconds: 330 },
  many: { args: ["bench/detect-speed.ts", "3", "many"], seconds: 180 },
  flat: { args: ["bench/detect-speed/flat.ts", "10", "1"], seconds: 90 },
  threads: { args: ["bench/detect-speed/threads.ts", "5"], seconds: 60 },
  score: { args: ["bench/detect-speed/score.ts", "5"], seconds: 60 },
};
const QUALITY = { args: ["bench/detect-quality.ts", "50000", "50"], seconds: 900 };
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

let failed = false;
if (chosen !== "speed") {
  console.log("Quality\n");
  const { failure } = await runPart(QUALITY.args, QUALITY.seconds);
  if (failure) console.log(`The quality table failed: ${failure}`);
  failed ||= failure !== undefined;
}
if (chosen !== "quality") {
  console.log("\nSpeed\n");
  const load = loadavg()[0]!;
  const figures: Figure[] = [];
  for (const name of parts.length > 0 ? parts : Object.keys(SPEED)) {
    const { args, seconds } = SPEED[name]!;
    const { output, failure } = await runPart(args, seconds);
    figures.push(...figuresIn(output));
    if (failure) {
      const limit = `it failed: ${failure}`;
      figures.push({ part: name, metric: "the part itself", value: 1, unit: "failure", target: { atMost: 0 }, limit });
    }
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
