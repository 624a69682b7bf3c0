import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { IAM } from "@aws-sdk/client-iam";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { type ApplicationConfigurationUpdate, KinesisAnalyticsV2 } from "@aws-sdk/client-kinesis-analytics-v2";
import { Lambda, type UpdateFunctionConfigurationCommandInput } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SNS } from "@aws-sdk/client-sns";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Names } from "../../src/pipeline/settings/config.ts";
import type { Identities } from "../../src/pipeline/settings/identities.ts";
import { zipped } from "../local/pipeline-fixture.ts";
import { clientOptions } from "../local/stack-fixture.ts";

/** Changes each property that a resource manages, behind windops' back: by the resource's id, then by the property's name in plan and status. */
export function tampering(endpoint: string, names: Names, identity: Identities) {
  const options = { ...clientOptions(endpoint), requestHandler: new NodeHttpHandler() };
  const s3 = new S3({ ...options, forcePathStyle: true });
  const kinesis = new Kinesis(options);
  const dynamodb = new DynamoDB(options);
  const sns = new SNS(options);
  const iam = new IAM(options);
  const logs = new CloudWatchLogs(options);
  const lambda = new Lambda(options);
  const flink = new KinesisAnalyticsV2(options);
  const scheduler = new Scheduler(options);
  const cloudwatch = new CloudWatch(options);
  const { arns, roles, logGroups } = identity;
  const old = { "windops:version": "0.0.1" };
  const oldList = [{ Key: "windops:version", Value: "0.0.1" }];
  const Bucket = names.bucket;
  const StreamName = names.inputStream;
  const FunctionName = names.deliveryFunction;
  const ApplicationName = names.application;
  const RoleName = roles.delivery;

  const configure = (change: Partial<UpdateFunctionConfigurationCommandInput>) => () =>
    lambda.updateFunctionConfiguration({ FunctionName, ...change });

  const update = async (change: object) => {
    const { ApplicationDetail } = await flink.describeApplication({ ApplicationName });
    const CurrentApplicationVersionId = ApplicationDetail!.ApplicationVersionId;
    return flink.updateApplication({ ApplicationName, CurrentApplicationVersionId, ...change });
  };
  const reconfigure = (ApplicationConfigurationUpdate: ApplicationConfigurationUpdate) => () =>
    update({ ApplicationConfigurationUpdate });
  const relocate = (S3ContentLocationUpdate: object) =>
    reconfigure({ ApplicationCodeConfigurationUpdate: { CodeContentUpdate: { S3ContentLocationUpdate } } })();

  const mapping = (change: object) => async () => {
    const { EventSourceMappings } = await lambda.listEventSourceMappings({ FunctionName: names.destinationFunction });
    return lambda.updateEventSourceMapping({ UUID: EventSourceMappings![0]!.UUID, ...change });
  };

  const reschedule = (change: object) => async () => {
    const at = { GroupName: identity.scheduleGroup, Name: identity.schedule };
    const { ScheduleExpression, FlexibleTimeWindow, Target, State } = await scheduler.getSchedule(at);
    return scheduler.updateSchedule({ ...at, ScheduleExpression, FlexibleTimeWindow, Target, State, ...change } as any);
  };

  const alarmName = `${identity.alarmPrefix}no-readings`;
  const realarm = (change: object) => async () => {
    const { MetricAlarms } = await cloudwatch.describeAlarms({ AlarmNames: [alarmName] });
    const kept = Object.entries(MetricAlarms![0]!).filter(([key]) => !/^(Alarm(Arn|Configuration)|State)/.test(key));
    return cloudwatch.putMetricAlarm({ ...Object.fromEntries(kept), ...change } as any);
  };

  return {
    bucket: {
      "tag windops:version": () =>
        s3.putBucketTagging({
          Bucket,
          Tagging: { TagSet: [{ Key: "windops:pipeline", Value: names.pipeline }, ...oldList] },
        }),
      "public access": () => s3.deletePublicAccessBlock({ Bucket }),
      versioning: () => s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } }),
      encryption: () => {
        const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const } }];
        return s3.putBucketEncryption({ Bucket, ServerSideEncryptionConfiguration: { Rules } });
      },
      policy: () => s3.deleteBucketPolicy({ Bucket }),
      lifecycle: () => s3.deleteBucketLifecycle({ Bucket }),
    },
    jar: {
      // Another jar of the same length, and one of another.
      "content (sha256)": async () => {
        const { Body } = await s3.getObject({ Bucket, Key: names.jarKey });
        const bytes = await Body!.transformToByteArray();
        return s3.putObject({ Bucket, Key: names.jarKey, Body: bytes });
      },
      bytes: () => s3.putObject({ Bucket, Key: names.jarKey, Body: "no jar" }),
    },
    "stream/input": {
      "tag windops:version": () => kinesis.addTagsToStream({ StreamName, Tags: old }),
      mode: async () => {
        const { StreamDescriptionSummary: found } = await kinesis.describeStreamSummary({ StreamName });
        const StreamModeDetails = { StreamMode: "ON_DEMAND" } as const;
        return kinesis.updateStreamMode({ StreamARN: found!.StreamARN!, StreamModeDetails });
      },
      shards: () => kinesis.updateShardCount({ StreamName, TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" }),
      "retention (hours)": () => kinesis.increaseStreamRetentionPeriod({ StreamName, RetentionPeriodHours: 48 }),
      encryption: () => kinesis.stopStreamEncryption({ StreamName, EncryptionType: "KMS", KeyId: "alias/aws/kinesis" }),
    },
    "table/readings": {
      "tag windops:version": () => dynamodb.tagResource({ ResourceArn: arns.table, Tags: oldList }),
      billing: async () => {
        const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 };
        const { Table } = await dynamodb.describeTable({ TableName: names.table });
        return dynamodb.updateTable({
          TableName: names.table,
          BillingMode: "PROVISIONED",
          ProvisionedThroughput,
          GlobalSecondaryIndexUpdates: (Table!.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => ({
            Update: { IndexName, ProvisionedThroughput },
          })),
        });
      },
      "point-in-time recovery": () =>
        dynamodb.updateContinuousBackups({
          TableName: names.table,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
        }),
    },
    "topic/notification": {
      "tag windops:version": () => sns.tagResource({ ResourceArn: arns.topic, Tags: oldList }),
      "encryption key": () =>
        sns.setTopicAttributes({ TopicArn: arns.topic, AttributeName: "KmsMasterKeyId", AttributeValue: "" }),
    },
    "role/delivery": {
      "tag windops:version": () => iam.tagRole({ RoleName, Tags: oldList }),
      trust: () =>
        iam.updateAssumeRolePolicy({
          RoleName,
          PolicyDocument: document({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }),
        }),
      rights: () => iam.deleteRolePolicy({ RoleName, PolicyName: "windops" }),
      "further policies": () =>
        iam.putRolePolicy({ RoleName, PolicyName: "more", PolicyDocument: document({ Action: "*", Resource: "*" }) }),
      "attached policies": () =>
        iam.attachRolePolicy({
          RoleName,
          PolicyArn: "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        }),
    },
    "log-group/delivery": {
      "tag windops:version": () => logs.tagResource({ resourceArn: arns.logGroup(logGroups.delivery), tags: old }),
      "retention (days)": () => logs.deleteRetentionPolicy({ logGroupName: logGroups.delivery }),
    },
    "function/delivery": {
      "tag windops:version": () => lambda.tagResource({ Resource: arns.deliveryFunction, Tags: old }),
      "code (sha256)": () =>
        lambda.updateFunctionCode({ FunctionName, ZipFile: zipped({ "index.mjs": "export const handler = 1;" }) }),
      architecture: () =>
        lambda.updateFunctionCode({
          FunctionName,
          ZipFile: zipped({ "index.mjs": "export const handler = 2;" }),
          Architectures: ["x86_64"],
        }),
      Runtime: configure({ Runtime: "nodejs20.x" }),
      Handler: configure({ Handler: "index.other" }),
      Role: configure({ Role: arns.role(roles.destination) }),
      Description: configure({ Description: "Something else" }),
      Timeout: configure({ Timeout: 3 }),
      MemorySize: configure({ MemorySize: 128 }),
      Environment: configure({ Environment: { Variables: { MIN_SCORE: "99" } } }),
      LoggingConfig: configure({ LoggingConfig: { LogGroup: logGroups.destination } }),
    },
    application: {
      "tag windops:version": () => flink.tagResource({ ResourceARN: arns.application, Tags: oldList }),
      jar: async () => {
        await s3.putObject({ Bucket, Key: "other.jar", Body: "another" });
        return relocate({ FileKeyUpdate: "other.jar" });
      },
      "jar version": async () => {
        const { VersionId } = await s3.putObject({ Bucket, Key: "other.jar", Body: "another" });
        return relocate({ FileKeyUpdate: "other.jar", ObjectVersionUpdate: VersionId });
      },
      runtime: () => update({ RuntimeEnvironmentUpdate: "FLINK-1_20" }),
      role: async () => {
        const trusted = document({
          Principal: { Service: "kinesisanalytics.amazonaws.com" },
          Action: "sts:AssumeRole",
        });
        const { Role } = await iam.createRole({ RoleName: "another", AssumeRolePolicyDocument: trusted });
        return update({ ServiceExecutionRoleUpdate: Role!.Arn });
      },
      properties: reconfigure({
        EnvironmentPropertyUpdates: {
          PropertyGroups: [{ PropertyGroupId: "project", PropertyMap: { inputStreamName: "Other" } }],
        },
      }),
      parallelism: reconfigure({
        FlinkApplicationConfigurationUpdate: {
          ParallelismConfigurationUpdate: { ConfigurationTypeUpdate: "CUSTOM", AutoScalingEnabledUpdate: false },
        },
      }),
      monitoring: reconfigure({
        FlinkApplicationConfigurationUpdate: {
          MonitoringConfigurationUpdate: { ConfigurationTypeUpdate: "CUSTOM", LogLevelUpdate: "ERROR" },
        },
      }),
      checkpoints: reconfigure({
        FlinkApplicationConfigurationUpdate: {
          CheckpointConfigurationUpdate: { ConfigurationTypeUpdate: "CUSTOM", CheckpointIntervalUpdate: 120_000 },
        },
      }),
      snapshots: reconfigure({ ApplicationSnapshotConfigurationUpdate: { SnapshotsEnabledUpdate: false } }),
      "log stream": async () => {
        const { ApplicationDetail } = await flink.describeApplication({ ApplicationName });
        return flink.deleteApplicationCloudWatchLoggingOption({
          ApplicationName,
          CurrentApplicationVersionId: ApplicationDetail!.ApplicationVersionId,
          CloudWatchLoggingOptionId:
            ApplicationDetail!.CloudWatchLoggingOptionDescriptions![0]!.CloudWatchLoggingOptionId!,
        });
      },
      status: () => flink.stopApplication({ ApplicationName, Force: true }),
    },
    trigger: {
      state: mapping({ Enabled: false }),
      BatchSize: mapping({ BatchSize: 7 }),
      MaximumBatchingWindowInSeconds: mapping({ MaximumBatchingWindowInSeconds: 5 }),
      BisectBatchOnFunctionError: mapping({ BisectBatchOnFunctionError: false }),
      FunctionResponseTypes: mapping({ FunctionResponseTypes: [] }),
      MaximumRetryAttempts: mapping({ MaximumRetryAttempts: 2 }),
      MaximumRecordAgeInSeconds: mapping({ MaximumRecordAgeInSeconds: 60 }),
      ParallelizationFactor: mapping({ ParallelizationFactor: 4 }),
      DestinationConfig: mapping({ DestinationConfig: { OnFailure: { Destination: arns.topic } } }),
    },
    "schedule-group": {
      "tag windops:version": () => scheduler.tagResource({ ResourceArn: arns.scheduleGroup, Tags: oldList }),
    },
    schedule: {
      ScheduleExpression: reschedule({ ScheduleExpression: "rate(5 minutes)" }),
      State: reschedule({ State: "DISABLED" }),
      FlexibleTimeWindow: reschedule({ FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 5 } }),
      Target: reschedule({ Target: { Arn: arns.destinationFunction, RoleArn: arns.role(roles.schedule) } }),
    },
    [`alarm/${alarmName}`]: {
      "tag windops:version": () => cloudwatch.tagResource({ ResourceARN: arns.alarm(alarmName), Tags: oldList }),
      AlarmDescription: realarm({ AlarmDescription: "Something else" }),
      ActionsEnabled: realarm({ ActionsEnabled: false }),
      AlarmActions: realarm({ AlarmActions: [] }),
      OKActions: realarm({ OKActions: [arns.topic] }),
      Namespace: realarm({ Namespace: "AWS/Lambda" }),
      MetricName: realarm({ MetricName: "IncomingBytes" }),
      Statistic: realarm({ Statistic: "Average" }),
      Dimensions: realarm({ Dimensions: [] }),
      Period: realarm({ Period: 300 }),
      EvaluationPeriods: realarm({ EvaluationPeriods: 20 }),
      DatapointsToAlarm: realarm({ DatapointsToAlarm: 1 }),
      Threshold: realarm({ Threshold: 5 }),
      ComparisonOperator: realarm({ ComparisonOperator: "LessThanOrEqualToThreshold" }),
      TreatMissingData: realarm({ TreatMissingData: "ignore" }),
    },
  } as Record<string, Record<string, () => Promise<unknown>>>;
}

const document = (statement: object) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
