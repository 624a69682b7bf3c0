import { createHash } from "node:crypto";

/** The last hash key, 2^128 - 1. */
export const MAX_HASH_KEY = 2n ** 128n - 1n;

export const shardName = (index: number): string => `shardId-${String(index).padStart(12, "0")}`;

/** `shardId-000000000003` (or `3`, as Kinesis takes it too) → 3; undefined for anything else. */
export function shardIndex(shardId: string): number | undefined {
  const match = /^(?:shardId-)?(\d{1,12})$/.exec(shardId);
  const index = match ? Number(match[1]) : Number.NaN;
  return index <= 0x7fffffff ? index : undefined;
}

/** A partition key's hash key, as 32 hexadecimal digits: they order as the numbers do. */
export const hashKeyHex = (partitionKey: string): string =>
  createHash("md5").update(partitionKey, "utf8").digest("hex");

export const toHashHex = (hashKey: bigint): string => hashKey.toString(16).padStart(32, "0");

/**
 * What a sequence number says. `index` counts the shard's records from 0; -1 is the number that the shard itself starts
 * with, so that AFTER_SEQUENCE_NUMBER of that one gives every record.
 */
export interface SequenceNumber {
  shard: number;
  /** Seconds since 1970 at which the shard was made. */
  shardCreated: number;
  index: number;
}

/**
 * Sequence numbers laid out as Kinesis' own (version 2, 186 bits; read from real ones by the authors of kinesalite):
 * 2 · shard's creation (36 bits, s) · low bits of the shard (4) · record index (64) · 0 (8) · arrival (36, s) · shard
 * (32) · version (4). Within a shard they grow with the index, and a child's are above its parents'.
 */
export function sequenceNumber(shard: number, shardCreated: number, index: number, arrivalSeconds: number): bigint {
  return (
    (2n << 184n) |
    (BigInt(shardCreated) << 148n) |
    (BigInt(shard & 15) << 144n) |
    (BigInt(index + 1) << 80n) |
    (BigInt(arrivalSeconds) << 36n) |
    (BigInt(shard) << 4n) |
    2n
  );
}

/** From one record's sequence number to the next one's, at the same arrival. */
export const SEQUENCE_STEP = 1n << 80n;

export function parseSequenceNumber(text: string): SequenceNumber | undefined {
  if (!/^(0|[1-9]\d{0,128})$/.test(text)) return undefined;
  const value = BigInt(text);
  if (value >> 184n !== 2n || (value & 15n) !== 2n) return undefined;
  const bits = (from: bigint, width: bigint) => Number((value >> from) & ((1n << width) - 1n));
  return { shard: bits(4n, 32n), shardCreated: bits(148n, 36n), index: bits(80n, 64n) - 1 };
}
