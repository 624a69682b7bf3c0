/** What the pipeline is to carry: plain figures, so that whoever knows them better can give them. */
export interface Load {
  turbines: number;
  /** Readings a second of the whole farm. */
  readingsPerSecond: number;
  /** Bytes of one reading, and of one scored reading, as JSON. */
  readingBytes: number;
  scoredBytes: number;
  /** Anomalies that are told, a day of the whole farm. */
  anomaliesPerDay: number;
  subscribers: number;
  /** Readings in one record of the stream: more than one where the producer packs them. */
  readingsPerRecord: number;
}

/** The load of a farm where only its size is known: one reading a second of each turbine, an anomaly a week each. */
export function farmLoad(turbines: number, given: Partial<Load> = {}): Load {
  return {
    turbines,
    readingsPerSecond: turbines,
    readingBytes: 120,
    scoredBytes: 170,
    anomaliesPerDay: turbines / 7,
    subscribers: 1,
    readingsPerRecord: 1,
    ...given,
  };
}

/** What is provisioned, as far as it costs. */
export interface Capacity {
  /** Shards of each of the two streams; "on-demand" where AWS scales them. */
  shards: number | "on-demand";
  retentionHours: number;
  /** Of the Flink application, one KPU each. */
  parallelism: number;
  alarms: number;
  logRetentionDays: number;
  /** Megabytes of memory of each function. */
  functionMegabytes: number;
  /** Scored readings in one call of the destination function at most. */
  batchSize: number;
}
