import { rmSync } from "node:fs";
import {
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  PutRecordCommand,
  UpdateShardCountCommand,
} from "@aws-sdk/client-kinesis";
import {
  CreateApplicationCommand,
  DescribeApplicationCommand,
  KinesisAnalyticsV2Client,
  ListApplicationSnapshotsCommand,
  type RunConfiguration,
  StartApplicationCommand,
  StopApplicationCommand,
} from "@aws-sdk/client-kinesis-analytics-v2";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Detector } from "../../../../../src/detect/detector.ts";
import { Aggregate } from "../../../../../src/kinesis-format/aggregated-record.ts";
import { launchStack, stopStack } from "../../../../../src/local/process/launch.ts";
import { type Clients, clients, contents, put, role, stream, until } from "../../../pipeline-fixture.ts";
import { clientOptions, temporaryFolder, temporaryStack } from "../../../stack-fixture.ts";

interface Farm {
  endpoint: string;
  aws: Clients;
  flink: KinesisAnalyticsV2Client;
}

function farmOf(endpoint: string): Farm {
  return { endpoint, aws: clients(endpoint), flink: new KinesisAnalyticsV2Client(clientOptions(endpoint)) };
}

/** Role, jar, streams `<name>-in` and `<name>-out`, and the application between them, not started. */
async function application(
  { endpoint, aws, flink }: Farm,
  ApplicationName: string,
  properties = {},
  CheckpointInterval = 60_000,
) {
  const s3 = new S3Client({ ...clientOptions(endpoint), forcePathStyle: true });
  const Bucket = `jars-${ApplicationName}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "job.jar", Body: "a jar" }));
  s3.destroy();
  await stream(aws, `${ApplicationName}-in`);
  await stream(aws, `${ApplicationName}-out`);
  const PropertyMap = {
    inputStreamName: `${ApplicationName}-in`,
    ouputStreamName: `${ApplicationName}-out`,
    ...properties,
  };
  await flink.send(
    new CreateApplicationCommand({
      ApplicationName,
      RuntimeEnvironment: "FLINK-1_20",
      ServiceExecutionRole: await role(aws.iam, ApplicationName, "kinesisanalytics.amazonaws.com"),
      ApplicationConfiguration: {
        ApplicationCodeConfiguration: {
          CodeContentType: "ZIPFILE",
          CodeContent: { S3ContentLocation: { BucketARN: `arn:aws:s3:::${Bucket}`, FileKey: "job.jar" } },
        },
        EnvironmentProperties: { PropertyGroups: [{ PropertyGroupId: "project", PropertyMap }] },
        FlinkApplicationConfiguration: {
          CheckpointConfiguration: { ConfigurationType: "CUSTOM", CheckpointingEnabled: true, CheckpointInterval },
        },
      },
    }),
  );
}

const state = ({ flink }: Farm, ApplicationName: string, wanted: string) =>
  until(async () => {
    const { ApplicationDetail } = await flink.send(new DescribeApplicationCommand({ ApplicationName }));
    return ApplicationDetail?.ApplicationStatus === wanted;
  }, `${ApplicationName} ${wanted}`);

async function start(farm: Farm, ApplicationName: string, ApplicationRestoreType?: string) {
  const RunConfiguration = ApplicationRestoreType
    ? { ApplicationRestoreConfiguration: { ApplicationRestoreType } }
    : {};
  await farm.flink.send(
    new StartApplicationCommand({ ApplicationName, RunConfiguration: RunConfiguration as RunConfiguration }),
  );
  await state(farm, ApplicationName, "RUNNING");
}

async function stop(farm: Farm, ApplicationName: string, Force = false) {
  await farm.flink.send(new StopApplicationCommand({ ApplicationName, Force }));
  await state(farm, ApplicationName, "READY");
}

const status = async ({ endpoint }: Farm, name: string) =>
  ((await (await fetch(`${endpoint}/_windops/application?name=${name}`)).json()) as any[])[0];

const at = (i: number) => new Date(Date.UTC(2026, 10, 23) + i * 1000).toISOString();
const speed = (turbine: string, i: number) => 9 + Math.sin(i / 7) + turbine.length / 10 + (((i * 7919) % 97) - 48) / 60;
const reading = (turbineId: string, i: number) =>
  JSON.stringify({ turbineId, location: "Oak Ridge", speed: speed(turbineId, i), timestamp: at(i) });
const readings = (turbine: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, k) => reading(turbine, from + k));
const turbineOf = (text: string) => JSON.parse(text).turbineId as string;

/** What an undisturbed detector gives a turbine's readings. */
function reference(turbine: string, count: number): Map<string, number> {
  const detector = new Detector();
  return new Map(
    Array.from({ length: count }, (_, i) => [
      at(i),
      detector.next({ speed: speed(turbine, i), timestampMs: Date.parse(at(i)) }).rcfScore,
    ]),
  );
}

/** The output, once `count` different ones are there. */
const scored = ({ aws }: Farm, name: string, count: number): Promise<any[]> =>
  until(
    async () => {
      const all = (await contents(aws, `${name}-out`)).map((text) => JSON.parse(text));
      return new Set(all.map((one) => `${one.turbineId} ${one.timestamp} ${one.raw}`)).size >= count ? all : undefined;
    },
    `${count} scored readings of ${name}`,
    60,
  );

describe("the embedded engine", () => {
  let stack: Awaited<ReturnType<typeof temporaryStack>>;
  let farm: Farm;
  beforeAll(async () => {
    stack = await temporaryStack({ limits: false });
    farm = farmOf(stack.endpoint);
  });
  afterAll(() => stack.close());

  it("scores each reading as the detector does, and passes on whole what isn't one", async () => {
    await application(farm, "scores");
    await start(farm, "scores");
    await put(farm.aws, "scores-in", [...readings("a", 0, 60), ...readings("bb", 0, 60)], turbineOf);
    await put(
      farm.aws,
      "scores-in",
      ['{"location":"Hill","speed":3,"yaw":5}', "calm today", '{"turbineId":"a"}'],
      () => "k",
    );
    const all = await scored(farm, "scores", 123);
    for (const turbine of ["a", "bb"]) {
      const mine = all.filter(({ turbineId }) => turbineId === turbine);
      expect(mine.map(({ timestamp }) => timestamp)).toEqual(Array.from({ length: 60 }, (_, i) => at(i)));
      expect(new Map(mine.map((one) => [one.timestamp, one.rcfScore]))).toEqual(reference(turbine, 60));
    }
    expect(all.find(({ turbineId }) => turbineId === "Hill")).toEqual({
      turbineId: "Hill",
      location: "Hill",
      speed: 3,
      timestamp: expect.stringMatching(/^20\d\d-.*Z$/),
      yaw: 5,
      rcfScore: 0,
      score: 0,
    });
    expect(
      all
        .filter(({ error }) => error)
        .map(({ raw }) => raw)
        .sort(),
    ).toEqual(["calm today", '{"turbineId":"a"}']);
    expect(await status(farm, "scores")).toMatchObject({
      status: "RUNNING",
      engine: "embedded",
      recordsIn: 123,
      recordsOut: 123,
      rejected: 2,
      millisBehindLatest: 0,
      warmUp: { a: 1, bb: 1, Hill: 1 / 32 },
      lastCheckpoint: { id: 1 },
      restarts: 0,
    });
  });

  it("goes on from its snapshot where it stopped, or begins anew", async () => {
    await application(farm, "stops");
    await start(farm, "stops");
    await put(farm.aws, "stops-in", readings("a", 0, 50), turbineOf);
    await scored(farm, "stops", 50);
    await stop(farm, "stops");
    await put(farm.aws, "stops-in", readings("a", 50, 80), turbineOf);
    await start(farm, "stops");
    const all = await scored(farm, "stops", 80);
    expect(all).toHaveLength(80);
    expect(new Map(all.map((one) => [one.timestamp, one.rcfScore]))).toEqual(reference("a", 80));

    await stop(farm, "stops", true);
    const { SnapshotSummaries } = await farm.flink.send(
      new ListApplicationSnapshotsCommand({ ApplicationName: "stops" }),
    );
    expect(SnapshotSummaries).toHaveLength(1);
    await start(farm, "stops", "SKIP_RESTORE_FROM_SNAPSHOT");
    await until(async () => (await contents(farm.aws, "stops-out")).length === 160, "everything scored anew");
    expect((await status(farm, "stops")).warmUp).toEqual({ a: 1 });
  });

  it("takes aggregated records apart, and goes on within one where it stopped", async () => {
    await application(farm, "aggregated");
    await start(farm, "aggregated");
    const COUNT = 1200;
    const texts = readings("a", 0, COUNT);
    texts.splice(100, 0, "calm today");
    const aggregate = new Aggregate();
    for (const text of texts) aggregate.add("a", Buffer.from(text));
    const damaged = aggregate.encode();
    damaged[100]! ^= 1;
    const send = (Data: Uint8Array) =>
      farm.aws.kinesis.send(new PutRecordCommand({ StreamName: "aggregated-in", PartitionKey: "a", Data }));
    await send(aggregate.encode());
    // It takes a third of a second: this stop finds it in the middle.
    await until(async () => (await status(farm, "aggregated")).recordsIn > 0, "the first of it");
    await stop(farm, "aggregated");
    await start(farm, "aggregated");
    // Damaged ones are no aggregates: kept whole, for quarantine.
    await send(damaged.subarray(0, 2000));
    const all = await scored(farm, "aggregated", COUNT + 2);
    expect(all).toHaveLength(COUNT + 2);
    const mine = all.filter(({ turbineId }) => turbineId === "a");
    expect(mine.map(({ timestamp }) => timestamp)).toEqual(Array.from({ length: COUNT }, (_, i) => at(i)));
    expect(new Map(mine.map((one) => [one.timestamp, one.rcfScore]))).toEqual(reference("a", COUNT));
    const rejected = all.filter(({ error }) => error);
    expect(rejected.map(({ raw }) => raw)).toContain("calm today");
    expect(rejected.find(({ encoding }) => encoding)).toMatchObject({ encoding: "base64" });
  });

  it("can be forced to stop when its output is gone, and a missing stream is a failed start", async () => {
    await application(farm, "stuck");
    await start(farm, "stuck");
    await farm.aws.kinesis.send(new DeleteStreamCommand({ StreamName: "stuck-out" }));
    const gone = () =>
      farm.aws.kinesis.send(new DescribeStreamSummaryCommand({ StreamName: "stuck-out" })).then(
        () => false,
        (error) => error.name === "ResourceNotFoundException",
      );
    await until(gone, "the output stream gone");
    await put(farm.aws, "stuck-in", readings("a", 0, 5), turbineOf);
    const snapshots = async () => {
      const answer = await farm.flink.send(new ListApplicationSnapshotsCommand({ ApplicationName: "stuck" }));
      return answer.SnapshotSummaries!.map(({ SnapshotStatus }) => SnapshotStatus);
    };
    await farm.flink.send(new StopApplicationCommand({ ApplicationName: "stuck" }));
    await until(async () => (await snapshots())[0] === "CREATING", "a snapshot begun");
    await stop(farm, "stuck", true);
    expect(await snapshots()).toEqual(["FAILED"]);
    await farm.flink.send(new StartApplicationCommand({ ApplicationName: "stuck" }));
    await state(farm, "stuck", "READY");
    await stream(farm.aws, "stuck-out");
    await start(farm, "stuck");
    expect(await scored(farm, "stuck", 5)).toHaveLength(5);
  });

  it("keeps each turbine's order and state while the stream is split and merged", async () => {
    await application(farm, "resharded");
    await start(farm, "resharded");
    const turbines = ["a", "bb", "ccc", "dddd"];
    const COUNT = 90;
    for (let i = 0; i < COUNT; i++) {
      await put(
        farm.aws,
        "resharded-in",
        turbines.map((turbine) => reading(turbine, i)),
        turbineOf,
      );
      if (i === 20 || i === 55) {
        const TargetShardCount = i === 20 ? 2 : 1;
        const change = { StreamName: "resharded-in", TargetShardCount, ScalingType: "UNIFORM_SCALING" as const };
        // The change before may not be over yet.
        await until(() => farm.aws.kinesis.send(new UpdateShardCountCommand(change)), "the next change of shards");
      }
    }
    const all = await scored(farm, "resharded", turbines.length * COUNT);
    for (const turbine of turbines) {
      const mine = all.filter(({ turbineId }) => turbineId === turbine);
      expect(mine.map(({ timestamp }) => timestamp)).toEqual(Array.from({ length: COUNT }, (_, i) => at(i)));
      expect(new Map(mine.map((one) => [one.timestamp, one.rcfScore]))).toEqual(reference(turbine, COUNT));
    }
  });
});

describe("the stack killed under a running application", () => {
  const stateDir = temporaryFolder();
  afterAll(async () => {
    await stopStack(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  });

  it("goes on from the last checkpoint by itself: nothing lost, and repeated readings score the same", async () => {
    const launch = async () => {
      const { endpoint, pid } = await launchStack({ env: process.env, stateDir, port: 0, limits: false });
      return { ...farmOf(endpoint), pid };
    };
    const turbines = ["a", "bb", "ccc"];
    const ROUNDS = 4;
    const EACH = 60;
    let farm = await launch();
    await application(farm, "killed", {}, 200);
    await start(farm, "killed");
    for (let round = 0; round < ROUNDS; round++) {
      const before = (await status(farm, "killed")).lastCheckpoint.id;
      const all = turbines.flatMap((turbine) => readings(turbine, round * EACH, (round + 1) * EACH));
      await put(farm.aws, "killed-in", all, turbineOf);
      // In odd rounds at once, in the middle of the work; in even ones behind a checkpoint that holds part of it.
      if (round % 2 === 0) {
        await until(async () => (await status(farm, "killed")).lastCheckpoint.id > before, "a later checkpoint");
      }
      process.kill(farm.pid, "SIGKILL");
      farm = await launch();
      await until(async () => (await status(farm, "killed"))?.lastCheckpoint, "running again");
    }
    const all = await scored(farm, "killed", turbines.length * ROUNDS * EACH);
    for (const turbine of turbines) {
      const expected = reference(turbine, ROUNDS * EACH);
      const mine = all.filter(({ turbineId }) => turbineId === turbine);
      expect(new Set(mine.map(({ timestamp }) => timestamp))).toEqual(new Set(expected.keys()));
      expect(mine.filter((one) => one.rcfScore !== expected.get(one.timestamp))).toEqual([]);
    }
  });
});
