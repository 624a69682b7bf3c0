// The long fuzz run against the built stack: `node scripts/ts.mjs test/local/fuzz-run.ts [COUNT] [SEED]`.
import { readFileSync, rmSync } from "node:fs";
import { launchStack, stopStack } from "../../src/local/process/launch.ts";
import { fuzz } from "./fuzz.ts";
import { temporaryFolder } from "./stack-fixture.ts";

const [count, seed] = [Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 1)];
const MAX_RSS_MIB = 512;

const stateDir = temporaryFolder();
const stack = await launchStack({ env: process.env, stateDir, port: 0 });
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${stack.pid}/status`, "utf8"))![1]) / 1024;
const started = performance.now();
let peak = rss();
console.log(`seed ${seed}, before: ${peak.toFixed(0)} MiB`);
const failed = await fuzz({
  port: stack.port,
  count,
  seed,
  check: async (sent) => {
    const health = await fetch(`${stack.endpoint}/_windops/health`, { signal: AbortSignal.timeout(10_000) });
    const { pid } = (await health.json()) as { pid: number };
    peak = Math.max(peak, rss());
    if (pid !== stack.pid || peak > MAX_RSS_MIB) throw new Error(`after ${sent}: pid ${pid}, ${peak.toFixed(0)} MiB`);
  },
});
const log = readFileSync(`${stateDir}/stack.log`, "utf8");
const uncaught = log.match(/uncaught|unhandled rejection/g)?.length ?? 0;
console.log(
  `${count} requests in ${((performance.now() - started) / 1000).toFixed(0)} s; peak ${peak.toFixed(0)} MiB, now ${rss().toFixed(0)} MiB; uncaught errors ${uncaught}; answered with a 5xx ${failed.length}`,
);
// Each kind once, for whoever hunts bugs.
const kinds = new Set(log.match(/^\S+ \S+: \w*Error.*\n.*\n.*/gm)?.map((entry) => entry.replace(/^\S+ /, "")));
for (const kind of [...kinds, ...failed].slice(0, 20)) console.log(kind);
await stopStack(stateDir);
rmSync(stateDir, { recursive: true, force: true, maxRetries: 5 });
process.exitCode = uncaught + failed.length > 0 ? 1 : 0;
