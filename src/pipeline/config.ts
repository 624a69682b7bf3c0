import { z } from "zod";

/** Settings of windops.json, WINDOPS_* and flags: one definition, from which schema/windops.schema.json is made. */
export const settingsSchema = z.strictObject({
  $schema: z.string().optional(),
  target: z.enum(["local", "aws"]).default("local").describe("Where commands work when no flag says otherwise"),
  region: z.string().default("us-east-1").describe("AWS region"),
  profile: z.string().optional().describe("AWS profile; implies AWS"),
  endpointUrl: z.url().optional().describe("Any AWS-compatible endpoint"),
  prefix: z
    .string()
    .regex(/^[a-z0-9-]{0,20}$/)
    .default("")
    .describe("Put before every resource's name"),
  minScore: z.number().positive().default(2).describe("Anomaly score from which a reading is an anomaly"),
  quiet: z.string().default("15m").describe("Event time without an anomaly after which the next one is a new one"),
  notify: z
    .enum(["anomaly", "every-reading"])
    .default("anomaly")
    .describe("One notification an anomaly, or one for each reading at or above the threshold"),
  shards: z.number().int().min(1).default(1).describe("Shards of each stream"),
  email: z.array(z.email()).default([]).describe("Subscribers of the notification"),
});

export type Settings = z.infer<typeof settingsSchema>;

/** The names of a pipeline's resources. */
export interface Names {
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

/** Names as the design's contract has them, with the prefix before each (bucket names are lower case already). */
export function names(settings: Pick<Settings, "prefix" | "region">, account: string): Names {
  const p = settings.prefix;
  return {
    bucket: `${p}kinesis-flink-${account}-${settings.region}`,
    jarKey: "AnomalyDetection.jar",
    inputStream: `${p}WindDataStream`,
    outputStream: `${p}AnomalyDetectionStream`,
    application: `${p}AnomalyDetection`,
    destinationFunction: `${p}AnalyticsDestinationFunction`,
    deliveryFunction: `${p}AnomalyMessageDeliveryFunction`,
    table: `${p}WindDataTable`,
    topic: `${p}AnomalyNotification`,
  };
}
