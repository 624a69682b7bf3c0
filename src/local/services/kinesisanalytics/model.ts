import { createHash } from "node:crypto";
import { AwsError } from "../../errors.ts";
import type { EngineName, Restore } from "./engines/engine.ts";

export type ApplicationState = "READY" | "STARTING" | "RUNNING" | "STOPPING" | "UPDATING" | "DELETING";

export type RestoreType =
  | "SKIP_RESTORE_FROM_SNAPSHOT"
  | "RESTORE_FROM_LATEST_SNAPSHOT"
  | "RESTORE_FROM_CUSTOM_SNAPSHOT";

/** Where the state of a run that didn't go on from a checkpoint began. */
export type Beginning = Exclude<Restore, { kind: "checkpoint" }>;

export interface CodeLocation {
  bucketArn: string;
  fileKey: string;
  objectVersion?: string;
}

/** The uploaded code as it was when the version was made: a later object under the same key isn't picked up. */
export interface ApplicationCode {
  location: CodeLocation;
  sha256: string;
  md5: string;
  size: number;
}

/** What an update changes and a version keeps. */
export interface Configuration {
  role: string;
  runtime: string;
  description: string | undefined;
  code: ApplicationCode;
  propertyGroups: { PropertyGroupId: string; PropertyMap: Record<string, string> }[];
  checkpoint: {
    ConfigurationType: string;
    CheckpointingEnabled: boolean;
    CheckpointInterval: number;
    MinPauseBetweenCheckpoints: number;
  };
  monitoring: { ConfigurationType: string; MetricsLevel: string; LogLevel: string };
  parallelism: {
    ConfigurationType: string;
    Parallelism: number;
    ParallelismPerKPU: number;
    AutoScalingEnabled: boolean;
  };
  snapshotsEnabled: boolean;
  rollbackEnabled: boolean;
  logging: { CloudWatchLoggingOptionId: string; LogStreamARN: string }[];
}

export interface RunConfiguration {
  restoreType: RestoreType;
  snapshotName?: string;
  allowNonRestoredState: boolean;
}

/** An application as stored, by `<region>/<name>`. */
export interface Application {
  region: string;
  name: string;
  arn: string;
  mode: string;
  state: ApplicationState;
  version: number;
  updatedFrom?: number;
  createdAt: number;
  updatedAt: number;
  versionAt: number;
  configuration: Configuration;
  run: RunConfiguration;
  /** The run in hand, from START to STOP: the stack should be running it. Its engine files are its own, by `id`. */
  active?: { id: string; engine: EngineName; restore: Beginning };
  /** The operation in hand. */
  operationId?: string;
  tags: Record<string, string>;
}

export interface SnapshotRecord {
  name: string;
  /** `<region>/<application>`. */
  application: string;
  state: "CREATING" | "READY" | "DELETING" | "FAILED";
  createdAt: number;
  version: number;
  runtime: string;
  engine: EngineName;
  path: string;
}

export interface OperationRecord {
  id: string;
  application: string;
  operation: string;
  status: "IN_PROGRESS" | "SUCCESSFUL" | "FAILED" | "CANCELLED";
  startedAt: number;
  endedAt?: number;
  error?: string;
  versionFrom?: number;
  versionTo?: number;
}

export const invalidArgument = (message: string): AwsError => new AwsError("InvalidArgumentException", message);

export const resourceInUse = (message: string): AwsError => new AwsError("ResourceInUseException", message);

export const noSuch = (message: string): AwsError => new AwsError("ResourceNotFoundException", message);

/** Changes whenever the application does; an update may name it instead of the version. */
export function conditionalToken(app: Application): string {
  return createHash("sha256")
    .update(`${app.arn}:${app.createdAt}:${app.version}:${app.updatedAt}:${app.state}`)
    .digest("base64url");
}
