// The embedded stack on a gibibyte of records: time from the start of its process to its first answer, and its memory
// after reading all of it. `node scripts/ts.mjs bench/stack-size.ts [MEBIBYTES]`
import { readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { startStack } from "../src/local/stack.ts";
import { figure } from "./report.ts";
import { windops } from "./servers.ts";

const mebibytes = Number(process.argv[2] ?? 1024);
const SHARDS = 4;
const folder = join(tmpdir(), `bench-size-${process.pid}`);

function bytesIn(path: string): number {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function fill(): Promise<number> {
  const running = await startStack({ stateDir: folder, limits: false });
  const call = (operation: string, input: object) => running.stack.call("kinesis", operation, input, "us-east-1");
  await call("CreateStream", { StreamName: "bench", ShardCount: SHARDS });
  while (
    (await call("DescribeStreamSummary", { StreamName: "bench" })).StreamDescriptionSummary.StreamStatus !== "ACTIVE"
  )
    await new Promise((resolve) => setTimeout(resolve, 50));
  let records = 0;
  for (let size = 0; size < mebibytes << 20; size = bytesIn(join(folder, "data"))) {
    for (let i = 0; i < 200; i++) {
      const Records = Array.from({ length: 500 }, () => ({
        Data: Buffer.alloc(200, "w"),
        PartitionKey: `oak-${records++}`,
      }));
      await call("PutRecords", { StreamName: "bench", Records });
    }
  }
  await running.close();
  return records;
}

async function readAll(endpoint: string): Promise<number> {
  const client = new Kinesis({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    requestHandler: new NodeHttpHandler(),
  });
  let records = 0;
  for (let shard = 0; shard < SHARDS; shard++) {
    const position = { StreamName: "bench", ShardId: String(shard), ShardIteratorType: "TRIM_HORIZON" as const };
    let next = (await client.getShardIterator(position)).ShardIterator;
    for (let behind = 1; behind > 0; ) {
      const page = await client.getRecords({ ShardIterator: next });
      records += page.Records!.length;
      next = page.NextShardIterator;
      behind = page.MillisBehindLatest!;
    }
  }
  client.destroy();
  return records;
}

const records = await fill();
const size = bytesIn(join(folder, "data")) / (1 << 20);
const started = performance.now();
const server = await windops(folder);
const ready = performance.now() - started;
const empty = server.rss();
const got = await readAll(server.endpoint);
console.log("| data MiB | records | ready ms | target ms | RSS at start MiB | after reading all MiB |");
console.log("|--:|--:|--:|--:|--:|--:|");
console.log(
  `| ${size.toFixed(0)} | ${records} | ${ready.toFixed(0)} | ≤ 2000 | ${empty.toFixed(0)} | ${server.rss().toFixed(0)} |`,
);
const part = "embedded stack";
figure({
  part,
  metric: `start with ${size.toFixed(0)} MiB of data`,
  value: ready,
  unit: "ms",
  target: { atMost: 2000 },
});
figure({ part, metric: "memory after reading all of it", value: server.rss(), unit: "MiB" });
await server.stop();
rmSync(folder, { recursive: true, force: true });
if (got !== records) throw new Error(`${records - got} records were not read`);
