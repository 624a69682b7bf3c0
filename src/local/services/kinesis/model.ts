/** A stream as it is stored. Changed copies are put; nothing is changed in place. */
export interface StreamRecord {
  name: string;
  region: string;
  arn: string;
  /** Names the folder of its records: a stream made again under the same name starts empty. */
  folder: string;
  created: number;
  mode: "PROVISIONED" | "ON_DEMAND";
  retentionHours: number;
  encryption: "NONE" | "KMS";
  keyId?: string;
  maxRecordKiB: number;
  monitoring: string[];
  tags: Record<string, string>;
  policy?: string;
  shards: ShardRecord[];
  consumers: ConsumerRecord[];
  /** What it is becoming, and when (ms since 1970). */
  transition?: Transition;
  /** Times of UpdateShardCount calls in the last day. */
  scalings: number[];
}

export interface Transition {
  status: "CREATING" | "UPDATING" | "DELETING";
  until: number;
  /** Applied when the time has come. */
  change?: Partial<Pick<StreamRecord, "mode" | "encryption" | "keyId" | "retentionHours">>;
  reshard?: Resharding;
}

/**
 * Applied in order when the stream becomes ACTIVE again. A step closes one or two shards and opens the next ones: their
 * indexes follow the highest there is, so that later steps can name them.
 */
export type Resharding = (
  | { split: number; at: string }
  /** Hash-adjacent, the lower first. */
  | { merge: [number, number] }
)[];

export interface ShardRecord {
  index: number;
  /** Seconds since 1970; part of its sequence numbers. */
  createdSeconds: number;
  opened: number;
  /** Hash keys as 32 hexadecimal digits. */
  from: string;
  to: string;
  parent?: number;
  adjacent?: number;
  /** Index after its last record, and the time (ms), when it was closed. */
  closed?: { next: number; at: number };
}

export interface ConsumerRecord {
  name: string;
  arn: string;
  created: number;
  status: "CREATING" | "DELETING" | "ACTIVE";
  until: number;
  tags: Record<string, string>;
}
