// The embedded engine in the stack: how long after a reading's acknowledgement its score is in the output stream, beside how
// long the same client takes to see the reading itself; the rate of a backlog beside the detector alone; a warm function.
// `node scripts/ts.mjs bench/engine.ts [READINGS]`
import { IAM } from "@aws-sdk/client-iam";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { KinesisAnalyticsV2 } from "@aws-sdk/client-kinesis-analytics-v2";
import { Lambda } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { strToU8, zipSync } from "fflate";
import { Detector } from "../src/detect/detector.ts";
import { windops } from "./servers.ts";

const READINGS = Number(process.argv[2] ?? 400);
const BACKLOG = 20_000;
const TURBINES = 40;
const server = await windops();
const options = {
  endpoint: server.endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
};
const kinesis = new Kinesis({ ...options, requestHandler: new NodeHttpHandler() });
const flink = new KinesisAnalyticsV2(options);
const s3 = new S3({ ...options, forcePathStyle: true });
const iam = new IAM(options);
const lambda = new Lambda(options);

const median = (values: number[], part = 0.5) => values.toSorted((a, b) => a - b)[Math.floor(values.length * part)]!;
const row = (...cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);

async function eventually(look: () => Promise<boolean | undefined>): Promise<void> {
  while (!(await look().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function role(RoleName: string, Service: string): Promise<string> {
  const Statement = [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  return (await iam.createRole({ RoleName, AssumeRolePolicyDocument })).Role!.Arn!;
}

async function application(): Promise<void> {
  await s3.createBucket({ Bucket: "jars" });
  await s3.putObject({ Bucket: "jars", Key: "job.jar", Body: "a jar" });
  for (const StreamName of ["in", "out"]) {
    await kinesis.createStream({ StreamName, ShardCount: 1 });
    await eventually(
      async () =>
        (await kinesis.describeStreamSummary({ StreamName })).StreamDescriptionSummary?.StreamStatus === "ACTIVE",
    );
  }
  const PropertyMap = { inputStreamName: "in", outputStreamName: "out" };
  await flink.createApplication({
    ApplicationName: "app",
    RuntimeEnvironment: "FLINK-1_20",
    ServiceExecutionRole: await role("flink", "kinesisanalytics.amazonaws.com"),
    ApplicationConfiguration: {
      ApplicationCodeConfiguration: {
        CodeContentType: "ZIPFILE",
        CodeContent: { S3ContentLocation: { BucketARN: "arn:aws:s3:::jars", FileKey: "job.jar" } },
      },
      EnvironmentProperties: { PropertyGroups: [{ PropertyGroupId: "project", PropertyMap }] },
    },
  });
  await flink.startApplication({ ApplicationName: "app" });
  await eventually(
    async () =>
      (await flink.describeApplication({ ApplicationName: "app" })).ApplicationDetail?.ApplicationStatus === "RUNNING",
  );
}

const reading = (i: number) =>
  Buffer.from(
    JSON.stringify({
      turbineId: `oak-${i % TURBINES}`,
      location: "Oak Ridge",
      speed: 9 + Math.sin(i / 70) + ((i * 7919) % 97) / 60,
      timestamp: new Date(Date.UTC(2026, 10, 23) + i * 100).toISOString(),
    }),
  );

/** Milliseconds from each acknowledgement to the record's being seen in `StreamName`, the client asking without pause. */
async function delays(StreamName: string): Promise<number[]> {
  const found = await kinesis.getShardIterator({
    StreamName,
    ShardId: "shardId-000000000000",
    ShardIteratorType: "LATEST",
  });
  let ShardIterator = found.ShardIterator;
  const delays: number[] = [];
  for (let i = 0; i < READINGS; i++) {
    await kinesis.putRecord({ StreamName: "in", Data: reading(i), PartitionKey: `oak-${i % TURBINES}` });
    const acknowledged = performance.now();
    for (let seen = 0; seen === 0; ) {
      const page = await kinesis.getRecords({ ShardIterator });
      ShardIterator = page.NextShardIterator;
      seen = page.Records!.length;
    }
    delays.push(performance.now() - acknowledged);
  }
  return delays;
}

try {
  await application();
  await delays("out");
  row("from acknowledged to seen, ms", "median", "p99");
  row("--", "--:", "--:");
  // In turn, in one run: what other work on the machine does hits both.
  for (const round of [1, 2]) {
    for (const [name, stream] of [
      ["the reading itself", "in"],
      ["its score", "out"],
    ] as const) {
      const found = await delays(stream);
      row(`${name} (${round})`, median(found).toFixed(2), median(found, 0.99).toFixed(2));
    }
  }

  const before = await figures();
  const cpu = server.cpu();
  const began = performance.now();
  for (let i = 0; i < BACKLOG; i += 500) {
    const Records = Array.from({ length: 500 }, (_, k) => ({
      Data: reading(i + k),
      PartitionKey: `oak-${(i + k) % TURBINES}`,
    }));
    await kinesis.putRecords({ StreamName: "in", Records });
  }
  await eventually(async () => (await figures()).recordsOut === before.recordsOut + BACKLOG);
  const rate = BACKLOG / ((performance.now() - began) / 1000);
  const each = (server.cpu() - cpu) / BACKLOG;

  const detectors = Array.from({ length: TURBINES }, () => new Detector());
  const values = Array.from({ length: BACKLOG }, (_, i) => JSON.parse(reading(i).toString()).speed as number);
  const alone = process.cpuUsage();
  for (const [i, speed] of values.entries()) detectors[i % TURBINES]!.next({ speed, timestampMs: i });
  const used = process.cpuUsage(alone);
  const detector = (used.user + used.system) / BACKLOG;
  console.log(
    `\nbacklog: ${rate.toFixed(0)} readings/s; CPU a reading: stack ${each.toFixed(0)} µs, the detector alone ${detector.toFixed(0)} µs: ${(each / detector).toFixed(2)} times`,
  );

  const code = { "index.mjs": strToU8("export const handler = async (event) => event.length;") };
  const FunctionName = "warm";
  await lambda.createFunction({
    FunctionName,
    Role: await role("f", "lambda.amazonaws.com"),
    Runtime: "nodejs22.x",
    Handler: "index.handler",
    Code: { ZipFile: zipSync(code) },
  });
  await eventually(async () => (await lambda.getFunctionConfiguration({ FunctionName })).State === "Active");
  const invocations: number[] = [];
  for (let i = 0; i < 200; i++) {
    const from = performance.now();
    await lambda.invoke({ FunctionName, Payload: Buffer.from("[]") });
    invocations.push(performance.now() - from);
  }
  console.log(
    `invoke: first ${invocations[0]!.toFixed(0)} ms, warm median ${median(invocations.slice(1)).toFixed(2)} ms`,
  );
} finally {
  for (const client of [kinesis, flink, s3, iam, lambda]) client.destroy();
  await server.stop();
}

async function figures(): Promise<{ recordsOut: number }> {
  return ((await (await fetch(`${server.endpoint}/_windops/application`)).json()) as { recordsOut: number }[])[0]!;
}
