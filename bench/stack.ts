// The embedded stack's Kinesis against the npm emulators: the SDK as client, batches of 500 records of 200 bytes, each
// server a process of its own, in turn in one run. `node scripts/ts.mjs bench/stack.ts [ROUNDS] [SECONDS]`
import { Kinesis } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { PlainKinesis } from "./plain-http.ts";
import { figure, median } from "./report.ts";
import { canned, kinesalite, kinesisLocal, type Server, windops } from "./servers.ts";

const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 4);
const BATCH = 500;
const IN_FLIGHT = 4;
const Records = Array.from({ length: BATCH }, (_, i) => ({
  Data: Buffer.from(JSON.stringify({ turbineId: `oak-${i % 40}`, location: "Oak Ridge", speed: i / 50 }).padEnd(200)),
  PartitionKey: `oak-${i % 40}`,
}));

const client = (endpoint: string) =>
  new Kinesis({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    requestHandler: new NodeHttpHandler({ httpAgent: { maxSockets: IN_FLIGHT, keepAlive: true } as never }),
  });

async function stream(kinesis: Kinesis, StreamName: string): Promise<void> {
  await kinesis.createStream({ StreamName, ShardCount: 1 });
  for (;;) {
    const { StreamDescription: d } = await kinesis.describeStream({ StreamName });
    if (d?.StreamStatus === "ACTIVE") return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

interface Measured {
  records: number;
  /** A second. */
  rate: number;
}

/** With the server's own processor time for each record, in microseconds: what other load can't blur. */
async function timed(server: Server, run: () => Promise<Measured>): Promise<Measured & { cpu: number }> {
  const before = server.cpu();
  const measured = await run();
  return { ...measured, cpu: (server.cpu() - before) / measured.records };
}

/** Acknowledged records. */
async function putRate(kinesis: Kinesis, StreamName: string): Promise<Measured> {
  const started = performance.now();
  let records = 0;
  const loop = async () => {
    while (performance.now() - started < seconds * 1000) {
      const { FailedRecordCount } = await kinesis.putRecords({ StreamName, Records });
      records += BATCH - (FailedRecordCount ?? 0);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  return { records, rate: records / ((performance.now() - started) / 1000) };
}

/** Records read, from the beginning again and again in pages of 1,000. */
async function getRate(kinesis: Kinesis, StreamName: string): Promise<Measured> {
  const started = performance.now();
  let records = 0;
  const loop = async () => {
    let next: string | undefined;
    while (performance.now() - started < seconds * 1000) {
      next ??= (
        await kinesis.getShardIterator({
          StreamName,
          ShardId: "shardId-000000000000",
          ShardIteratorType: "TRIM_HORIZON",
        })
      ).ShardIterator;
      const page = await kinesis.getRecords({ ShardIterator: next, Limit: 1000 });
      records += page.Records!.length;
      next = page.Records!.length < 1000 ? undefined : page.NextShardIterator;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  return { records, rate: records / ((performance.now() - started) / 1000) };
}

/** The same by plain HTTP. */
async function plainGetRate(endpoint: string, StreamName: string): Promise<number> {
  const plain = new PlainKinesis(endpoint, IN_FLIGHT);
  const started = performance.now();
  let records = 0;
  const from = { StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" };
  const loop = async () => {
    let next: string | undefined;
    while (performance.now() - started < seconds * 1000) {
      next ??= JSON.parse(await plain.call("GetShardIterator", from)).ShardIterator as string;
      const page = await plain.call("GetRecords", { ShardIterator: next, Limit: 1000 });
      const got = page.split('"SequenceNumber"').length - 1;
      records += got;
      next = got < 1000 ? undefined : /"NextShardIterator":"([^"]*)"/.exec(page)?.[1];
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  plain.destroy();
  return records / ((performance.now() - started) / 1000);
}

interface Result {
  put: number[];
  get: number[];
  plainGet: number[];
  putCpu: number[];
  getCpu: number[];
  rss: number[];
}
const results = new Map<string, Result>();

async function measure(start: () => Promise<Server>): Promise<void> {
  const server = await start();
  const kinesis = client(server.endpoint);
  try {
    await stream(kinesis, "bench");
    const result = results.get(server.name) ?? { put: [], get: [], plainGet: [], putCpu: [], getCpu: [], rss: [] };
    results.set(server.name, result);
    const puts = await timed(server, () => putRate(kinesis, "bench"));
    result.put.push(puts.rate);
    result.putCpu.push(puts.cpu);
    const gets = await timed(server, () => getRate(kinesis, "bench"));
    result.get.push(gets.rate);
    result.getCpu.push(gets.cpu);
    result.plainGet.push(await plainGetRate(server.endpoint, "bench"));
    result.rss.push(server.rss());
  } finally {
    kinesis.destroy();
    await server.stop();
  }
}

for (let i = 0; i < rounds; i++) for (const start of [canned, windops, kinesalite, kinesisLocal]) await measure(start);

const ours = results.get("windops local")!;
const targets: Record<string, number> = { kinesalite: 5, "kinesis-local": 100 };
console.log(
  "| server | PutRecords records/s | ours × | server µs/record | GetRecords records/s | ours × | server µs/record | GetRecords by plain HTTP | ours × | target × | RSS MiB |",
);
console.log("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
for (const [name, { put, get, plainGet, putCpu, getCpu, rss }] of results) {
  const ratio = (a: number[], b: number[]) => (median(a) / median(b)).toFixed(1);
  const cells = [
    name,
    median(put).toFixed(0),
    ratio(ours.put, put),
    median(putCpu).toFixed(1),
    median(get).toFixed(0),
    ratio(ours.get, get),
    median(getCpu).toFixed(1),
    median(plainGet).toFixed(0),
    ratio(ours.plainGet, plainGet),
    targets[name] === undefined ? "" : `≥ ${targets[name]}`,
    median(rss).toFixed(0),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}

const clientLimit = "the SDK's own work on a record: see the rows by the server's processor time and by plain HTTP";
const part = "embedded stack";
for (const [name, target] of Object.entries(targets)) {
  const theirs = results.get(`${name}${name === "kinesalite" ? " 3.3.3" : ""}`) ?? results.get(name);
  if (!theirs) continue;
  const put = { value: median(ours.put) / median(theirs.put), cpu: median(theirs.putCpu) / median(ours.putCpu) };
  const get = { value: median(ours.get) / median(theirs.get), cpu: median(theirs.getCpu) / median(ours.getCpu) };
  for (const [call, { value, cpu }] of Object.entries({ PutRecords: put, GetRecords: get })) {
    figure({
      part,
      metric: `${call} against ${name}`,
      value,
      unit: "×",
      target: { atLeast: target },
      limit: clientLimit,
    });
    figure({ part, metric: `${call} against ${name}, by the server's processor time`, value: cpu, unit: "×" });
  }
  const plain = median(ours.plainGet) / median(theirs.plainGet);
  figure({ part, metric: `GetRecords against ${name}, by plain HTTP`, value: plain, unit: "×" });
}
const bySdk = median(ours.plainGet) / median(ours.get);
figure({ part, metric: "GetRecords by plain HTTP against the SDK as client", value: bySdk, unit: "×" });
figure({ part, metric: "memory after writing and reading", value: median(ours.rss), unit: "MiB" });
