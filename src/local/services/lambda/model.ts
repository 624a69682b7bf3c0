import { AwsError } from "../../errors.ts";

/** A function as stored, by `<region>/<name>`. */
export interface FunctionRecord {
  region: string;
  name: string;
  arn: string;
  role: string;
  runtime: string;
  handler: string;
  description: string;
  /** Seconds. */
  timeout: number;
  /** Megabytes. */
  memorySize: number;
  environment: Record<string, string> | undefined;
  architectures: string[];
  ephemeralStorage: number;
  loggingConfig: Record<string, unknown>;
  /** Stored and given back; nothing acts on them here. */
  echoed: Record<string, unknown>;
  /** Of the zip: base64, and hex as the code's file is named. */
  codeSha256: string;
  codeFile: string;
  codeSize: number;
  lastModified: string;
  revisionId: string;
  state: "Pending" | "Active" | "Failed";
  lastUpdateStatus: "Successful" | "InProgress" | "Failed";
  reason?: { text: string; code: string };
  tags: Record<string, string>;
  reservedConcurrency?: number;
  policy?: Statement[];
  eventInvoke?: EventInvokeConfig;
}

export interface Statement {
  Sid: string;
  Effect: "Allow";
  Principal: unknown;
  Action: string;
  Resource: string;
  Condition?: Record<string, Record<string, string>>;
}

export interface EventInvokeConfig {
  lastModified: number;
  maximumRetryAttempts?: number;
  maximumEventAgeInSeconds?: number;
  destinationConfig?: DestinationConfig;
}

export interface DestinationConfig {
  OnSuccess?: { Destination?: string };
  OnFailure?: { Destination?: string };
}

/** The answer of CreateFunction, GetFunctionConfiguration and the updates. */
export function configuration(f: FunctionRecord): object {
  return {
    FunctionName: f.name,
    FunctionArn: f.arn,
    Runtime: f.runtime,
    Role: f.role,
    Handler: f.handler,
    CodeSize: f.codeSize,
    Description: f.description,
    Timeout: f.timeout,
    MemorySize: f.memorySize,
    LastModified: f.lastModified,
    CodeSha256: f.codeSha256,
    Version: "$LATEST",
    Environment: f.environment && { Variables: f.environment },
    TracingConfig: { Mode: "PassThrough" },
    RevisionId: f.revisionId,
    State: f.state,
    StateReason:
      f.state === "Pending" ? "The function is being created." : f.state === "Failed" ? f.reason?.text : undefined,
    StateReasonCode: f.state === "Pending" ? "Creating" : f.state === "Failed" ? f.reason?.code : undefined,
    LastUpdateStatus: f.lastUpdateStatus,
    LastUpdateStatusReason:
      f.lastUpdateStatus === "InProgress"
        ? "The function is being updated."
        : f.lastUpdateStatus === "Failed"
          ? f.reason?.text
          : undefined,
    LastUpdateStatusReasonCode: f.lastUpdateStatus === "Failed" ? f.reason?.code : undefined,
    PackageType: "Zip",
    Architectures: f.architectures,
    EphemeralStorage: { Size: f.ephemeralStorage },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: { LogFormat: "Text", LogGroup: `/aws/lambda/${f.name}`, ...f.loggingConfig },
    ...f.echoed,
  };
}

export function logGroup(f: FunctionRecord): string {
  return typeof f.loggingConfig.LogGroup === "string" ? f.loggingConfig.LogGroup : `/aws/lambda/${f.name}`;
}

export const invalid = (message: string): AwsError => new AwsError("InvalidParameterValueException", message);

export const notFound = (message: string): AwsError =>
  new AwsError("ResourceNotFoundException", message, 404, { Type: "User" });

export const conflict = (message: string): AwsError =>
  new AwsError("ResourceConflictException", message, 409, { Type: "User" });

const REFERENCE =
  /^(?:arn:aws[a-zA-Z-]*:lambda:(?<region>[a-z0-9-]+):|)(?:(?<account>\d{12}):|)(?:function:|)(?<name>[a-zA-Z0-9-_]{1,64})(?::(?<qualifier>\$LATEST|[a-zA-Z0-9-_]+)|)$/;

/** Name, partial or whole ARN of a function. Throws `AwsError` ValidationException, or ResourceNotFoundException for a qualifier. */
export function functionName(reference: unknown): string {
  const parts = typeof reference === "string" ? REFERENCE.exec(reference)?.groups : undefined;
  if (!parts?.name) {
    throw new AwsError(
      "ValidationException",
      `1 validation error detected: Value '${String(reference).slice(0, 140)}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?`,
    );
  }
  if (parts.qualifier && parts.qualifier !== "$LATEST") throw notFound(`Function not found: ${reference}`);
  return parts.name;
}
