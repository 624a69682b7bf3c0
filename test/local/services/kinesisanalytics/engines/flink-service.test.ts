import { readFileSync } from "node:fs";
import {
  type ApplicationConfigurationUpdate,
  CreateApplicationCommand,
  DescribeApplicationCommand,
  KinesisAnalyticsV2Client,
  ListApplicationSnapshotsCommand,
  StartApplicationCommand,
  StopApplicationCommand,
  UpdateApplicationCommand,
} from "@aws-sdk/client-kinesis-analytics-v2";
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluate } from "../../../../../src/local/services/iam/evaluation/policy.ts";
import { pipelineOf } from "../../../../../src/pipeline/resource.ts";
import { identities } from "../../../../../src/pipeline/settings/identities.ts";
import { rolePolicies } from "../../../../../src/pipeline/settings/policies.ts";
import { ITERATOR, noting } from "../../../../pipeline/permissions/rights-proxy.ts";
import { testPipeline } from "../../../../pipeline/provisioned.ts";
import { type Clients, clients, role, stream } from "../../../pipeline-fixture.ts";
import { clientOptions, temporaryStack } from "../../../stack-fixture.ts";
import { build, ensureBuilt, hasJdk, until } from "./flink-fixture.ts";

const ApplicationName = "AnomalyDetection";
const Bucket = "jars";

/** As any client of Managed Flink sees it: the service's calls, and the real jar behind them. */
describe.runIf(hasJdk)("Kinesis Analytics on engine flink", { timeout: 180_000 }, () => {
  let stack: Awaited<ReturnType<typeof temporaryStack>>;
  let aws: Clients;
  let flink: KinesisAnalyticsV2Client;
  let s3: S3Client;
  let noted: Awaited<ReturnType<typeof noting>>;

  beforeAll(async () => {
    await ensureBuilt();
    stack = await temporaryStack({ engine: "flink" });
    aws = clients(stack.endpoint);
    noted = await noting(stack.endpoint);
    flink = new KinesisAnalyticsV2Client(clientOptions(stack.endpoint));
    s3 = new S3Client({ ...clientOptions(stack.endpoint), forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    await stream(aws, "in");
    await stream(aws, "out");
  }, 300_000);

  afterAll(async () => {
    await noted.close();
    await stack.close();
  });

  const upload = async (): Promise<string> =>
    (await s3.send(new PutObjectCommand({ Bucket, Key: "job.jar", Body: readFileSync(build.jar) }))).VersionId!;

  const detail = async () => (await flink.send(new DescribeApplicationCommand({ ApplicationName }))).ApplicationDetail!;
  const settled = (wanted: string) => until(async () => (await detail()).ApplicationStatus === wanted);

  const update = async (ApplicationConfigurationUpdate: ApplicationConfigurationUpdate) => {
    const { ApplicationVersionId: CurrentApplicationVersionId } = await detail();
    await flink.send(
      new UpdateApplicationCommand({ ApplicationName, CurrentApplicationVersionId, ApplicationConfigurationUpdate }),
    );
    await settled("RUNNING");
  };

  let sent = 0;
  const put = async (count: number) => {
    for (let i = 0; i < count; i++, sent++) {
      const timestamp = new Date(Date.UTC(2026, 10, 23) + sent * 1000).toISOString();
      const reading = { turbineId: "a", location: "Oak Ridge", speed: 9 + Math.sin(sent), timestamp };
      const input = { StreamName: "in", PartitionKey: "a", Data: Buffer.from(JSON.stringify(reading)) };
      await stack.stack.call("kinesis", "PutRecord", input, "us-east-1");
    }
  };

  /** Scores by time. */
  const scored = async () => {
    const at = { StreamName: "out", ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" };
    const { ShardIterator } = await stack.stack.call("kinesis", "GetShardIterator", at, "us-east-1");
    const { Records } = await stack.stack.call("kinesis", "GetRecords", { ShardIterator }, "us-east-1");
    return new Map<string, number>(
      (Records as { Data: Uint8Array }[])
        .map(({ Data }) => JSON.parse(Buffer.from(Data).toString()))
        .map(({ timestamp, score }) => [timestamp, score]),
    );
  };

  /** All were scored, and no forest began anew: its first scores would be 0 again. */
  const allScored = async () => {
    await until(async () => (await scored()).size === sent);
    expect([...(await scored()).values()].slice(25).filter((score) => score === 0)).toEqual([]);
  };

  it("runs the jar in the bucket", async () => {
    await upload();
    const ServiceExecutionRole = await role(aws.iam, "flink", "kinesisanalytics.amazonaws.com");
    const project = {
      inputStreamName: "in",
      ouputStreamName: "out",
      region: "us-east-1",
      outputAfter: "20",
      endpoint: noted.endpoint,
    };
    await flink.send(
      new CreateApplicationCommand({
        ApplicationName,
        RuntimeEnvironment: "FLINK-1_20",
        ServiceExecutionRole,
        ApplicationConfiguration: {
          ApplicationCodeConfiguration: {
            CodeContentType: "ZIPFILE",
            CodeContent: { S3ContentLocation: { BucketARN: `arn:aws:s3:::${Bucket}`, FileKey: "job.jar" } },
          },
          EnvironmentProperties: { PropertyGroups: [{ PropertyGroupId: "project", PropertyMap: project }] },
          ApplicationSnapshotConfiguration: { SnapshotsEnabled: true },
        },
      }),
    );
    await flink.send(new StartApplicationCommand({ ApplicationName }));
    await settled("RUNNING");
    await put(40);
    await allScored();
  });

  it("goes on from a snapshot with a new jar and another parallelism", async () => {
    await update({
      ApplicationCodeConfigurationUpdate: {
        CodeContentUpdate: { S3ContentLocationUpdate: { ObjectVersionUpdate: await upload() } },
      },
      FlinkApplicationConfigurationUpdate: {
        ParallelismConfigurationUpdate: { ConfigurationTypeUpdate: "CUSTOM", ParallelismUpdate: 2 },
      },
    });
    await put(10);
    await allScored();
  });

  it("takes a snapshot when it is stopped and starts from it", async () => {
    await flink.send(new StopApplicationCommand({ ApplicationName }));
    await settled("READY");
    const { SnapshotSummaries } = await flink.send(new ListApplicationSnapshotsCommand({ ApplicationName }));
    expect(SnapshotSummaries?.map(({ SnapshotStatus }) => SnapshotStatus)).toEqual(["READY", "READY"]);
    await put(10);
    await flink.send(
      new StartApplicationCommand({
        ApplicationName,
        RunConfiguration: {
          ApplicationRestoreConfiguration: { ApplicationRestoreType: "RESTORE_FROM_LATEST_SNAPSHOT" },
        },
      }),
    );
    await settled("RUNNING");
    await allScored();
  });

  it("every call that the job has made is allowed by the application's role", () => {
    const { session } = testPipeline(stack.endpoint);
    const { inputStream, outputStream } = identities(session).arns;
    const policy = rolePolicies(pipelineOf(session), identities(session)).flink;
    const arns: Record<string, string> = { in: inputStream, [ITERATOR]: inputStream, out: outputStream };
    expect(noted.faults).toEqual([]);
    const wanted = noted.made.map(({ action, resource }) => ({
      action,
      resource: arns[resource.split("stream/")[1]!]!,
    }));
    const refused = wanted.filter(
      (right) => evaluate([policy as never], right.action, right.resource).decision !== "allowed",
    );
    expect(refused).toEqual([]);
    expect(new Set(wanted.map(({ action }) => action))).toContain("kinesis:PutRecords");
  });
});
