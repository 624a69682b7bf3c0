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
  /** Turbines of the farm: sizes shards and parallelism where these aren't set. */
  turbines?: number;
  /** Readings a second of the whole farm (one a turbine). */
  rate?: number;
  /** Shards of each stream (1). */
  shards?: number;
  /** Hours that the streams keep their records (24). */
  retentionHours?: number;
  /** Parallelism of the Flink application (1). */
  parallelism?: number;
  /** Managed Flink raises the parallelism under load, and lowers it again down to `parallelism` (true). */
  autoScaling?: boolean;
  metricsLevel?: "APPLICATION" | "TASK" | "OPERATOR" | "PARALLELISM";
  /** Time between the Flink application's checkpoints ("1m"). */
  checkpointInterval?: string;
  /** Snapshots of the Flink application that are kept (10). */
  snapshots?: number;
  /** Days that logs are kept (30). */
  logRetentionDays?: number;
  /** Minutes without a reading, a score or a delivery after which an alarm tells the subscribers (15). */
  silentMinutes?: number;
  /** How often `windops prove --every` is run; an alarm tells of a proof that didn't come ("0s": it isn't run). */
  proveEvery?: string;
  /** Subscribers of the notification. */
  email?: string[];
}
