import { AwsError } from "../../errors.ts";
import type { Operation, RpcService, Stack } from "../../service.ts";
import { adminOperations } from "./admin.ts";
import { consumerOperations } from "./consumers.ts";
import { Bucket, CALL_RATES } from "./limits.ts";
import { readOperations } from "./read.ts";
import { reshardOperations } from "./reshard.ts";
import { parseSequenceNumber, shardIndex } from "./sequence.ts";
import { shardOperations } from "./shards.ts";
import { Streams } from "./streams.ts";
import { subscribeOperations } from "./subscribe.ts";
import { writeOperations } from "./write.ts";

/** Kinesis Data Streams, after its API reference; docs/embedded-stack.md lists what differs. */
export function kinesis(stack: Stack): RpcService {
  const streams = new Streams(stack);
  return {
    kind: "rpc",
    signingNames: ["kinesis"],
    protocol: "json",
    targetPrefixes: ["Kinesis_20131202"],
    // PutRecords of 10 MiB in base64, with keys.
    bodyLimit: 24 << 20,
    operations: rateLimited(stack, {
      ...adminOperations(streams),
      ...writeOperations(streams),
      ...readOperations(streams),
      ...shardOperations(streams),
      ...reshardOperations(streams),
      ...consumerOperations(streams),
      ...subscribeOperations(streams),
    }),
    recordsAfter: async (streamArn, shardId, sequenceNumber, signal) => {
      const after = sequenceNumber === undefined ? -1 : (parseSequenceNumber(sequenceNumber)?.index ?? -1);
      while (!signal.aborted) {
        const stream = streams.get({ StreamARN: streamArn }, { region: "" });
        const shard = stream.shards.find((s) => s.index === shardIndex(shardId));
        if (!shard || shard.closed) return;
        const open = streams.shard(stream, shard);
        if (open.log.next > after + 1) return;
        await open.changed(signal);
      }
    },
    started: () => {
      streams.openAll().catch((error) => stack.log(`kinesis: ${error.stack}`));
    },
    close: async () => streams.close(),
  };
}

/** Control-plane calls above their rate fail as Kinesis' do; SDKs try those again. */
function rateLimited(stack: Stack, operations: Record<string, Operation>): Record<string, Operation> {
  if (!stack.limits) return operations;
  const buckets = new Map<string, Bucket>();
  const limited = Object.entries(operations).map(([name, operation]): [string, Operation] => {
    const rate = CALL_RATES[name];
    if (rate === undefined) return [name, operation];
    return [
      name,
      (input, call) => {
        const key = `${call.region}/${name}`;
        const bucket = buckets.get(key) ?? new Bucket(rate, stack.now());
        buckets.set(key, bucket);
        if (!call.internal && !bucket.tryTake(1, stack.now())) {
          throw new AwsError("LimitExceededException", `Rate exceeded for ${name} under account ${stack.account}.`);
        }
        return operation(input, call);
      },
    ];
  });
  return Object.fromEntries(limited);
}
