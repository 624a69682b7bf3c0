import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { QUARANTINE_PREFIX } from "../../src/contract/environment.ts";
import type { KinesisRecord } from "../shared/lambda.ts";

/**
 * Where a record that can't be a row is kept: by its place in the stream, so that a retried batch writes the same object
 * again. The day is that of its arrival.
 */
export function quarantineKey(record: KinesisRecord): string {
  const stream = record.eventSourceARN.split("/").pop() ?? "stream";
  const day = new Date(record.kinesis.approximateArrivalTimestamp * 1000).toISOString().slice(0, 10);
  // "shardId-000000000000:49590338271490256608559692538361571095921575989136588898"
  return `${QUARANTINE_PREFIX}${stream}/${day}/${record.eventID.replace(":", "-")}`;
}

/** Stores the record's bytes as they came to the pipeline; why they are here is in the object's metadata. */
export async function quarantine(
  s3: S3Client,
  bucket: string,
  record: KinesisRecord,
  { error, raw }: { error: string; raw: Uint8Array },
): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: quarantineKey(record),
      Body: raw,
      ContentType: "application/octet-stream",
      // Headers carry printable ASCII.
      Metadata: { error: error.replace(/[^\x20-\x7e]/g, "?").slice(0, 500) },
    }),
  );
}
