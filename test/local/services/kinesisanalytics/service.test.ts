import {
  AddApplicationCloudWatchLoggingOptionCommand,
  CreateApplicationCommand,
  type CreateApplicationCommandInput,
  CreateApplicationSnapshotCommand,
  DeleteApplicationCommand,
  DeleteApplicationSnapshotCommand,
  DescribeApplicationCommand,
  DescribeApplicationOperationCommand,
  DescribeApplicationSnapshotCommand,
  DescribeApplicationVersionCommand,
  KinesisAnalyticsV2Client,
  ListApplicationOperationsCommand,
  ListApplicationSnapshotsCommand,
  ListApplicationsCommand,
  ListTagsForResourceCommand,
  StartApplicationCommand,
  StopApplicationCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateApplicationCommand,
} from "@aws-sdk/client-kinesis-analytics-v2";
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Clients, clients, role, stream, until } from "../../pipeline-fixture.ts";
import { clientOptions, temporaryStack } from "../../stack-fixture.ts";

let stack: Awaited<ReturnType<typeof temporaryStack>>;
let aws: Clients;
let flink: KinesisAnalyticsV2Client;
let s3: S3Client;
let ServiceExecutionRole: string;
const Bucket = "jars";

beforeAll(async () => {
  stack = await temporaryStack();
  aws = clients(stack.endpoint);
  flink = new KinesisAnalyticsV2Client({ ...clientOptions(stack.endpoint), maxAttempts: 1 });
  s3 = new S3Client({ ...clientOptions(stack.endpoint), forcePathStyle: true });
  ServiceExecutionRole = await role(aws.iam, "flink", "kinesisanalytics.amazonaws.com");
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "a.jar", Body: "jar one" }));
  await stream(aws, "in");
  await stream(aws, "out");
});
afterAll(() => stack.close());

const input = (ApplicationName: string): CreateApplicationCommandInput => ({
  ApplicationName,
  RuntimeEnvironment: "FLINK-1_20",
  ServiceExecutionRole,
  ApplicationConfiguration: {
    ApplicationCodeConfiguration: {
      CodeContentType: "ZIPFILE",
      CodeContent: { S3ContentLocation: { BucketARN: `arn:aws:s3:::${Bucket}`, FileKey: "a.jar" } },
    },
    EnvironmentProperties: {
      PropertyGroups: [{ PropertyGroupId: "project", PropertyMap: { inputStreamName: "in", outputStreamName: "out" } }],
    },
    ApplicationSnapshotConfiguration: { SnapshotsEnabled: true },
  },
});

const create = async (name: string, change: Partial<CreateApplicationCommandInput> = {}) =>
  (await flink.send(new CreateApplicationCommand({ ...input(name), ...change }))).ApplicationDetail!;

const describe_ = async (ApplicationName: string) =>
  (await flink.send(new DescribeApplicationCommand({ ApplicationName }))).ApplicationDetail!;

const state = (name: string, wanted: string) =>
  until(async () => (await describe_(name)).ApplicationStatus === wanted, `${name} ${wanted}`);

const start = async (ApplicationName: string, RunConfiguration = {}) => {
  await flink.send(new StartApplicationCommand({ ApplicationName, RunConfiguration }));
  await state(ApplicationName, "RUNNING");
};

const stop = async (ApplicationName: string, Force = false) => {
  await flink.send(new StopApplicationCommand({ ApplicationName, Force }));
  await state(ApplicationName, "READY");
};

describe("an application's life", () => {
  it("goes through its states, with an operation for each change", async () => {
    const app = await create("life");
    expect(app).toMatchObject({
      ApplicationStatus: "READY",
      ApplicationVersionId: 1,
      ApplicationARN: "arn:aws:kinesisanalytics:us-east-1:000000000000:application/life",
      ApplicationConfigurationDescription: {
        ApplicationCodeConfigurationDescription: { CodeContentDescription: { CodeSize: 7 } },
        FlinkApplicationConfigurationDescription: { CheckpointConfigurationDescription: { CheckpointInterval: 60000 } },
      },
    });
    const { OperationId } = await flink.send(new StartApplicationCommand({ ApplicationName: "life" }));
    expect((await describe_("life")).ApplicationStatus).toBe("STARTING");
    await expect(flink.send(new StartApplicationCommand({ ApplicationName: "life" }))).rejects.toMatchObject({
      name: "ResourceInUseException",
    });
    await state("life", "RUNNING");
    const operation = await flink.send(
      new DescribeApplicationOperationCommand({ ApplicationName: "life", OperationId }),
    );
    expect(operation.ApplicationOperationInfoDetails).toMatchObject({
      Operation: "StartApplication",
      OperationStatus: "SUCCESSFUL",
    });
    await flink.send(new StopApplicationCommand({ ApplicationName: "life" }));
    expect((await describe_("life")).ApplicationStatus).toBe("STOPPING");
    await state("life", "READY");
    await expect(flink.send(new StopApplicationCommand({ ApplicationName: "life" }))).rejects.toMatchObject({
      name: "ResourceInUseException",
    });
    const { ApplicationOperationInfoList } = await flink.send(
      new ListApplicationOperationsCommand({ ApplicationName: "life" }),
    );
    expect(ApplicationOperationInfoList!.map(({ Operation }) => Operation).sort()).toEqual([
      "StartApplication",
      "StopApplication",
    ]);

    await expect(
      flink.send(new DeleteApplicationCommand({ ApplicationName: "life", CreateTimestamp: new Date(0) })),
    ).rejects.toMatchObject({ name: "InvalidArgumentException" });
    await flink.send(new DeleteApplicationCommand({ ApplicationName: "life", CreateTimestamp: app.CreateTimestamp }));
    await expect(create("life")).rejects.toMatchObject({
      name: "ConcurrentModificationException",
      message: expect.stringContaining("Tags are already registered"),
    });
    await until(async () => {
      const error: Error = await describe_("life").then(
        () => new Error("still there"),
        (e) => e,
      );
      return error.name === "ResourceNotFoundException";
    }, "life deleted");
    expect((await create("life")).ApplicationVersionId).toBe(1);
  });

  it("changes only from the states that allow it; a forced stop also while it starts", async () => {
    const ApplicationName = "guarded";
    const { CreateTimestamp } = await create(ApplicationName);
    // In this process: over the wire the state could have moved on before the next call.
    const call = (operation: string, more = {}) =>
      stack.stack.call("kinesisanalytics", operation, { ApplicationName, ...more }, "us-east-1");
    const refused = (operation: string, more = {}) =>
      expect(call(operation, more)).rejects.toMatchObject({ code: "ResourceInUseException" });
    const refusedAll = async (operations: string[]) => {
      const update = { CurrentApplicationVersionId: 1, ApplicationConfigurationUpdate: {} };
      for (const operation of operations) {
        await refused(operation, operation === "UpdateApplication" ? update : { CreateTimestamp });
      }
    };
    await refusedAll(["StopApplication"]);
    await refused("StopApplication", { Force: true });
    await call("StartApplication");
    await refusedAll(["StartApplication", "StopApplication", "UpdateApplication", "DeleteApplication"]);
    await call("StopApplication", { Force: true });
    await refusedAll(["StartApplication", "StopApplication", "UpdateApplication", "DeleteApplication"]);
    await state(ApplicationName, "READY");
    await start(ApplicationName);
    await refusedAll(["StartApplication"]);
    await call("StopApplication");
    await refusedAll(["StartApplication", "StopApplication", "UpdateApplication", "DeleteApplication"]);
    await state(ApplicationName, "READY");
    await expect(call("DeleteApplication")).rejects.toMatchObject({ code: "InvalidArgumentException" });
  });

  it("is refused with a role or code that isn't there", async () => {
    await expect(
      create("refused", { ServiceExecutionRole: "arn:aws:iam::000000000000:role/nobody" }),
    ).rejects.toMatchObject({
      name: "InvalidArgumentException",
      message: expect.stringContaining("doesn't have sufficient privileges"),
    });
    const { ApplicationConfiguration } = input("refused");
    const CodeContent = { S3ContentLocation: { BucketARN: `arn:aws:s3:::${Bucket}`, FileKey: "none.jar" } };
    await expect(
      create("refused", {
        ApplicationConfiguration: {
          ...ApplicationConfiguration,
          ApplicationCodeConfiguration: { CodeContentType: "ZIPFILE", CodeContent },
        },
      }),
    ).rejects.toMatchObject({
      name: "InvalidArgumentException",
      message: expect.stringContaining("Please check the role provided or validity of S3 location"),
    });
    await create("taken");
    await expect(create("taken")).rejects.toMatchObject({ name: "ResourceInUseException" });
  });

  it("returns to READY when its streams aren't there, and the operation says why", async () => {
    await create("no-stream", {
      ApplicationConfiguration: {
        ...input("").ApplicationConfiguration,
        EnvironmentProperties: {
          PropertyGroups: [
            { PropertyGroupId: "project", PropertyMap: { inputStreamName: "none", ouputStreamName: "out" } },
          ],
        },
      },
    });
    const { OperationId } = await flink.send(new StartApplicationCommand({ ApplicationName: "no-stream" }));
    const ended = await until(async () => {
      const { ApplicationOperationInfoDetails: info } = await flink.send(
        new DescribeApplicationOperationCommand({ ApplicationName: "no-stream", OperationId }),
      );
      return info?.OperationStatus === "FAILED" ? info : undefined;
    }, "the start failed");
    expect(ended.OperationFailureDetails?.ErrorInfo?.ErrorString).toContain("none");
    expect((await describe_("no-stream")).ApplicationStatus).toBe("READY");
  });

  it("is listed page by page, and carries tags", async () => {
    await create("listed-a", { Tags: [{ Key: "farm", Value: "oak" }] });
    await create("listed-b");
    const names: string[] = [];
    let NextToken: string | undefined;
    do {
      const page: any = await flink.send(new ListApplicationsCommand({ Limit: 1, NextToken }));
      names.push(...page.ApplicationSummaries.map((app: any) => app.ApplicationName));
      NextToken = page.NextToken;
    } while (NextToken);
    expect(names).toEqual(expect.arrayContaining(["listed-a", "listed-b"]));
    const ResourceARN = "arn:aws:kinesisanalytics:us-east-1:000000000000:application/listed-a";
    await flink.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: "city", Value: "york" }] }));
    await flink.send(new UntagResourceCommand({ ResourceARN, TagKeys: ["farm"] }));
    expect((await flink.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([
      { Key: "city", Value: "york" },
    ]);
  });
});

describe("an update", () => {
  it("needs the current version or token, and makes a new one", async () => {
    const app = await create("updated");
    const change = {
      ApplicationName: "updated",
      ApplicationConfigurationUpdate: {
        EnvironmentPropertyUpdates: {
          PropertyGroups: [
            { PropertyGroupId: "project", PropertyMap: { inputStreamName: "in", outputStreamName: "out", seed: "7" } },
          ],
        },
        FlinkApplicationConfigurationUpdate: {
          ParallelismConfigurationUpdate: {
            ConfigurationTypeUpdate: "CUSTOM" as const,
            ParallelismUpdate: 2,
            AutoScalingEnabledUpdate: false,
          },
        },
      },
    };
    const updated = await flink.send(new UpdateApplicationCommand({ ...change, CurrentApplicationVersionId: 1 }));
    expect(updated.ApplicationDetail).toMatchObject({ ApplicationVersionId: 2, ApplicationStatus: "UPDATING" });
    await expect(
      flink.send(new UpdateApplicationCommand({ ...change, CurrentApplicationVersionId: 1 })),
    ).rejects.toMatchObject({ name: "ConcurrentModificationException" });
    await expect(
      flink.send(new UpdateApplicationCommand({ ...change, ConditionalToken: app.ConditionalToken })),
    ).rejects.toMatchObject({ name: "ConcurrentModificationException" });
    await state("updated", "READY");
    const { ConditionalToken } = await describe_("updated");
    await flink.send(new UpdateApplicationCommand({ ...change, ConditionalToken }));
    await state("updated", "READY");
    expect(await describe_("updated")).toMatchObject({
      ApplicationVersionId: 3,
      ApplicationConfigurationDescription: {
        FlinkApplicationConfigurationDescription: {
          ParallelismConfigurationDescription: {
            ConfigurationType: "CUSTOM",
            Parallelism: 2,
            AutoScalingEnabled: false,
          },
        },
      },
    });
    const { ApplicationVersionDetail } = await flink.send(
      new DescribeApplicationVersionCommand({ ApplicationName: "updated", ApplicationVersionId: 1 }),
    );
    expect(
      ApplicationVersionDetail!.ApplicationConfigurationDescription!.EnvironmentPropertyDescriptions,
    ).toMatchObject({
      PropertyGroupDescriptions: [{ PropertyMap: { inputStreamName: "in", outputStreamName: "out" } }],
    });
  });

  it("of the code takes the object as it is now; without one the old code stays", async () => {
    await create("code");
    const code = async () =>
      (await describe_("code")).ApplicationConfigurationDescription!.ApplicationCodeConfigurationDescription!
        .CodeContentDescription!;
    const before = await code();
    await s3.send(new PutObjectCommand({ Bucket, Key: "a.jar", Body: "jar number two" }));
    expect(await code()).toEqual(before);
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key: "a.jar", Body: "jar the third" }));
    const S3ContentLocationUpdate = { FileKeyUpdate: "a.jar", ObjectVersionUpdate: VersionId };
    await flink.send(
      new UpdateApplicationCommand({
        ApplicationName: "code",
        CurrentApplicationVersionId: 1,
        ApplicationConfigurationUpdate: {
          ApplicationCodeConfigurationUpdate: { CodeContentUpdate: { S3ContentLocationUpdate } },
        },
      }),
    );
    expect(await code()).toMatchObject({
      CodeSize: 13,
      S3ApplicationCodeLocationDescription: { ObjectVersion: VersionId },
    });
  });

  it("of a running application restarts it with its state", async () => {
    await create("restarted");
    await start("restarted");
    await flink.send(
      new UpdateApplicationCommand({
        ApplicationName: "restarted",
        CurrentApplicationVersionId: 1,
        ApplicationConfigurationUpdate: {},
      }),
    );
    await state("restarted", "RUNNING");
    expect((await describe_("restarted")).ApplicationVersionId).toBe(2);
    const { SnapshotSummaries } = await flink.send(
      new ListApplicationSnapshotsCommand({ ApplicationName: "restarted" }),
    );
    expect(SnapshotSummaries).toHaveLength(1);
    await stop("restarted", true);
    expect(
      (await flink.send(new ListApplicationSnapshotsCommand({ ApplicationName: "restarted" }))).SnapshotSummaries,
    ).toHaveLength(1);
  });

  it("adds one logging option", async () => {
    await create("logged");
    const LogStreamARN = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/kinesis-analytics/logged:log-stream:main";
    const add = { ApplicationName: "logged", CloudWatchLoggingOption: { LogStreamARN } };
    const answer = await flink.send(
      new AddApplicationCloudWatchLoggingOptionCommand({ ...add, CurrentApplicationVersionId: 1 }),
    );
    expect(answer).toMatchObject({ ApplicationVersionId: 2, CloudWatchLoggingOptionDescriptions: [{ LogStreamARN }] });
    await expect(
      flink.send(new AddApplicationCloudWatchLoggingOptionCommand({ ...add, CurrentApplicationVersionId: 2 })),
    ).rejects.toMatchObject({ name: "InvalidArgumentException" });
  });
});

describe("a snapshot", () => {
  it("is taken while running, named once, listed newest first and removed", async () => {
    const ApplicationName = "snapped";
    await create(ApplicationName);
    await expect(
      flink.send(new CreateApplicationSnapshotCommand({ ApplicationName, SnapshotName: "early" })),
    ).rejects.toMatchObject({ name: "InvalidApplicationConfigurationException" });
    await start(ApplicationName);
    for (const SnapshotName of ["one", "two"]) {
      await flink.send(new CreateApplicationSnapshotCommand({ ApplicationName, SnapshotName }));
      await until(async () => {
        const { SnapshotDetails } = await flink.send(
          new DescribeApplicationSnapshotCommand({ ApplicationName, SnapshotName }),
        );
        return SnapshotDetails?.SnapshotStatus === "READY";
      }, `snapshot ${SnapshotName}`);
    }
    await expect(
      flink.send(new CreateApplicationSnapshotCommand({ ApplicationName, SnapshotName: "one" })),
    ).rejects.toMatchObject({ name: "ResourceInUseException" });
    const { SnapshotSummaries } = await flink.send(new ListApplicationSnapshotsCommand({ ApplicationName }));
    expect(SnapshotSummaries!.map(({ SnapshotName }) => SnapshotName)).toEqual(["two", "one"]);
    const SnapshotCreationTimestamp = SnapshotSummaries![1]!.SnapshotCreationTimestamp;
    await flink.send(
      new DeleteApplicationSnapshotCommand({ ApplicationName, SnapshotName: "one", SnapshotCreationTimestamp }),
    );
    await expect(
      flink.send(new DescribeApplicationSnapshotCommand({ ApplicationName, SnapshotName: "one" })),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await stop(ApplicationName);
    const missing = {
      ApplicationRestoreConfiguration: { ApplicationRestoreType: "RESTORE_FROM_CUSTOM_SNAPSHOT", SnapshotName: "one" },
    };
    await expect(
      flink.send(new StartApplicationCommand({ ApplicationName, RunConfiguration: missing as never })),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });
});
