import { z } from "zod";
import { parseDuration } from "../../io/text.ts";

/** Names that a user may set; each has the contract's default. The prefix is put before these too. */
const namesSchema = z.strictObject({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
    .optional()
    .describe("S3 bucket (default kinesis-flink-<account>-<region>)"),
  jarKey: z.string().min(1).max(1024).optional().describe("Key of the Flink job's jar (default AnomalyDetection.jar)"),
  inputStream: resourceName(128).describe("Stream of readings (default WindDataStream)"),
  outputStream: resourceName(128).describe("Stream of scored readings (default AnomalyDetectionStream)"),
  application: resourceName(128).describe("Flink application (default AnomalyDetection)"),
  destinationFunction: functionName().describe("Stores scored readings (default AnalyticsDestinationFunction)"),
  deliveryFunction: functionName().describe("Sends notifications (default AnomalyMessageDeliveryFunction)"),
  table: resourceName(255).describe("DynamoDB table (default WindDataTable)"),
  topic: functionName().describe("SNS topic (default AnomalyNotification)"),
});

function resourceName(max: number) {
  return z
    .string()
    .regex(/^[a-zA-Z0-9_.-]+$/)
    .max(max)
    .optional();
}

function functionName() {
  return z
    .string()
    .regex(/^[a-zA-Z0-9_-]+$/)
    .max(64)
    .optional();
}

function durationText(fallback: string, description: string) {
  return z
    .string()
    .refine((text) => parseDuration(text) !== undefined, "must be a duration such as 15m")
    .default(fallback)
    .describe(description);
}

/** Settings of windops.json, WINDOPS_* and flags: one definition, from which schema/windops.schema.json is made. */
export const settingsSchema = z.strictObject({
  $schema: z.string().optional(),
  target: z.enum(["local", "aws"]).default("local").describe("Where commands work when no flag says otherwise"),
  region: z
    .string()
    .regex(/^[a-z]{2,4}(-[a-z]+)+-\d$/, "must be a region such as us-east-1")
    .optional()
    .describe("AWS region (default: the profile's, else us-east-1)"),
  profile: z.string().min(1).optional().describe("AWS profile, used where the target is AWS"),
  endpointUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Any AWS-compatible endpoint"),
  prefix: z
    .string()
    .regex(/^([a-z0-9][a-z0-9-]{0,19})?$/, "must be up to 20 of a-z, 0-9 and -, beginning with a letter or digit")
    .default("")
    .describe("Put before every resource's name, for several pipelines in one account"),
  names: namesSchema.default({}).describe("Names of the resources, where the defaults don't fit"),
  minScore: z.number().positive().default(2).describe("Anomaly score from which a reading is an anomaly"),
  quiet: durationText("15m", "Event time without an anomaly after which the next one is a new one").refine(
    (text) => (parseDuration(text) ?? 1000) >= 1000,
    "must be 1s or longer",
  ),
  notify: z
    .enum(["anomaly", "every-reading"])
    .default("anomaly")
    .describe("One notification an anomaly, or one for each reading at or above the threshold"),
  cooldown: durationText("0s", "Event time after a turbine was told of in which its further anomalies are not"),
  digest: durationText("0s", "Gather the anomalies of a location for so long and tell them in one notification"),
  calmNotice: z.boolean().default(false).describe("Tell when a turbine is calm again"),
  turbines: z
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .optional()
    .describe("Turbines of the farm: sizes shards and parallelism where these aren't set"),
  rate: z.number().positive().optional().describe("Readings a second of the whole farm (default one a turbine)"),
  shards: z.number().int().min(1).max(500).default(1).describe("Shards of each stream"),
  retentionHours: z.number().int().min(24).max(8760).default(24).describe("Hours that the streams keep their records"),
  parallelism: z.number().int().min(1).max(64).default(1).describe("Parallelism of the Flink application"),
  autoScaling: z
    .boolean()
    .default(true)
    .describe("Managed Flink raises the parallelism under load, and lowers it again down to `parallelism`"),
  metricsLevel: z
    .enum(["APPLICATION", "TASK", "OPERATOR", "PARALLELISM"])
    .default("APPLICATION")
    .describe("How finely Managed Flink reports its metrics to CloudWatch; finer ones cost more"),
  checkpointInterval: durationText("1m", "Time between the Flink application's checkpoints").refine(
    (text) => (parseDuration(text) ?? 1) >= 1,
    "must be 1ms or longer",
  ),
  snapshots: z
    .number()
    .int()
    .min(1)
    .max(500)
    .default(10)
    .describe(
      "Snapshots of the Flink application that are kept, besides those named keep…; stop and updates leave one each",
    ),
  logRetentionDays: z
    .literal([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653])
    .default(30)
    .describe("Days that logs are kept"),
  silentMinutes: z
    .number()
    .int()
    .min(1)
    .max(1440)
    .default(15)
    .describe("Minutes without a reading, a score or a delivery after which an alarm tells the subscribers"),
  proveEvery: durationText(
    "0s",
    "How often `windops prove --every` is run; an alarm tells of a proof that didn't come",
    // An alarm of CloudWatch looks back a week at most.
  ).refine((text) => (parseDuration(text) ?? 0) <= 6 * 86_400_000, "must be 6d or shorter"),
  email: z.array(z.email()).default([]).describe("Subscribers of the notification"),
});

export type Settings = Omit<z.infer<typeof settingsSchema>, "region"> & { region: string };

/** The names of a pipeline's resources. */
export interface Names {
  /** The pipeline's own name: the value of the tag `windops:pipeline`, and what `destroy` asks for. */
  pipeline: string;
  bucket: string;
  jarKey: string;
  inputStream: string;
  outputStream: string;
  application: string;
  destinationFunction: string;
  deliveryFunction: string;
  table: string;
  topic: string;
}

/** Names as the design's contract has them, or as set, with the prefix before each (not before the jar's key). */
export function names(settings: Pick<Settings, "prefix" | "region"> & Partial<Settings>, account: string): Names {
  const p = settings.prefix;
  const set = settings.names ?? {};
  return {
    pipeline: `${p}windops`,
    bucket: p + (set.bucket ?? `kinesis-flink-${account}-${settings.region}`),
    jarKey: set.jarKey ?? "AnomalyDetection.jar",
    inputStream: p + (set.inputStream ?? "WindDataStream"),
    outputStream: p + (set.outputStream ?? "AnomalyDetectionStream"),
    application: p + (set.application ?? "AnomalyDetection"),
    destinationFunction: p + (set.destinationFunction ?? "AnalyticsDestinationFunction"),
    deliveryFunction: p + (set.deliveryFunction ?? "AnomalyMessageDeliveryFunction"),
    table: p + (set.table ?? "WindDataTable"),
    topic: p + (set.topic ?? "AnomalyNotification"),
  };
}
