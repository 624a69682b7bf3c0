/** Settings of a pipeline, as in windops.json (docs/configuration.md); what isn't said has its default. */
export interface PipelineSettings {
  /** Put before every resource's name, for several pipelines in one account. */
  prefix?: string;
  /** Names of the resources, where the defaults don't fit. */
  names?: {
    bucket?: string;
    jarKey?: string;
    inputStream?: string;
    outputStream?: string;
    application?: string;
    destinationFunction?: string;
    deliveryFunction?: string;
    table?: string;
    topic?: string;
  };
  /** Anomaly score from which a reading is an anomaly (2). */
  minScore?: number;
  /** Event time without an anomaly after which the next one is a new one ("15m"). */
  quiet?: string;
  notify?: "anomaly" | "every-reading";
  cooldown?: string;
  digest?: string;
  calmNotice?: boolean;
  /** Shards of each stream (1). */
  shards?: number;
  retentionHours?: number;
  parallelism?: number;
  logRetentionDays?: number;
  silentMinutes?: number;
  /** Subscribers of the notification. */
  email?: string[];
}
