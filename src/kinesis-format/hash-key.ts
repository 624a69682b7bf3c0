import { createHash } from "node:crypto";

/** A shard's part of the hash keys, both ends included: 32 hex digits, which compare as the numbers do. */
export interface HashRange {
  from: string;
  to: string;
}

/** Kinesis' decimal hash key as 32 hex digits. */
export const hashKeyFrom = (decimal: string): string => BigInt(decimal).toString(16).padStart(32, "0");

/** Where Kinesis puts a partition key: its MD5. */
export const hashKeyOf = (partitionKey: string): string => createHash("md5").update(partitionKey).digest("hex");

/** 32 hex digits as the decimal text of `ExplicitHashKey`. */
export const decimalHashKey = (hex: string): string => BigInt(`0x${hex}`).toString();

export const inRange = (hash: string, { from, to }: HashRange): boolean => hash >= from && hash <= to;

/** A shard's range as ListShards tells it; all keys where it doesn't. */
export function rangeOf(range: { StartingHashKey?: string; EndingHashKey?: string } | undefined): HashRange {
  const { StartingHashKey, EndingHashKey } = range ?? {};
  return {
    from: hashKeyFrom(StartingHashKey ?? "0"),
    to: EndingHashKey === undefined ? "f".repeat(32) : hashKeyFrom(EndingHashKey),
  };
}
