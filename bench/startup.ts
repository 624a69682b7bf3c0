// Wall time of the command line's start against `node -e 0`, run in turn in one run, as ratios of medians; and what the compile cache,
// bundling and loading commands when they are called each save of it. `node scripts/ts.mjs bench/startup.ts [ROUNDS]`
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { figure, median } from "./report.ts";
import { variants } from "./startup-variants.ts";

interface Start {
  name: string;
  args: string[];
  /** At most so many times `node -e 0`. */
  target?: number;
  env?: Record<string, string>;
}

const rounds = Number(process.argv[2] ?? 21);
const part = "start-up";
const BIN = "bin/windops.js";
const NOTHING = "node -e 0";
const folder = join("build", `bench-startup-${process.pid}`);
const state = mkdtempSync(join(tmpdir(), "bench-"));
const env = { ...process.env, WINDOPS_STATE_DIR: state };
// process.features tells nothing of it: the function is there from Node 22.1 on.
const cached = "enableCompileCache" in (await import("node:module")).default;

const starts: Start[] = [
  { name: NOTHING, args: ["-e", "0"] },
  { name: "windops --help", args: [BIN, "--help"], target: 1.5 },
  { name: "windops scan --help", args: [BIN, "scan", "--help"], target: 1.5 },
  { name: "windops local status (the stack runs)", args: [BIN, "local", "status", "--json"], target: 3 },
  { name: "windops scan --json (the stack runs, nothing found)", args: [BIN, "scan", "--json"], target: 3 },
];
if (cached) {
  const off = { NODE_DISABLE_COMPILE_CACHE: "1" };
  starts.push({ name: "windops --help without the compile cache", args: [BIN, "--help"], env: off });
}

function run(args: string[], more: Record<string, string> = {}): number {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, {
    env: { ...env, ...more },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

try {
  for (const { name, bin } of await variants(folder)) {
    starts.push({ name: `windops --help ${name}`, args: [bin, "--help"] });
  }
  run([BIN, "setup"]);
  const times = new Map<string, number[]>(starts.map(({ name }) => [name, []]));
  for (let i = 0; i < rounds; i++) {
    for (const { name, args, env: more } of starts) times.get(name)!.push(run(args, more));
  }
  const base = median(times.get(NOTHING)!);
  figure({ part, metric: NOTHING, value: base, unit: "ms" });
  for (const { name, target } of starts.slice(1)) {
    const limit = "Node's own start is the rest; what is loaded is in the rows below";
    const aim = target === undefined ? {} : { target: { atMost: target }, limit };
    figure({ part, metric: name, value: median(times.get(name)!) / base, unit: "× node -e 0", ...aim });
  }
  if (!cached) {
    console.log(`Node ${process.version} has no compile cache: 22.1 and newer have.`);
  }
} finally {
  spawnSync(process.execPath, [BIN, "local", "down"], { env });
  rmSync(folder, { recursive: true, force: true });
  rmSync(state, { recursive: true, force: true });
}
