/** A right that a call needs: an IAM action on resources named in `resources.ts`, under conditions named there. */
export interface Right {
  action: string;
  on: string;
  when?: string;
}

type Modules = {
  cloudwatch: typeof import("../../aws/cloudwatch.ts");
  dynamodb: typeof import("../../aws/dynamodb.ts");
  ec2: typeof import("../../aws/ec2.ts");
  flink: typeof import("../../aws/flink.ts");
  iam: typeof import("../../aws/iam.ts");
  kinesis: typeof import("../../aws/kinesis.ts");
  lambda: typeof import("../../aws/lambda.ts");
  logs: typeof import("../../aws/logs.ts");
  quotas: typeof import("../../aws/quotas.ts");
  s3: typeof import("../../aws/s3.ts");
  scheduler: typeof import("../../aws/scheduler.ts");
  sns: typeof import("../../aws/sns.ts");
  ssm: typeof import("../../aws/ssm.ts");
  sts: typeof import("../../aws/sts.ts");
};

export type ServiceName = keyof Modules;

/** The operations whose commands src/aws hands out, which is all that windops can call. */
type Operations<Module> = keyof Module extends infer Key ? (Key extends `${infer Name}Command` ? Name : never) : never;

/**
 * What a call needs. A text: the action of the call's own name, on the resources of that name; otherwise each as
 * [action, resources, condition].
 */
type Needs = string | readonly (readonly [action: string, on: string, when?: string])[];

/** The prefix of each service's actions. */
const PREFIX: Record<ServiceName, string> = {
  cloudwatch: "cloudwatch",
  dynamodb: "dynamodb",
  ec2: "ec2",
  flink: "kinesisanalytics",
  iam: "iam",
  kinesis: "kinesis",
  lambda: "lambda",
  logs: "logs",
  quotas: "servicequotas",
  s3: "s3",
  scheduler: "scheduler",
  sns: "sns",
  ssm: "ssm",
  sts: "sts",
};

/**
 * The rights that each call needs, by client and operation. The type makes it complete: an operation that src/aws
 * doesn't hand out can't be here, and one that it does has to be. Which resources an action can be narrowed to is
 * what AWS's service authorization reference says of it.
 */
const CALLS: { [Service in ServiceName]: Record<Operations<Modules[Service]>, Needs> } = {
  cloudwatch: {
    DeleteAlarms: "alarms",
    DescribeAlarms: "alarms",
    GetMetricData: "all",
    ListTagsForResource: "alarms",
    PutMetricAlarm: [
      ["PutMetricAlarm", "alarms"],
      ["TagResource", "alarms"],
    ],
    PutMetricData: [["PutMetricData", "all", "ofProofs"]],
    TagResource: "alarms",
  },
  dynamodb: {
    BatchWriteItem: "tables",
    CreateTable: [
      ["CreateTable", "tables"],
      ["TagResource", "tables"],
    ],
    DeleteTable: "tables",
    DescribeContinuousBackups: "tables",
    DescribeTable: "tables",
    GetItem: "tables",
    ListTagsOfResource: "tables",
    Query: [
      ["Query", "tables"],
      ["Query", "indexes"],
    ],
    Scan: "tables",
    TagResource: "tables",
    UpdateContinuousBackups: "tables",
    UpdateTable: "tables",
  },
  ec2: {
    AuthorizeSecurityGroupEgress: [["AuthorizeSecurityGroupEgress", "securityGroups", "ours"]],
    CreateSecurityGroup: [
      ["CreateSecurityGroup", "securityGroups", "taggedOurs"],
      ["CreateSecurityGroup", "networks"],
      ["CreateTags", "tagged", "creating"],
    ],
    DeleteSecurityGroup: [["DeleteSecurityGroup", "securityGroups", "ours"]],
    DescribeInstances: "all",
    DescribeSecurityGroups: "all",
    DescribeVpcs: "all",
    RevokeSecurityGroupEgress: [["RevokeSecurityGroupEgress", "securityGroups", "ours"]],
    RunInstances: [
      ["RunInstances", "instances", "taggedOurs"],
      ["RunInstances", "instanceParts"],
      ["CreateTags", "tagged", "creating"],
      ["iam:PassRole", "simulatorRole", "passedToEc2"],
    ],
    TerminateInstances: [["TerminateInstances", "instances", "ours"]],
  },
  flink: {
    AddApplicationCloudWatchLoggingOption: "application",
    CreateApplication: [
      ["CreateApplication", "all"],
      ["TagResource", "application"],
      ["iam:PassRole", "flinkRole", "passedToFlink"],
    ],
    DeleteApplication: "application",
    DeleteApplicationSnapshot: "application",
    DescribeApplication: "application",
    DescribeApplicationOperation: "application",
    ListApplicationSnapshots: "application",
    ListTagsForResource: "application",
    StartApplication: "application",
    StopApplication: "application",
    TagResource: "application",
    UpdateApplication: [
      ["UpdateApplication", "application"],
      ["iam:PassRole", "flinkRole", "passedToFlink"],
    ],
  },
  iam: {
    AddRoleToInstanceProfile: [
      ["AddRoleToInstanceProfile", "instanceProfile"],
      ["PassRole", "simulatorRole", "passedToEc2"],
    ],
    CreateInstanceProfile: [
      ["CreateInstanceProfile", "instanceProfile"],
      ["TagInstanceProfile", "instanceProfile"],
    ],
    CreateRole: [
      ["CreateRole", "roles"],
      ["TagRole", "roles"],
    ],
    DeleteInstanceProfile: "instanceProfile",
    DeleteRole: "roles",
    DeleteRolePolicy: "roles",
    DetachRolePolicy: "roles",
    GetInstanceProfile: "instanceProfile",
    GetRole: "roles",
    GetRolePolicy: "roles",
    ListAttachedRolePolicies: "roles",
    ListRolePolicies: "roles",
    PutRolePolicy: "roles",
    RemoveRoleFromInstanceProfile: "instanceProfile",
    SimulatePrincipalPolicy: "principals",
    TagRole: "roles",
    UpdateAssumeRolePolicy: "roles",
  },
  kinesis: {
    AddTagsToStream: "streams",
    CreateStream: [
      ["CreateStream", "streams"],
      ["AddTagsToStream", "streams"],
    ],
    DecreaseStreamRetentionPeriod: "streams",
    DeleteStream: "streams",
    DeregisterStreamConsumer: "consumers",
    DescribeStreamConsumer: "consumers",
    DescribeLimits: "all",
    DescribeStreamSummary: "streams",
    GetRecords: "streams",
    GetShardIterator: "streams",
    IncreaseStreamRetentionPeriod: "streams",
    ListShards: "streams",
    ListStreamConsumers: "streams",
    ListTagsForStream: "streams",
    PutRecords: "streams",
    RegisterStreamConsumer: "streams",
    StartStreamEncryption: "streams",
    SubscribeToShard: "consumers",
    UpdateShardCount: "all",
    UpdateStreamMode: "all",
  },
  lambda: {
    CreateEventSourceMapping: [
      ["CreateEventSourceMapping", "all", "ofDestination"],
      ["TagResource", "mappings"],
    ],
    CreateFunction: [
      ["CreateFunction", "functions"],
      ["TagResource", "functions"],
      ["iam:PassRole", "functionRoles", "passedToLambda"],
    ],
    DeleteEventSourceMapping: [["DeleteEventSourceMapping", "mappings", "ofDestination"]],
    DeleteFunction: "functions",
    // It leaves the tags out for who may not list them.
    GetFunction: [
      ["GetFunction", "functions"],
      ["ListTags", "functions"],
    ],
    Invoke: [["InvokeFunction", "deliveryFunction"]],
    ListEventSourceMappings: "all",
    TagResource: "functions",
    UpdateEventSourceMapping: [["UpdateEventSourceMapping", "mappings", "ofDestination"]],
    UpdateFunctionCode: "functions",
    UpdateFunctionConfiguration: [
      ["UpdateFunctionConfiguration", "functions"],
      ["iam:PassRole", "functionRoles", "passedToLambda"],
    ],
  },
  logs: {
    CreateLogGroup: [
      ["CreateLogGroup", "logGroups"],
      ["TagResource", "logGroups"],
    ],
    CreateLogStream: "logStreams",
    DeleteLogGroup: "logGroups",
    DescribeLogGroups: "all",
    DescribeLogStreams: "logGroups",
    FilterLogEvents: "logGroups",
    ListTagsForResource: "logGroups",
    PutRetentionPolicy: "logGroups",
    TagResource: "logGroups",
  },
  quotas: { GetServiceQuota: "quotas" },
  s3: {
    CreateBucket: [
      ["CreateBucket", "bucket"],
      ["TagResource", "bucket"],
    ],
    DeleteBucket: "bucket",
    DeleteObjects: [
      ["DeleteObject", "objects"],
      ["DeleteObjectVersion", "objects"],
    ],
    GetBucketEncryption: [["GetEncryptionConfiguration", "bucket"]],
    GetBucketLifecycleConfiguration: [["GetLifecycleConfiguration", "bucket"]],
    GetBucketPolicy: "bucket",
    GetBucketTagging: "bucket",
    GetBucketVersioning: "bucket",
    GetPublicAccessBlock: [["GetBucketPublicAccessBlock", "bucket"]],
    HeadBucket: [["ListBucket", "bucket"]],
    // For who may not list the bucket an object that isn't there is forbidden, not absent.
    HeadObject: [
      ["GetObject", "objects"],
      ["ListBucket", "bucket"],
    ],
    ListObjectVersions: [["ListBucketVersions", "bucket"]],
    PutBucketEncryption: [["PutEncryptionConfiguration", "bucket"]],
    PutBucketLifecycleConfiguration: [["PutLifecycleConfiguration", "bucket"]],
    PutBucketPolicy: "bucket",
    PutBucketTagging: "bucket",
    PutBucketVersioning: "bucket",
    PutObject: "objects",
    PutPublicAccessBlock: [["PutBucketPublicAccessBlock", "bucket"]],
  },
  scheduler: {
    CreateSchedule: [
      ["CreateSchedule", "schedule"],
      ["iam:PassRole", "scheduleRole", "passedToScheduler"],
    ],
    CreateScheduleGroup: [
      ["CreateScheduleGroup", "scheduleGroup"],
      ["TagResource", "scheduleGroup"],
    ],
    // With the schedules in it.
    DeleteScheduleGroup: [
      ["DeleteScheduleGroup", "scheduleGroup"],
      ["DeleteSchedule", "schedule"],
    ],
    GetSchedule: "schedule",
    GetScheduleGroup: "scheduleGroup",
    ListTagsForResource: "scheduleGroup",
    TagResource: "scheduleGroup",
    UpdateSchedule: [
      ["UpdateSchedule", "schedule"],
      ["iam:PassRole", "scheduleRole", "passedToScheduler"],
    ],
  },
  sns: {
    CreateTopic: [
      ["CreateTopic", "topics"],
      ["TagResource", "topics"],
    ],
    DeleteTopic: "topics",
    GetTopicAttributes: "topics",
    ListSubscriptionsByTopic: "topics",
    ListTagsForResource: "topics",
    SetTopicAttributes: "topics",
    Subscribe: "topics",
    TagResource: "topics",
  },
  ssm: { GetParameter: "images" },
  // Everybody may call it, whatever the policies say.
  sts: { GetCallerIdentity: [] },
};

/** The rights that a call of `operation` with the client `service` needs; undefined for one that src/aws doesn't have. */
export function rightsOf(service: string, operation: string): Right[] | undefined {
  const needs = (CALLS as Record<string, Record<string, Needs>>)[service]?.[operation];
  if (needs === undefined) return undefined;
  const listed = typeof needs === "string" ? [[operation, needs] as const] : needs;
  return listed.map(([action, on, when]) => ({
    action: action.includes(":") ? action : `${PREFIX[service as ServiceName]}:${action}`,
    on,
    ...(when !== undefined && { when }),
  }));
}

/** Each call that windops can make, as `[client, operation]`. */
export function allCalls(): [ServiceName, string][] {
  return Object.entries(CALLS).flatMap(([service, calls]) =>
    Object.keys(calls).map((operation): [ServiceName, string] => [service as ServiceName, operation]),
  );
}
