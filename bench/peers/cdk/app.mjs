// The pipeline as the AWS CDK would have it: for docs/comparison.md's count of lines and `cdk synth`'s time. Everything
// that `windops setup` makes and nothing more; the jar and the functions' folders are taken as built. Not run by any test:
// docs/comparison.md says how it was measured, in a folder outside this project.
import { App, CfnOutput, Duration, RemovalPolicy, Stack, Tags } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Effect, Policy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Stream, StreamEncryption } from "aws-cdk-lib/aws-kinesis";
import { CfnApplication, CfnApplicationCloudWatchLoggingOption } from "aws-cdk-lib/aws-kinesisanalyticsv2";
import { Code, Function as Lambda, Runtime, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { KinesisEventSource, S3OnFailureDestination } from "aws-cdk-lib/aws-lambda-event-sources";
import { LogGroup, LogStream, RetentionDays } from "aws-cdk-lib/aws-logs";
import { BlockPublicAccess, Bucket, BucketEncryption } from "aws-cdk-lib/aws-s3";
import { BucketDeployment, Source } from "aws-cdk-lib/aws-s3-deployment";
import { CfnSchedule, CfnScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";

const emails = ["operator@example.org"];
const minScore = "2";
const stack = new Stack(new App(), "windops", { env: { account: "000000000000", region: "us-east-1" } });
const { account, region } = stack;
Tags.of(stack).add("windops:pipeline", "windops");
const gone = { removalPolicy: RemovalPolicy.DESTROY };

// S3
const bucket = new Bucket(stack, "Bucket", {
  ...gone,
  bucketName: `kinesis-flink-${account}-${region}`,
  autoDeleteObjects: true,
  versioned: true,
  encryption: BucketEncryption.S3_MANAGED,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  enforceSSL: true,
  lifecycleRules: [
    { id: "old-versions", noncurrentVersionExpiration: Duration.days(30) },
    { id: "quarantine", prefix: "quarantine/", expiration: Duration.days(90) },
    { id: "failed-batches", prefix: "aws/lambda/", expiration: Duration.days(90) },
    { id: "parts", abortIncompleteMultipartUploadAfter: Duration.days(1) },
  ],
});
const jar = new BucketDeployment(stack, "Jar", { destinationBucket: bucket, sources: [Source.asset("jar")] });

// Kinesis, DynamoDB, SNS
const stream = (streamName) =>
  new Stream(stack, streamName, {
    ...gone,
    streamName,
    shardCount: 1,
    retentionPeriod: Duration.hours(24),
    encryption: StreamEncryption.MANAGED,
  });
const [input, output] = [stream("WindDataStream"), stream("AnomalyDetectionStream")];
const string = (name) => ({ name, type: AttributeType.STRING });
const table = (tableName, partitionKey, sortKey, more = {}) =>
  new TableV2(stack, tableName, {
    ...gone,
    tableName,
    partitionKey: string(partitionKey),
    sortKey: string(sortKey),
    billing: Billing.onDemand(),
    encryption: TableEncryptionV2.awsManagedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    ...more,
  });
const anomalyIndex = {
  indexName: "AnomalyIndex",
  partitionKey: string("anomaly_partition"),
  sortKey: string("timestamp"),
};
const readings = table("WindDataTable", "turbine_id", "timestamp", { globalSecondaryIndexes: [anomalyIndex] });
const alerts = table("WindDataTableAlerts", "pk", "sk");
const topics = ["AnomalyNotification", "AnomalyNotification-Health"].map((topicName) => {
  const topic = new Topic(stack, topicName, { topicName });
  for (const email of emails) topic.addSubscription(new EmailSubscription(email));
  return topic;
});
const [notification, health] = topics;

// Logs and roles
const logGroup = (logGroupName) =>
  new LogGroup(stack, logGroupName, { ...gone, logGroupName, retention: RetentionDays.ONE_MONTH });
const logs = {
  flink: logGroup("/aws/kinesis-analytics/AnomalyDetection"),
  destination: logGroup("/aws/lambda/AnalyticsDestinationFunction"),
  delivery: logGroup("/aws/lambda/AnomalyMessageDeliveryFunction"),
};
const logStream = new LogStream(stack, "LogStream", {
  ...gone,
  logGroup: logs.flink,
  logStreamName: "kinesis-analytics-log-stream",
});
const role = (name, service) =>
  new Role(stack, `${name}-role`, {
    roleName: `windops-${name}-${region}`,
    assumedBy: new ServicePrincipal(service, { conditions: { StringEquals: { "aws:SourceAccount": account } } }),
  });
const roles = {
  flink: role("flink", "kinesisanalytics.amazonaws.com"),
  destination: role("destination", "lambda.amazonaws.com"),
  delivery: role("delivery", "lambda.amazonaws.com"),
  schedule: role("schedule", "scheduler.amazonaws.com"),
};
const deliveryArn = `arn:aws:lambda:${region}:${account}:function:AnomalyMessageDeliveryFunction`;
const rights = {
  flink: [
    [
      ["DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"].map(
        (a) => `kinesis:${a}`,
      ),
      input.streamArn,
    ],
    [
      ["DescribeStream", "DescribeStreamSummary", "ListShards", "PutRecords"].map((a) => `kinesis:${a}`),
      output.streamArn,
    ],
    [["s3:GetObject", "s3:GetObjectVersion"], bucket.arnForObjects("AnomalyDetection.jar")],
    [["logs:DescribeLogStreams"], `${logs.flink.logGroupArn}:*`],
    [["logs:PutLogEvents"], `${logs.flink.logGroupArn}:log-stream:*`],
  ],
  destination: [
    [
      [
        "DescribeStream",
        "DescribeStreamSummary",
        "GetRecords",
        "GetShardIterator",
        "ListShards",
        "ListStreams",
        "SubscribeToShard",
      ].map((a) => `kinesis:${a}`),
      output.streamArn,
    ],
    [["dynamodb:BatchWriteItem"], readings.tableArn, alerts.tableArn],
    [["s3:PutObject"], bucket.arnForObjects("quarantine/*"), bucket.arnForObjects("aws/lambda/*")],
    [["s3:ListBucket"], bucket.bucketArn],
    [["lambda:InvokeFunction"], deliveryArn],
    [["logs:CreateLogStream", "logs:PutLogEvents"], `${logs.destination.logGroupArn}:log-stream:*`],
  ],
  delivery: [
    [["dynamodb:Query", "dynamodb:Scan"], readings.tableArn, `${readings.tableArn}/index/*`],
    [
      ["BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"].map((a) => `dynamodb:${a}`),
      alerts.tableArn,
    ],
    [["sns:Publish"], notification.topicArn],
    [["logs:CreateLogStream", "logs:PutLogEvents"], `${logs.delivery.logGroupArn}:log-stream:*`],
  ],
  schedule: [[["lambda:InvokeFunction"], deliveryArn]],
};
const policies = Object.fromEntries(
  Object.entries(rights).map(([name, list]) => {
    const statements = list.map(
      ([actions, ...resources]) => new PolicyStatement({ effect: Effect.ALLOW, actions, resources }),
    );
    return [name, new Policy(stack, `${name}-policy`, { statements, roles: [roles[name]] })];
  }),
);

// Lambda
const lambda = (name, functionName, environment) =>
  new Lambda(stack, functionName, {
    functionName,
    role: roles[name].withoutPolicyUpdates(),
    runtime: Runtime.NODEJS_22_X,
    handler: "index.handler",
    code: Code.fromAsset(`lambdas/${name}`),
    timeout: Duration.seconds(60),
    memorySize: 256,
    logGroup: logs[name],
    environment,
  });
const delivery = lambda("delivery", "AnomalyMessageDeliveryFunction", {
  OUTPUT_TABLE_NAME: readings.tableName,
  SNS_TOPIC_ARN: notification.topicArn,
  MIN_SCORE: minScore,
  ALERT_TABLE_NAME: alerts.tableName,
  NOTIFY: "anomaly",
  QUIET_SECONDS: "900",
  COOLDOWN_SECONDS: "0",
  DIGEST_SECONDS: "0",
  CALM_NOTICE: "false",
});
const destination = lambda("destination", "AnalyticsDestinationFunction", {
  OUTPUT_TABLE_NAME: readings.tableName,
  MIN_SCORE: minScore,
  ALERT_TABLE_NAME: alerts.tableName,
  DELIVERY_FUNCTION_NAME: delivery.functionName,
  QUARANTINE_BUCKET: bucket.bucketName,
});
destination.addEventSource(
  new KinesisEventSource(output, {
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: 500,
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    retryAttempts: -1,
    parallelizationFactor: 1,
    onFailure: new S3OnFailureDestination(bucket),
  }),
);

// Managed Flink: there is only CloudFormation's own shape; CloudFormation doesn't start it.
const application = new CfnApplication(stack, "Application", {
  applicationName: "AnomalyDetection",
  runtimeEnvironment: "FLINK-2_2",
  serviceExecutionRole: roles.flink.roleArn,
  applicationConfiguration: {
    applicationCodeConfiguration: {
      codeContentType: "ZIPFILE",
      codeContent: { s3ContentLocation: { bucketArn: bucket.bucketArn, fileKey: "AnomalyDetection.jar" } },
    },
    applicationSnapshotConfiguration: { snapshotsEnabled: true },
    environmentProperties: {
      propertyGroups: [
        {
          propertyGroupId: "project",
          propertyMap: {
            inputStreamName: input.streamName,
            outputStreamName: output.streamName,
            ouputStreamName: output.streamName,
            region,
          },
        },
      ],
    },
    flinkApplicationConfiguration: {
      parallelismConfiguration: {
        configurationType: "CUSTOM",
        parallelism: 1,
        parallelismPerKpu: 1,
        autoScalingEnabled: true,
      },
      monitoringConfiguration: { configurationType: "CUSTOM", metricsLevel: "APPLICATION", logLevel: "INFO" },
      checkpointConfiguration: {
        configurationType: "CUSTOM",
        checkpointingEnabled: true,
        checkpointInterval: 60_000,
        minPauseBetweenCheckpoints: 5_000,
      },
    },
  },
});
application.node.addDependency(jar, policies.flink);
new CfnApplicationCloudWatchLoggingOption(stack, "Logging", {
  applicationName: application.ref,
  cloudWatchLoggingOption: {
    logStreamArn: `${logs.flink.logGroupArn.replace(/:\*$/, "")}:log-stream:${logStream.logStreamName}`,
  },
});

// Scheduler
const group = new CfnScheduleGroup(stack, "ScheduleGroup", { name: "windops" });
new CfnSchedule(stack, "Schedule", {
  name: "AnomalyMessageDelivery",
  groupName: group.ref,
  scheduleExpression: "rate(1 minute)",
  flexibleTimeWindow: { mode: "OFF" },
  target: {
    arn: delivery.functionArn,
    roleArn: roles.schedule.roleArn,
    input: JSON.stringify({ look: "waiting" }),
    retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
  },
});

// CloudWatch
const alarm = (name, namespace, metricName, dimensionsMap, { above, minutes = 15, statistic = Stats.SUM } = {}) =>
  new Alarm(stack, name, {
    alarmName: `windops-${name}`,
    metric: new Metric({ namespace, metricName, dimensionsMap, statistic, period: Duration.minutes(1) }),
    evaluationPeriods: minutes,
    threshold: above ?? 1,
    comparisonOperator:
      above === undefined ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: above === undefined ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
  }).addAlarmAction(new SnsAction(health));
alarm("no-readings", "AWS/Kinesis", "IncomingRecords", { StreamName: input.streamName });
alarm("no-scores", "AWS/Kinesis", "IncomingRecords", { StreamName: output.streamName });
alarm("no-delivery", "AWS/Lambda", "Invocations", { FunctionName: delivery.functionName });
alarm("delivery-fails", "AWS/Lambda", "Errors", { FunctionName: delivery.functionName }, { above: 0, minutes: 5 });
const behind = { above: 900_000, minutes: 5, statistic: Stats.MAXIMUM };
alarm("storing-behind", "AWS/Lambda", "IteratorAge", { FunctionName: destination.functionName }, behind);

new CfnOutput(stack, "Start", {
  value: `aws kinesisanalyticsv2 start-application --application-name ${application.ref}`,
});
stack.node.root.synth();
