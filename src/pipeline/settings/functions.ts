import { parseDuration } from "../../io/text.ts";
import type { Names, Settings } from "./config.ts";

/** What Lambda runs: `dist/lambdas/<folder>/index.mjs`, zipped, with the export `handler`. */
export const HANDLER = "index.handler";
export const RUNTIME = "nodejs22.x";
export const DESTINATION = { folder: "destination", timeoutSeconds: 60, memoryMegabytes: 256 } as const;
export const DELIVERY = { folder: "delivery", timeoutSeconds: 60, memoryMegabytes: 256 } as const;

/** The destination's trigger: TRIM_HORIZON, because LATEST may skip the first records; writes are idempotent. */
export const DESTINATION_MAPPING = {
  StartingPosition: "TRIM_HORIZON",
  BatchSize: 500,
  MaximumBatchingWindowInSeconds: 0,
  BisectBatchOnFunctionError: true,
  FunctionResponseTypes: ["ReportBatchItemFailures"],
  // -1: as long as the stream keeps the record. A function that fails for an hour loses nothing.
  MaximumRetryAttempts: -1,
  MaximumRecordAgeInSeconds: -1,
  ParallelizationFactor: 1,
} as const;

/** The delivery's input from the schedule: only what waits; without it the whole table is looked through. */
export const SCHEDULED_INPUT = { look: "waiting" } as const;

/** Where the simulator on EC2 gets windops from. */
export const SIMULATOR_PREFIX = "simulator/";

/**
 * The delivery's own table: what waits to be told, what was told, and who is at it. Apart from the readings' table, so
 * that one row there is one reading, and writing a reading again can't undo what is known of its notification.
 */
export const alertTable = (names: Pick<Names, "table">): string => `${names.table}Alerts`;

type Tuning = Pick<Settings, "minScore" | "quiet" | "notify"> &
  Partial<Pick<Settings, "cooldown" | "digest" | "calmNotice">>;

export function destinationEnvironment(settings: Tuning, names: Names): Record<string, string> {
  return {
    OUTPUT_TABLE_NAME: names.table,
    MIN_SCORE: String(settings.minScore),
    ALERT_TABLE_NAME: alertTable(names),
    DELIVERY_FUNCTION_NAME: names.deliveryFunction,
    QUARANTINE_BUCKET: names.bucket,
  };
}

export function deliveryEnvironment(settings: Tuning, names: Names, topicArn: string): Record<string, string> {
  const seconds = (text = "0s") => String((parseDuration(text) ?? 0) / 1000);
  return {
    OUTPUT_TABLE_NAME: names.table,
    SNS_TOPIC_ARN: topicArn,
    MIN_SCORE: String(settings.minScore),
    ALERT_TABLE_NAME: alertTable(names),
    NOTIFY: settings.notify,
    QUIET_SECONDS: seconds(settings.quiet),
    COOLDOWN_SECONDS: seconds(settings.cooldown),
    DIGEST_SECONDS: seconds(settings.digest),
    CALM_NOTICE: String(settings.calmNotice ?? false),
  };
}

/**
 * What each function's role allows besides writing its log. Of the stream: what a mapping without enhanced fan-out reads one
 * named stream with.
 */
export const DESTINATION_RIGHTS = {
  stream: [
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
  ],
  table: ["dynamodb:BatchWriteItem"],
  alertTable: ["dynamodb:BatchWriteItem"],
  quarantine: ["s3:PutObject"],
  deliveryFunction: ["lambda:InvokeFunction"],
} as const;

export const DELIVERY_RIGHTS = {
  table: ["dynamodb:Query", "dynamodb:Scan"],
  alertTable: [
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
  ],
  topic: ["sns:Publish"],
} as const;
