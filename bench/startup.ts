// Wall time of the command line's start against `node -e 0`, run in turn in one run, as ratios of medians.
import { spawnSync } from "node:child_process";
import { figure } from "./report.ts";

const rounds = Number(process.argv[2] ?? 31);

/** Targets from the project's aims: at most this many times `node -e 0`. */
const cases: { name: string; args: string[]; target?: number }[] = [
  { name: "node -e 0", args: ["-e", "0"] },
  { name: "windops --help", args: ["bin/windops.js", "--help"], target: 1.5 },
  { name: "windops scan --help", args: ["bin/windops.js", "scan", "--help"], target: 1.5 },
  { name: "windops local status", args: ["bin/windops.js", "local", "status", "--json"], target: 3 },
];

const times = new Map<string, number[]>(cases.map((c) => [c.name, []]));
for (let i = 0; i < rounds; i++) {
  for (const { name, args } of cases) {
    const started = process.hrtime.bigint();
    spawnSync(process.execPath, args, { stdio: "ignore" });
    times.get(name)!.push(Number(process.hrtime.bigint() - started) / 1e6);
  }
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const base = median(times.get("node -e 0")!);
console.log("| command | median ms | × node -e 0 | target |\n|---|--:|--:|--:|");
for (const { name, target } of cases) {
  const ms = median(times.get(name)!);
  if (target !== undefined) {
    figure({
      part: "start-up",
      metric: `${name} against node -e 0`,
      value: ms / base,
      unit: "×",
      target: { atMost: target },
    });
  }
  console.log(
    `| \`${name}\` | ${ms.toFixed(0)} | ${(ms / base).toFixed(2)} | ${target === undefined ? "" : `≤ ${target}`} |`,
  );
}
