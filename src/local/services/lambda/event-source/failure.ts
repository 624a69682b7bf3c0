import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Stack } from "../../../service.ts";
import type { StreamRecord } from "../../kinesis/stream-reader.ts";
import { deliver } from "../destination.ts";
import type { Attempt, Condition } from "./batch.ts";
import { kinesisEvent } from "./event.ts";
import type { Mapping } from "./model.ts";

export interface FailedBatch {
  shardId: string;
  role: string;
  records: StreamRecord[];
  condition: Condition;
  attempts: number;
  last: Attempt | undefined;
}

const ATTEMPTS = 6;

/** Tells the on-failure destination of a batch that is given up: an S3 destination gets the records too. */
export async function reportFailure(stack: Stack, mapping: Mapping, batch: FailedBatch): Promise<void> {
  const { shardId, records, last } = batch;
  const span = `${mapping.streamArn} ${shardId} ${records[0]!.sequenceNumber} to ${records.at(-1)!.sequenceNumber}`;
  const destination = mapping.settings.DestinationConfig.OnFailure?.Destination;
  if (!destination) {
    stack.log(`event source mapping ${mapping.uuid}: ${batch.condition}: gave up ${records.length} records, ${span}`);
    return;
  }
  const now = new Date(stack.now()).toISOString();
  const report = {
    requestContext: {
      requestId: last?.kind === "failed" ? last.requestId : randomUUID(),
      functionArn: mapping.functionArn,
      condition: batch.condition,
      approximateInvokeCount: batch.attempts,
    },
    responseContext: last?.kind === "failed" ? last.response : undefined,
    version: "1.0",
    timestamp: now,
    KinesisBatchInfo: {
      shardId,
      startSequenceNumber: records[0]!.sequenceNumber,
      endSequenceNumber: records.at(-1)!.sequenceNumber,
      approximateArrivalOfFirstRecord: new Date(records[0]!.arrivedAt).toISOString(),
      approximateArrivalOfLastRecord: new Date(records.at(-1)!.arrivedAt).toISOString(),
      batchSize: records.length,
      streamArn: mapping.streamArn,
    },
    ...(destination.includes(":s3:") && {
      payload: JSON.stringify(
        kinesisEvent(records, { ...batch, streamArn: mapping.streamArn, region: mapping.region }),
      ),
    }),
  };
  const stamp = now.slice(0, 19).replaceAll(":", ".");
  const key = `aws/lambda/${mapping.uuid}/${shardId}/${stamp.slice(0, 10).replaceAll("-", "/")}/${stamp}-${randomUUID()}`;
  for (let attempt = 1; ; attempt++) {
    try {
      return await deliver(stack, destination, report, mapping.region, key);
    } catch (error) {
      stack.log(`event source mapping ${mapping.uuid}: on-failure destination: ${(error as Error).message}`);
      // A destination that's gone must not hold the shard for ever; Lambda drops the report, too.
      if (attempt === ATTEMPTS) {
        stack.log(`event source mapping ${mapping.uuid}: gave up ${records.length} records untold, ${span}`);
        return;
      }
      await wait(100 * 2 ** attempt, undefined, { signal: stack.signal }).catch(() => {});
    }
  }
}
