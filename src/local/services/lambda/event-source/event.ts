import type { StreamRecord } from "../../kinesis/stream-reader.ts";

export interface EventOrigin {
  streamArn: string;
  shardId: string;
  region: string;
  role: string;
}

/** The event that Lambda gives a function for records of a Kinesis stream. */
export function kinesisEvent(records: readonly StreamRecord[], origin: EventOrigin): object {
  return {
    Records: records.map((record) => ({
      kinesis: {
        kinesisSchemaVersion: "1.0",
        partitionKey: record.partitionKey,
        sequenceNumber: record.sequenceNumber,
        data: Buffer.from(record.data.buffer, record.data.byteOffset, record.data.byteLength).toString("base64"),
        approximateArrivalTimestamp: record.arrivedAt / 1000,
      },
      eventSource: "aws:kinesis",
      eventVersion: "1.0",
      eventID: `${origin.shardId}:${record.sequenceNumber}`,
      eventName: "aws:kinesis:record",
      invokeIdentityArn: origin.role,
      awsRegion: origin.region,
      eventSourceARN: origin.streamArn,
    })),
  };
}

/** Bytes that a record takes in the event, about: base64 and the members around it. */
export function eventBytes(record: StreamRecord): number {
  return Math.ceil(record.data.length / 3) * 4 + record.partitionKey.length + 520;
}
