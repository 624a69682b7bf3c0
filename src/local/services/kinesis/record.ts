import { AwsError } from "../../errors.ts";
import type { StoredRecord } from "./log.ts";

const scratch = Buffer.allocUnsafe(64 << 10);

/** Throws SerializationException for what isn't base64: Node's decoder leaves out what it doesn't know. */
export function checkBase64(text: string): void {
  const { length } = text;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = (length / 4) * 3 - padding;
  const target = bytes > scratch.length ? Buffer.allocUnsafe(bytes) : scratch;
  const whole = length % 4 === 0 && target.write(text, 0, "base64") === bytes;
  // The other alphabet, which it takes too.
  if (!whole || text.includes("-") || text.includes("_"))
    throw new AwsError("SerializationException", "Data is not base64");
}

/** `data` is bytes, or base64 as it came over the wire, which then stays as it is. */
export function storedRecord(
  data: Uint8Array | string,
  partitionKey: string,
  sequenceNumber: string,
  arrival: number,
  encryption: "NONE" | "KMS",
): StoredRecord {
  const base64 =
    typeof data === "string" ? data : Buffer.from(data.buffer, data.byteOffset, data.length).toString("base64");
  const bytes =
    (typeof data === "string" ? Buffer.byteLength(data, "base64") : data.length) + Buffer.byteLength(partitionKey);
  const type = encryption === "NONE" ? "" : `,"EncryptionType":"${encryption}"`;
  const text = `{"ApproximateArrivalTimestamp":${arrival / 1000},"Data":"${base64}"${type},"PartitionKey":${asciiJson(partitionKey)},"SequenceNumber":"${sequenceNumber}"}`;
  return { text, bytes };
}

/** JSON in ASCII, so that a text's length is that of its bytes. */
function asciiJson(text: string): string {
  const json = JSON.stringify(text);
  if (!/[^\x20-\x7e]/.test(json)) return json;
  return json.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Records as the other wire formats and the stack itself have them, from texts joined by commas. */
export function parseRecords(texts: Buffer): any[] {
  const records = JSON.parse(`[${texts.toString("latin1")}]`);
  for (const record of records) {
    record.Data = Buffer.from(record.Data, "base64");
    // Seconds with milliseconds as decimals don't come back whole.
    record.ApproximateArrivalTimestamp = new Date(Math.round(record.ApproximateArrivalTimestamp * 1000));
  }
  return records;
}
