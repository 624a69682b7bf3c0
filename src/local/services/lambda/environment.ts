import { randomUUID } from "node:crypto";
import { type FunctionRecord, logGroup } from "./model.ts";

/** Names that a function's own environment can't set: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
export const RESERVED = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_DEFAULT_REGION",
  "AWS_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_LAMBDA_RUNTIME_API",
  "LAMBDA_TASK_ROOT",
  "LAMBDA_RUNTIME_DIR",
]);

/**
 * The environment of a function's process: what Lambda sets, the stack as its endpoint, and nothing of the stack's own
 * environment, where the operator's credentials may be.
 */
export function processEnvironment(
  f: FunctionRecord,
  at: { endpoint: string; taskRoot: string; logStream: string },
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin",
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    AWS_ENDPOINT_URL: at.endpoint,
    ...f.environment,
    AWS_ACCESS_KEY_ID: `ASIA${"WINDOPSLOCAL".padEnd(16, "0")}`,
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_SESSION_TOKEN: "local",
    AWS_REGION: f.region,
    AWS_DEFAULT_REGION: f.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${f.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: f.name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(f.memorySize),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: logGroup(f),
    AWS_LAMBDA_LOG_STREAM_NAME: at.logStream,
    // No IMDS on this machine: a client without credentials fails at once and doesn't ask the network.
    AWS_EC2_METADATA_DISABLED: "true",
    LAMBDA_TASK_ROOT: at.taskRoot,
    LAMBDA_RUNTIME_DIR: at.taskRoot,
    _HANDLER: f.handler,
  };
}

/** An X-Ray header of an unsampled trace. */
export function traceId(now: number): string {
  const id = randomUUID().replaceAll("-", "");
  return `Root=1-${Math.floor(now / 1000).toString(16)}-${id.slice(0, 24)};Parent=${id.slice(16)};Sampled=0`;
}
