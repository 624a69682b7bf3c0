import { gunzipSync } from "node:zlib";
import { storable } from "../../src/contract/item.ts";
import type { Row } from "../../src/contract/row.ts";
import { userRecords } from "../../src/kinesis-format/aggregated-record.ts";
import type { KinesisRecord } from "../shared/lambda.ts";

/** A record is a row, or what is to be kept whole because it can't be one. */
export type Parsed = { row: Row } | { error: string; raw: Uint8Array };

/** DynamoDB: 2,048 bytes of a partition key, 400 KB of an item with all its names. */
const LONGEST_TURBINE = 2048;
const LONGEST_RECORD = 300_000;
/** A record of 1 MB that was packed can't have been larger than what a stream takes. */
const LONGEST_UNPACKED = 16 << 20;

/**
 * The record, or those that it holds where a producer aggregates: each with a name of its own, under the sequence number
 * that they share. Lambda doesn't tell the shard's hash keys, so what a late producer sent twice is taken twice: the same row.
 */
export function recordsIn(record: KinesisRecord): KinesisRecord[] {
  const parts = userRecords(Buffer.from(record.kinesis.data, "base64"));
  if (!parts) return [record];
  return parts.map(({ partitionKey, data }, i) => ({
    ...record,
    eventID: `${record.eventID}.${i}`,
    kinesis: { ...record.kinesis, partitionKey, data: Buffer.from(data).toString("base64") },
  }));
}

export function parseRecord(record: KinesisRecord): Parsed {
  const bytes = Buffer.from(record.kinesis.data, "base64");
  const refuse = (error: string): Parsed => ({ error, raw: bytes });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return refuse(`not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse("not a JSON object");
  const fields = value as Record<string, unknown>;
  if ("raw" in fields && "error" in fields) return rejected(fields, bytes);
  if (bytes.length > LONGEST_RECORD) return refuse(`larger than ${LONGEST_RECORD} bytes`);
  return reading(fields, record.kinesis.approximateArrivalTimestamp * 1000, refuse);
}

function reading(fields: Record<string, unknown>, arrival: number, refuse: (error: string) => Parsed): Parsed {
  const { turbineId, location, speed, timestamp, score, rcfScore, ...rest } = fields;
  const place = typeof location === "string" && location.trim() !== "" ? location : undefined;
  const turbine = typeof turbineId === "string" && turbineId.trim() !== "" ? turbineId : place;
  if (turbine === undefined) return refuse("neither turbineId nor location");
  if (Buffer.byteLength(turbine) > LONGEST_TURBINE) return refuse("the turbine's name is too long");
  if (!storable(speed)) return refuse("no finite speed");
  if (!storable(score)) return refuse("no finite score");
  const time = new Date(timestamp === undefined || timestamp === null ? arrival : (timestamp as string | number));
  // Four-digit years: the sort key's order is that of time only then.
  if (Number.isNaN(time.getTime()) || time.toISOString().length !== 24) return refuse("timestamp is not a time");
  const more = Object.entries(rest).filter((entry): entry is [string, number] => storable(entry[1]));
  return {
    row: {
      turbineId: turbine,
      timestamp: time.toISOString(),
      location: place ?? turbine,
      speed,
      score,
      ...(storable(rcfScore) && { rcfScore }),
      more: Object.fromEntries(more),
    },
  };
}

/** What the application couldn't score: its `raw` is the record as it was, packed where `encoding` says so. */
function rejected({ error, raw, encoding }: Record<string, unknown>, whole: Uint8Array): Parsed {
  const reason = String(error);
  if (typeof raw !== "string") return { error: reason, raw: whole };
  if (encoding === "base64") return { error: reason, raw: Buffer.from(raw, "base64") };
  if (encoding === "gzip+base64") {
    try {
      return { error: reason, raw: gunzipSync(Buffer.from(raw, "base64"), { maxOutputLength: LONGEST_UNPACKED }) };
    } catch {
      return { error: reason, raw: whole };
    }
  }
  return { error: reason, raw: Buffer.from(raw) };
}
