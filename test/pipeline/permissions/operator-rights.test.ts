import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { UpdateContinuousBackupsCommand, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { AttachRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  DeleteApplicationCloudWatchLoggingOptionCommand,
  DescribeApplicationCommand,
  UpdateApplicationCommand,
} from "@aws-sdk/client-kinesis-analytics-v2";
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { PutPublicAccessBlockCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createClients, LOCAL_CREDENTIALS } from "../../../src/aws/clients.ts";
import { zipBytes } from "../../../src/io/zip.ts";
import { evaluate } from "../../../src/local/services/iam/evaluation/policy.ts";
import { deniedActions } from "../../../src/operate/doctor/operator-rights.ts";
import { placeholderJar } from "../../../src/pipeline/flink/jar.ts";
import { operatorPolicy } from "../../../src/pipeline/permissions/policy.ts";
import { allCalls, rightsOf } from "../../../src/pipeline/permissions/rights.ts";
import { identities } from "../../../src/pipeline/settings/identities.ts";
import { VERSION_TAG } from "../../../src/pipeline/settings/tags.ts";
import { testPipeline, testStack } from "../provisioned.ts";
import { judgedArns, judgedContext } from "./call-arns.ts";
import { Recorded } from "./recorded.ts";

const home = mkdtempSync(join(tmpdir(), "windops-rights-"));
let stack: Awaited<ReturnType<typeof testStack>>;
let recorded: Recorded;

beforeAll(async () => {
  stack = await testStack();
  mkdirSync(join(home, "flink"));
  writeFileSync(join(home, "flink/AnomalyDetection.jar"), placeholderJar().bytes);
  const env = {
    AWS_ENDPOINT_URL: stack.endpoint,
    WINDOPS_FLINK_DIR: join(home, "flink"),
    HOME: home,
    WINDOPS_EMAIL: "a@example.org",
  };
  recorded = new Recorded({ ...env, WINDOPS_STATE_DIR: join(home, "state") }, home);
});
afterAll(async () => {
  await stack.close();
  rmSync(home, { recursive: true, force: true });
});

/** Changes behind windops' back what only a repair brings to be called. */
async function drift(): Promise<void> {
  const clients = createClients({ region: "us-east-1", endpoint: stack.endpoint, credentials: LOCAL_CREDENTIALS });
  const { session } = testPipeline(stack.endpoint);
  const { names } = session;
  const { alertTable, arns, roles, alarmPrefix } = identities(session);
  const old = { [VERSION_TAG]: "0" };
  const list = [{ Key: VERSION_TAG, Value: "0" }];
  const [s3, iam, kinesis, dynamodb, sns, logs, lambda, flink, scheduler, cloudwatch] = await Promise.all([
    clients.s3(),
    clients.iam(),
    clients.kinesis(),
    clients.dynamodb(),
    clients.sns(),
    clients.logs(),
    clients.lambda(),
    clients.flink(),
    clients.scheduler(),
    clients.cloudwatch(),
  ]);
  const aws = {
    s3: await import("../../../src/aws/s3.ts"),
    iam: await import("../../../src/aws/iam.ts"),
    kinesis: await import("../../../src/aws/kinesis.ts"),
    dynamodb: await import("../../../src/aws/dynamodb.ts"),
    sns: await import("../../../src/aws/sns.ts"),
    logs: await import("../../../src/aws/logs.ts"),
    lambda: await import("../../../src/aws/lambda.ts"),
    flink: await import("../../../src/aws/flink.ts"),
    scheduler: await import("../../../src/aws/scheduler.ts"),
    cloudwatch: await import("../../../src/aws/cloudwatch.ts"),
  };
  const Bucket = names.bucket;
  const tags = [{ Key: "windops:pipeline", Value: "windops" }, ...list];
  await s3.send(new aws.s3.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: tags } }));
  await s3.send(new aws.s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Suspended" } }));
  const open = { BlockPublicAcls: false, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: open }));
  const byKms = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const } }];
  await s3.send(new aws.s3.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: byKms } }));
  const RoleName = roles.flink;
  await iam.send(new aws.iam.TagRoleCommand({ RoleName, Tags: list }));
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  await iam.send(new aws.iam.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(trust) }));
  const all = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] };
  await iam.send(
    new aws.iam.PutRolePolicyCommand({ RoleName, PolicyName: "more", PolicyDocument: JSON.stringify(all) }),
  );
  const PolicyArn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  const StreamModeDetails = { StreamMode: "ON_DEMAND" } as const;
  await kinesis.send(new aws.kinesis.UpdateStreamModeCommand({ StreamARN: arns.outputStream, StreamModeDetails }));
  await kinesis.send(new aws.kinesis.AddTagsToStreamCommand({ StreamName: names.inputStream, Tags: old }));
  await dynamodb.send(new aws.dynamodb.TagResourceCommand({ ResourceArn: arns.table, Tags: list }));
  const off = { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } };
  await dynamodb.send(new UpdateContinuousBackupsCommand({ TableName: alertTable, ...off }));
  const provisioned = {
    BillingMode: "PROVISIONED" as const,
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
  };
  await dynamodb.send(new UpdateTableCommand({ TableName: alertTable, ...provisioned }));
  await sns.send(new aws.sns.TagResourceCommand({ ResourceArn: arns.topic, Tags: list }));
  const key = { AttributeName: "KmsMasterKeyId", AttributeValue: "alias/aws/sns" };
  await sns.send(new aws.sns.SetTopicAttributesCommand({ TopicArn: arns.healthTopic, ...key }));
  await logs.send(
    new aws.logs.TagResourceCommand({
      resourceArn: arns.logGroup("/aws/lambda/AnalyticsDestinationFunction"),
      tags: old,
    }),
  );
  await lambda.send(new aws.lambda.TagResourceCommand({ Resource: arns.deliveryFunction, Tags: old }));
  await lambda.send(
    new aws.lambda.UpdateFunctionConfigurationCommand({ FunctionName: names.deliveryFunction, Timeout: 5 }),
  );
  const ZipFile = zipBytes({ "index.mjs": new TextEncoder().encode("export const handler = () => {};") });
  await lambda.send(new aws.lambda.UpdateFunctionCodeCommand({ FunctionName: names.destinationFunction, ZipFile }));
  const of = { FunctionName: names.destinationFunction };
  const [mapping] = (await lambda.send(new ListEventSourceMappingsCommand(of))).EventSourceMappings!;
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping!.UUID!, BatchSize: 7 }));
  await flink.send(new aws.flink.TagResourceCommand({ ResourceARN: arns.application, Tags: list }));
  const { ApplicationDetail: app } = await flink.send(
    new aws.flink.DescribeApplicationCommand({ ApplicationName: names.application }),
  );
  await flink.send(
    new DeleteApplicationCloudWatchLoggingOptionCommand({
      ApplicationName: names.application,
      CurrentApplicationVersionId: app!.ApplicationVersionId!,
      CloudWatchLoggingOptionId: app!.CloudWatchLoggingOptionDescriptions![0]!.CloudWatchLoggingOptionId!,
    }),
  );
  await scheduler.send(new aws.scheduler.TagResourceCommand({ ResourceArn: arns.scheduleGroup, Tags: list }));
  const found = await scheduler.send(
    new aws.scheduler.GetScheduleCommand({ GroupName: "windops", Name: "AnomalyMessageDelivery" }),
  );
  const { ScheduleExpression: _, ...rest } = found;
  await scheduler.send(
    new aws.scheduler.UpdateScheduleCommand({
      Name: rest.Name,
      GroupName: rest.GroupName,
      Target: rest.Target,
      FlexibleTimeWindow: rest.FlexibleTimeWindow,
      ScheduleExpression: "rate(1 hour)",
    }),
  );
  await cloudwatch.send(
    new aws.cloudwatch.TagResourceCommand({ ResourceARN: arns.alarm(`${alarmPrefix}no-scores`), Tags: list }),
  );
  await cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [`${alarmPrefix}no-readings`] }));
  clients.destroy();
}

it("every call of every command is allowed by the operator's policy, and nothing in it is there for no call", async () => {
  await recorded.run("setup", { WINDOPS_RETENTION_HOURS: "48" });
  await drift();
  const files = zipChanged();
  await recorded.run("setup", {
    WINDOPS_SHARDS: "2",
    WINDOPS_PARALLELISM: "2",
    WINDOPS_LOG_RETENTION_DAYS: "60",
    ...files,
  });
  await recorded.run("setup", { WINDOPS_SHARDS: "2", WINDOPS_RETENTION_HOURS: "72" });
  const env = { WINDOPS_SHARDS: "2", WINDOPS_RETENTION_HOURS: "72" };
  await recorded.run("stop", { WINDOPS_SNAPSHOTS: "1" });
  await recorded.run("start", env);
  await recorded.run("simulate --rate max --anomalies 1 --turbines 1 --seed 1");
  await recorded.run("tail WindDataStream --since start --limit 1");
  await recorded.run("tail WindDataStream --since start --limit 1 --efo");
  await recorded.run("prove --every 1h --timeout 30s");
  await recorded.run("scan --notify");
  await recorded.run("logs --no-follow");
  await recorded.run("status", env);
  await recorded.run("doctor", env);
  await recorded.run("simulator up --for 10m --anomalies 0");
  await recorded.run("simulator down");
  await recorded.run("stop");
  await spoilApplication();
  await expect(recorded.run("start", env)).rejects.toThrow("sampleSize");
  await recorded.run("destroy --yes", env);

  const { session, calls } = testPipeline(stack.endpoint);
  // The doctor of one who has taken on a role.
  const role = identities(session).arns.role("windops-flink-us-east-1");
  await deniedActions(await session.clients.iam(), role, session).catch(() => undefined);
  const made = [...recorded.calls, ...calls];
  const names = (all: (readonly [string, string])[]) => [...new Set(all.map((call) => call.join(":")))].sort();
  expect(names(made.map(({ service, operation }) => [service, operation]))).toEqual(names(allCalls()));

  const { document } = operatorPolicy(session);
  const { arns } = identities(session);
  const refused = new Set<string>();
  const used = document.Statement.map(() => ({ actions: new Set<string>(), arns: new Set<string>() }));
  for (const call of made) {
    const context = judgedContext(call, session.names.pipeline, arns.destinationFunction);
    for (const action of new Set(rightsOf(call.service, call.operation)!.map((right) => right.action))) {
      for (const resource of judgedArns(call, action, session.target)) {
        const { decision, matched } = evaluate([document as never], action, resource, context);
        if (decision !== "allowed") refused.add(`${call.operation}: ${action} on ${resource}`);
        for (const { statement } of matched) {
          used[statement]!.actions.add(action);
          used[statement]!.arns.add(resource);
        }
      }
    }
  }
  expect([...refused]).toEqual([]);
  const unused = document.Statement.flatMap(({ Action, Resource, Condition }, i) => [
    ...[Action].flat().filter((action) => !used[i]!.actions.has(action)),
    ...[Resource!]
      .flat()
      .filter((resource) => {
        const one = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "x:y", Resource: resource }] };
        return ![...used[i]!.arns].some(
          (arn) => evaluate([one as never], "x:y", arn).decision === "allowed" || arn === resource,
        );
      })
      .map((resource) => `${[Action].flat()[0]} … on ${resource} ${Condition ? "under a condition" : ""}`),
  ]);
  expect(unused).toEqual([]);
}, 240_000);

/** Gives the application properties with which it can't start. */
async function spoilApplication(): Promise<void> {
  const { session } = testPipeline(stack.endpoint);
  const flink = await session.clients.flink();
  const ApplicationName = session.names.application;
  const { ApplicationDetail } = await flink.send(new DescribeApplicationCommand({ ApplicationName }));
  const { ApplicationVersionId, ApplicationConfigurationDescription } = ApplicationDetail!;
  const groups = ApplicationConfigurationDescription!.EnvironmentPropertyDescriptions!.PropertyGroupDescriptions!;
  const PropertyGroups = groups.map(({ PropertyGroupId, PropertyMap }) => ({
    PropertyGroupId,
    PropertyMap: { ...PropertyMap, sampleSize: "many" },
  }));
  await flink.send(
    new UpdateApplicationCommand({
      ApplicationName,
      CurrentApplicationVersionId: ApplicationVersionId,
      ApplicationConfigurationUpdate: { EnvironmentPropertyUpdates: { PropertyGroups } },
    }),
  );
}

/** Another jar, which is uploaded and given to the application. */
function zipChanged(): NodeJS.ProcessEnv {
  const folder = join(home, "flink-2");
  mkdirSync(folder);
  writeFileSync(join(folder, "AnomalyDetection.jar"), Buffer.concat([placeholderJar().bytes, Buffer.from("x")]));
  return { WINDOPS_FLINK_DIR: folder };
}
