// A `setup` that finds nothing to do, through a proxy that adds latency to each call: wall time against the longest chain of calls that
// waited for each other; and the same check as a script of aws-cli calls, one after the other, where `aws` is on the PATH.
import { spawnSync } from "node:child_process";
import { identities } from "../src/pipeline/identities.ts";
import { setup } from "../src/pipeline/provision.ts";
import { testContext, testPipeline, testStack } from "../test/pipeline/provisioned.ts";
import { type ProxiedCall, startProxy } from "../test/proxy.ts";

const rounds = Number(process.argv[2] ?? 7);
const options = { steps: [], dryRun: false, adopt: false };
const stack = await testStack();
const proxy = await startProxy(stack.endpoint);
const { what } = testPipeline(proxy.endpoint);
const run = () => setup(testContext(), what, options);

/** Calls in the longest chain in which each came after the answer to the one before. */
function longestChain(calls: ProxiedCall[]): number {
  let chain = 0;
  let end = -Infinity;
  for (const call of calls.toSorted((a, b) => a.to! - b.to!)) {
    if (call.from < end) continue;
    chain++;
    end = call.to!;
  }
  return chain;
}

const started = performance.now();
await run();
console.log(
  `first set-up: ${proxy.calls.length} calls, ${(performance.now() - started).toFixed(0)} ms without added latency\n`,
);
for (let i = 0; i < 5; i++) await run();

console.log(
  "| added to each call | calls | longest chain | wall ms | ÷ (chain × latency) | without the work, ÷ |\n|--:|--:|--:|--:|--:|--:|",
);
let idle = 0;
for (const latency of [0, 10, 50, 150]) {
  proxy.latency = latency;
  const times: number[] = [];
  let chain = 0;
  for (let i = 0; i < rounds; i++) {
    proxy.calls.length = 0;
    const from = performance.now();
    await run();
    times.push(performance.now() - from);
    chain = Math.max(chain, longestChain(proxy.calls));
  }
  const wall = times.toSorted((a, b) => a - b)[rounds >> 1]!;
  if (latency === 0) idle = wall;
  // Without latency nothing waits: what looks like a chain there is one call after the other on one processor.
  const ratio = (ms: number) => (latency === 0 ? "" : (ms / (chain * latency)).toFixed(2));
  console.log(
    `| ${latency} ms | ${proxy.calls.length} | ${latency === 0 ? "" : chain} | ${wall.toFixed(0)} | ${ratio(wall)} | ${ratio(wall - idle)} |`,
  );
}

proxy.latency = 50;
const { names } = what.pipeline;
const { roles, logGroups, arns } = identities(what.pipeline);
/** One read a resource: less than windops compares. */
const script = [
  `s3api head-bucket --bucket ${names.bucket}`,
  ...[names.inputStream, names.outputStream].map((s) => `kinesis describe-stream-summary --stream-name ${s}`),
  ...[names.table, `${names.table}Alerts`].map((t) => `dynamodb describe-table --table-name ${t}`),
  ...[arns.topic, arns.healthTopic].map((t) => `sns get-topic-attributes --topic-arn ${t}`),
  ...[roles.flink, roles.destination, roles.delivery, roles.schedule].map((r) => `iam get-role --role-name ${r}`),
  ...Object.values(logGroups).map((g) => `logs describe-log-groups --log-group-name-prefix ${g}`),
  ...[names.destinationFunction, names.deliveryFunction].map((f) => `lambda get-function --function-name ${f}`),
  `kinesisanalyticsv2 describe-application --application-name ${names.application}`,
  `lambda list-event-source-mappings --function-name ${names.destinationFunction}`,
  "cloudwatch describe-alarms",
];
if (spawnSync("aws", ["--version"]).status === 0) {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: proxy.endpoint,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_PAGER: "",
  };
  const { spawn } = await import("node:child_process");
  const from = performance.now();
  for (const line of script) {
    const code = await new Promise((done) => spawn("aws", line.split(" "), { env, stdio: "ignore" }).on("close", done));
    if (code !== 0) throw new Error(`aws ${line} ended with ${code}`);
  }
  console.log(
    `\naws-cli script, 50 ms added: ${script.length} reads one after the other, ${(performance.now() - from).toFixed(0)} ms`,
  );
} else console.log("\nNo aws on the PATH: the script of aws-cli calls was left out.");

what.pipeline.clients.destroy();
await proxy.close();
await stack.close();
