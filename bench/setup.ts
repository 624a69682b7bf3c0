// A `setup` that finds nothing to do, through a proxy that adds latency to each call: wall time against the longest chain of calls that
// waited for each other; and the same check as a script of aws-cli calls, one after the other, where `aws` is on the PATH.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setup } from "../src/pipeline/plan/provision.ts";
import { identities } from "../src/pipeline/settings/identities.ts";
import { testContext, testPipeline, testStack } from "../test/pipeline/provisioned.ts";
import { type ProxiedCall, startProxy } from "../test/proxy.ts";

/** The stack and the proxy before it, in a process of their own: their work is AWS's part, not windops'. */
async function serve(): Promise<never> {
  const stack = await testStack();
  const proxy = await startProxy(stack.endpoint);
  process.send!(proxy.endpoint);
  for (;;) {
    const [latency] = (await once(process, "message")) as [number | "end"];
    if (latency === "end") {
      await proxy.close();
      await stack.close();
      process.exit(0);
    }
    process.send!(proxy.calls.splice(0));
    proxy.latency = latency;
  }
}
if (process.argv[2] === "serve") await serve();

const rounds = Number(process.argv[2] ?? 7);
const options = { steps: [], dryRun: false, adopt: false };
const servers = fork(process.argv[1]!, ["serve"]);
const [endpoint] = (await once(servers, "message")) as [string];
const { what } = testPipeline(endpoint);
const run = () => setup(testContext(), what, options);

/** Sets what is added to each call from here on; resolves to the calls since the last time. */
async function from(latency: number): Promise<ProxiedCall[]> {
  servers.send(latency);
  const [calls] = (await once(servers, "message")) as [ProxiedCall[]];
  return calls;
}

/** Calls in the longest chain in which each came after the answer to the one before, and the longest that any one took, in ms. */
function longestChain(calls: ProxiedCall[]): { length: number; slowest: number } {
  let length = 0;
  let end = -Infinity;
  for (const call of calls.toSorted((a, b) => a.to! - b.to!)) {
    if (call.from < end) continue;
    length++;
    end = call.to!;
  }
  return { length, slowest: Math.max(...calls.map((call) => call.to! - call.from)) };
}

const started = performance.now();
await run();
console.log(
  `first set-up: ${(await from(0)).length} calls, ${(performance.now() - started).toFixed(0)} ms without added latency\n`,
);
for (let i = 0; i < 5; i++) await run();

console.log(
  "| added to each call | calls | longest chain | wall ms | ÷ (chain × latency) | ÷ (chain × its slowest call) |\n|--:|--:|--:|--:|--:|--:|",
);
for (const latency of [0, 10, 50, 150]) {
  await from(latency);
  const times: number[] = [];
  const against: number[] = [];
  let chain = 0;
  let made = 0;
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
    const calls = await from(latency);
    made = calls.length;
    const { length, slowest } = longestChain(calls);
    chain = Math.max(chain, length);
    against.push(times.at(-1)! / (length * slowest));
  }
  const wall = times.toSorted((a, b) => a - b)[rounds >> 1]!;
  // Without latency nothing waits: what looks like a chain there is one call after the other on one processor.
  console.log(
    `| ${latency} ms | ${made} | ${latency === 0 ? "" : chain} | ${wall.toFixed(0)} | ${latency === 0 ? "" : (wall / (chain * latency)).toFixed(2)} | ${latency === 0 ? "" : against.toSorted((a, b) => a - b)[rounds >> 1]!.toFixed(2)} |`,
  );
}

await from(50);
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
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_PAGER: "",
  };
  const { spawn } = await import("node:child_process");
  const start = performance.now();
  for (const line of script) {
    const code = await new Promise((done) => spawn("aws", line.split(" "), { env, stdio: "ignore" }).on("close", done));
    if (code !== 0) throw new Error(`aws ${line} ended with ${code}`);
  }
  console.log(
    `\naws-cli script, 50 ms added: ${script.length} reads one after the other, ${(performance.now() - start).toFixed(0)} ms`,
  );
} else console.log("\nNo aws on the PATH: the script of aws-cli calls was left out.");

what.pipeline.clients.destroy();
servers.send("end");
