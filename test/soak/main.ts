// npm run soak -- --minutes 10 --seed 1 [--engine flink] [--rate 100]: ends with 1 unless everything promised was kept.
import { parseArgs } from "node:util";
import { isSound, soak } from "./soak.ts";
import { soakTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    engine: { type: "string", default: "embedded" },
    rate: { type: "string", default: "100" },
    turbines: { type: "string", default: "40" },
    quiet: { type: "boolean", default: false },
  },
});
const number = (name: "minutes" | "seed" | "rate" | "turbines"): number => {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  console.error(`--${name} takes a number above 0, not "${values[name]}"`);
  process.exit(2);
};
if (values.engine !== "embedded" && values.engine !== "flink") {
  console.error(`--engine is embedded or flink, not "${values.engine}"`);
  process.exit(2);
}
if (process.platform !== "linux") {
  console.error("The soak finds the processes that it kills in /proc: it needs Linux.");
  process.exit(2);
}
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
const report = await soak({
  seed: number("seed"),
  duration: number("minutes") * 60_000,
  engine: values.engine,
  rate: number("rate"),
  turbines: number("turbines"),
  ownDisk: true,
  ...(process.env.WINDOPS_FLINK_DIR && { flinkDir: process.env.WINDOPS_FLINK_DIR }),
  signal: interrupted.signal,
  log: (line) => values.quiet || console.error(line),
});
console.log(soakTable(report));
if (interrupted.signal.aborted) process.exitCode = 130;
else if (!isSound(report)) process.exitCode = 1;
