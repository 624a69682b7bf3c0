import { Kinesis } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { clientOptions, temporaryStack } from "../../stack-fixture.ts";

/** A stack of its own with a client, and a clock that tests move. */
export async function kinesisStack(options: Parameters<typeof temporaryStack>[0] = {}) {
  const clock: { ahead: number; stands?: number } = { ahead: 0 };
  const stack = await temporaryStack({ now: () => (clock.stands ?? Date.now()) + clock.ahead, ...options });
  const client = new Kinesis({
    ...clientOptions(stack.endpoint),
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(),
  });
  return {
    stack,
    client,
    clock,
    close: async () => {
      client.destroy();
      await stack.close();
    },
  };
}

/** Polls until the stream is ACTIVE; its ARN. */
export async function untilActive(client: Kinesis, StreamName: string): Promise<string> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    const { StreamDescriptionSummary: s } = await client.describeStreamSummary({ StreamName });
    if (s!.StreamStatus === "ACTIVE") return s!.StreamARN!;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  throw new Error(`${StreamName} did not become ACTIVE`);
}

export async function newStream(client: Kinesis, StreamName: string, ShardCount = 1): Promise<string> {
  await client.createStream({ StreamName, ShardCount });
  return untilActive(client, StreamName);
}

export async function trimHorizon(client: Kinesis, StreamName: string, shard = 0): Promise<string> {
  const ShardId = `shardId-${String(shard).padStart(12, "0")}`;
  return (await client.getShardIterator({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" })).ShardIterator!;
}

export const records = (n: number, bytes = 10) =>
  Array.from({ length: n }, (_, i) => ({ Data: Buffer.alloc(bytes, i), PartitionKey: `k${i}` }));
