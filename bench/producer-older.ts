// The producer against an npm library of the years before: `node scripts/ts.mjs bench/producer-older.ts [ROUNDS] [SECONDS]`. It is installed for
// this run alone (aws-kinesis-writable and the AWS SDK 2 that it stands on). The other one in use, `kinesis` 1.2.2, speaks HTTPS only.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { kinesisOf, stream } from "./client.ts";
import { figure, median } from "./report.ts";
import { windops } from "./servers.ts";
import { simulated } from "./simulated.ts";

const rounds = Number(process.argv[2] ?? 2);
const seconds = Number(process.argv[3] ?? 4);
const PACKAGES = ["aws-kinesis-writable@4.3.0", "aws-sdk@2.1693.0"];
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "bench-"));
try {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
  await run("npm", ["install", ...quiet, "--prefix", folder, ...PACKAGES]);
  const server = await windops();
  const kinesis = kinesisOf(server.endpoint);
  await stream(kinesis, "bench");
  const rates = { ours: [] as number[], theirs: [] as number[] };
  for (let i = 0; i < rounds; i++) {
    rates.ours.push((await simulated(kinesis, "bench", seconds)).rate);
    const args = ["bench/peers/producers/writable.cjs", folder, server.endpoint, "bench", String(seconds)];
    const { stdout } = await run(process.execPath, args, {
      env: { ...process.env, AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: "1" },
    });
    const { acknowledged, seconds: took } = JSON.parse(stdout);
    rates.theirs.push(acknowledged / took);
  }
  figure({
    part: "producing",
    metric: "against aws-kinesis-writable 4.3.0",
    value: median(rates.ours) / median(rates.theirs),
    unit: "×",
    target: { atLeast: 5 },
    limit: "both end at the embedded stack on the same two cores",
  });
  kinesis.destroy();
  await server.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
