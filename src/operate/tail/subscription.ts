import type { _Record, KinesisClient, StartingPosition } from "@aws-sdk/client-kinesis";
import { SubscribeToShardCommand } from "../../aws/kinesis.ts";
import { backOff, isPassing, type ShardReading, type StartAt } from "./shard.ts";

/** A registered consumer, and the client that takes what is pushed to it. */
export interface Subscribing {
  client: Pick<KinesisClient, "send">;
  consumerArn: string;
}

/**
 * Records of a shard as they are pushed, from `start` until it's closed and read to its end. A subscription lasts five
 * minutes, and less when something on the way fails: the next one goes on where it ended.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
 */
export async function* subscribeShard(
  reading: ShardReading,
  { client, consumerArn }: Subscribing,
  shardId: string,
  start: StartAt,
): AsyncGenerator<_Record[], void> {
  const { signal } = reading;
  let position: StartingPosition =
    start.type === "AT_TIMESTAMP" ? { Type: start.type, Timestamp: start.at } : { Type: start.type };
  let failures = 0;
  while (!signal.aborted) {
    try {
      const command = new SubscribeToShardCommand({
        ConsumerARN: consumerArn,
        ShardId: shardId,
        StartingPosition: position,
      });
      // LATEST again after a failure would leave out what came meanwhile.
      const asked = new Date(reading.wallClock());
      const { EventStream } = await client.send(command, { abortSignal: signal });
      if (position.Type === "LATEST") position = { Type: "AT_TIMESTAMP", Timestamp: asked };
      for await (const { SubscribeToShardEvent: event } of EventStream ?? []) {
        if (!event) continue;
        if (failures > 1) reading.note(`Reading ${shardId} again.`);
        failures = 0;
        // Known also where there were no records: progress in a shard that nothing comes to.
        if (event.ContinuationSequenceNumber !== undefined) {
          position = { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: event.ContinuationSequenceNumber };
        }
        if (event.Records && event.Records.length > 0) yield event.Records;
        if (event.ContinuationSequenceNumber === undefined) return;
        if (signal.aborted) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      // The one before may not have ended yet on the other side: it gives way after five seconds.
      if (!isPassing(error) && (error as Error).name !== "ResourceInUseException") throw error;
      await backOff(reading, shardId, ++failures, (error as Error).name);
    }
  }
}
