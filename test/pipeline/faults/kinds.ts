import type { ChaosRule } from "../../../src/local/chaos.ts";
import type { WireCall } from "./line.ts";

type Fault = Pick<ChaosRule, "error" | "drop">;

/** The stack's name of a service, where `Clients` has another. */
const stackName = (service: string) => ({ flink: "kinesisanalytics" })[service] ?? service;

/** How each service says that one asks too often. */
const THROTTLES: Record<string, Fault["error"]> = {
  cloudwatch: { code: "Throttling", message: "Rate exceeded" },
  dynamodb: { code: "ThrottlingException", message: "Rate of requests exceeds the allowed throughput." },
  flink: { code: "ThrottlingException", message: "Rate exceeded" },
  iam: { code: "Throttling", message: "Rate exceeded" },
  kinesis: { code: "LimitExceededException", message: "Rate exceeded for stream under account 000000000000." },
  lambda: { code: "TooManyRequestsException", message: "Rate Exceeded.", status: 429 },
  logs: { code: "ThrottlingException", message: "Rate exceeded" },
  s3: { code: "SlowDown", message: "Please reduce your request rate.", status: 503 },
  scheduler: { code: "ThrottlingException", message: "Rate exceeded", status: 429 },
  sns: { code: "Throttling", message: "Rate exceeded", status: 400 },
};

const notThere = (message: string, code = "ResourceNotFoundException", status = 400): Fault["error"] => ({
  code,
  message,
  status,
});

/**
 * What each call is answered while something that it rests on isn't known everywhere yet, or something else is still being done to the same
 * thing; as the services word it (the rows of docs/provisioning.md's table of traps, and the services' own lists of errors).
 */
const NOT_YET: Record<string, Fault["error"]> = {
  "cloudwatch:DeleteAlarms": notThere("The alarm is not found.", "ResourceNotFound", 404),
  "dynamodb:CreateTable": { code: "ResourceInUseException", message: "Table is being deleted" },
  "dynamodb:DeleteTable": { code: "ResourceInUseException", message: "Table is being created" },
  "dynamodb:UpdateContinuousBackups": {
    code: "ContinuousBackupsUnavailableException",
    message: "Backups are being enabled for the table. Please retry later",
  },
  "flink:CreateApplication": {
    code: "InvalidArgumentException",
    message: "Please check the role provided or validity of S3 location you provided. We are unable to get the file.",
  },
  "flink:DeleteApplication": {
    code: "ConcurrentModificationException",
    message: "Another operation is in progress on the application",
  },
  "flink:StartApplication": { code: "ResourceInUseException", message: "The application is being updated" },
  "flink:StopApplication": { code: "ResourceInUseException", message: "The application is starting" },
  "iam:CreateRole": { code: "EntityAlreadyExists", message: "Role is being deleted", status: 409 },
  "iam:PutRolePolicy": notThere("The role with that name cannot be found.", "NoSuchEntity", 404),
  "iam:DeleteRolePolicy": { code: "ConcurrentModification", message: "The role is being modified", status: 409 },
  "iam:DeleteRole": {
    code: "DeleteConflict",
    message: "Cannot delete entity, must delete policies first.",
    status: 409,
  },
  "kinesis:CreateStream": {
    code: "LimitExceededException",
    message: "You have reached the limit of 5 streams in the CREATING state.",
  },
  "kinesis:DeleteStream": { code: "ResourceInUseException", message: "Stream is being created" },
  "kinesis:StartStreamEncryption": { code: "ResourceInUseException", message: "Stream is not ACTIVE" },
  "lambda:CreateFunction": {
    code: "InvalidParameterValueException",
    message: "The role defined for the function cannot be assumed by Lambda.",
  },
  "lambda:CreateEventSourceMapping": {
    code: "InvalidParameterValueException",
    message:
      "Cannot access stream arn:aws:kinesis:us-east-1:000000000000:stream/AnomalyDetectionStream. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM.",
  },
  "lambda:DeleteEventSourceMapping": {
    code: "ResourceInUseException",
    message: "Cannot update the event source mapping because it is in use.",
  },
  "lambda:DeleteFunction": {
    code: "ResourceConflictException",
    message: "The operation cannot be performed at this time. An update is in progress for resource.",
    status: 409,
  },
  "logs:CreateLogGroup": { code: "OperationAbortedException", message: "A conflicting operation is in progress" },
  "logs:CreateLogStream": notThere("The specified log group does not exist."),
  "logs:DeleteLogGroup": { code: "OperationAbortedException", message: "A conflicting operation is in progress" },
  "logs:PutRetentionPolicy": notThere("The specified log group does not exist."),
  "s3:CreateBucket": {
    code: "OperationAborted",
    message: "A conflicting conditional operation is currently in progress against this resource. Please try again.",
    status: 409,
  },
  "s3:DeleteBucket": { code: "BucketNotEmpty", message: "The bucket you tried to delete is not empty", status: 409 },
  "s3:PutBucketEncryption": notThere("The specified bucket does not exist", "NoSuchBucket", 404),
  "s3:PutBucketLifecycleConfiguration": notThere("The specified bucket does not exist", "NoSuchBucket", 404),
  "s3:PutBucketPolicy": {
    code: "OperationAborted",
    message: "A conflicting conditional operation is currently in progress against this resource. Please try again.",
    status: 409,
  },
  "s3:PutBucketTagging": notThere("The specified bucket does not exist", "NoSuchBucket", 404),
  "s3:PutBucketVersioning": notThere("The specified bucket does not exist", "NoSuchBucket", 404),
  "s3:PutObject": notThere("The specified bucket does not exist", "NoSuchBucket", 404),
  "s3:PutPublicAccessBlock": notThere("The specified bucket does not exist", "NoSuchBucket", 404),
  "scheduler:CreateSchedule": {
    code: "ValidationException",
    message: "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
  },
  "scheduler:CreateScheduleGroup": { code: "ConflictException", message: "The group is being deleted", status: 409 },
  "scheduler:DeleteScheduleGroup": { code: "ConflictException", message: "The group is being changed", status: 409 },
  "sns:Subscribe": notThere("Topic does not exist", "NotFound", 404),
};

export const KINDS = ["throttle", "500", "dropped after it took effect", "dropped before", "not yet"] as const;
export type Kind = (typeof KINDS)[number];

/** What hits `call` under `kind`; undefined where that call knows no such error. */
export function faultOf(kind: Kind, { service, operation }: WireCall): Fault | undefined {
  switch (kind) {
    case "throttle":
      return { error: THROTTLES[service] };
    case "500":
      return { error: { code: "InternalFailure", message: "We encountered an internal error.", status: 500 } };
    case "dropped before":
      return { drop: "before" };
    case "dropped after it took effect":
      return { drop: "after" };
    case "not yet": {
      const error = NOT_YET[`${service}:${operation}`];
      return error && { error };
    }
  }
}

/** How often in a row a call is told "not yet": longer than the SDK's own retries would know of. */
const NOT_YETS = 3;

/** One rule an operation, that hits each of `calls` once; with "not yet" the next ones too. */
export function rulesFor(kind: Kind, calls: WireCall[]): ChaosRule[] {
  const rules = new Map<string, ChaosRule & { nth: number[] }>();
  for (const call of calls) {
    const fault = faultOf(kind, call);
    if (!fault) continue;
    const key = `${call.service}:${call.operation}`;
    const rule = rules.get(key) ?? { service: stackName(call.service), operation: call.operation, nth: [], ...fault };
    for (let i = 0; i < (kind === "not yet" ? NOT_YETS : 1); i++) rule.nth.push(call.nth + i);
    rules.set(key, rule);
  }
  return [...rules.values()];
}
