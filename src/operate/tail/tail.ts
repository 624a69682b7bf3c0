import { setMaxListeners } from "node:events";
import type { _Record, Shard } from "@aws-sdk/client-kinesis";
import { listShards } from "../../aws/shard-map.ts";
import { userRecordsOf } from "../../kinesis-format/aggregated-record.ts";
import { type HashRange, rangeOf } from "../../kinesis-format/hash-key.ts";
import { isPassing, readShard, type ShardReading, type StartAt } from "./shard.ts";
import { describeStream } from "./stream-capacity.ts";
import { type Subscribing, subscribeShard } from "./subscription.ts";

export type { StartAt } from "./shard.ts";

export type TailOptions = Omit<ShardReading, "retention"> & {
  start: StartAt;
  /** Enhanced fan-out: records are pushed to this consumer instead of polled. */
  push?: Subscribing;
};

/** A record with where it was. */
export interface TailRecord {
  shardId: string;
  sequenceNumber: string;
  /** Its place in an aggregated record, from 0. */
  subSequenceNumber?: number;
  partitionKey: string;
  /** Milliseconds since 1970. */
  arrival: number;
  data: Uint8Array;
}

/** Batches taken off the shards but not yet off this generator: a slow consumer slows reading, not memory. */
const MOST_WAITING = 64;

/**
 * Records of all shards of a stream as they come, each shard's in order, across resharding: a closed shard is read to its
 * end, then its children from their beginning (a child of two, when both are done). Ends when `signal` is aborted; throws
 * `WindopsError` where there's no such stream.
 */
export async function* tail(options: TailOptions): AsyncGenerator<TailRecord, void> {
  const { kinesis, stream, sleep, start } = options;
  const { RetentionPeriodHours = 24 } = await describeStream(kinesis, stream);
  // Ends the shards' readers also when the consumer has enough.
  const stop = new AbortController();
  // Each shard's call listens to it: with more than ten shards Node would warn of a leak.
  setMaxListeners(0, stop.signal);
  const end = () => stop.abort();
  options.signal.addEventListener("abort", end, { once: true });
  if (options.signal.aborted) end();
  const reading: ShardReading = { ...options, retention: RetentionPeriodHours * 3_600_000, signal: stop.signal };
  const waiting: { shardId: string; records: _Record[] }[] = [];
  let wake: (() => void) | undefined;
  const running = new Map<string, Promise<void>>();
  const finished = new Set<string>();
  const ranges = new Map<string, HashRange>();
  let failure: unknown;

  const look = async () => {
    const shards = await shardsOf(reading);
    for (const { ShardId, HashKeyRange } of shards) ranges.set(ShardId!, rangeOf(HashKeyRange));
    return shards;
  };
  const follow = (shardId: string, from: StartAt) => {
    if (running.has(shardId) || finished.has(shardId)) return;
    const read = async () => {
      const batches = options.push
        ? subscribeShard(reading, options.push, shardId, from)
        : readShard(reading, shardId, from);
      for await (const records of batches) {
        while (waiting.length >= MOST_WAITING && !stop.signal.aborted) await sleep(20);
        waiting.push({ shardId, records });
        wake?.();
      }
      finished.add(shardId);
      if (!stop.signal.aborted) await descend();
    };
    running.set(
      shardId,
      read()
        .catch((error) => {
          failure ??= error;
        })
        .finally(() => {
          running.delete(shardId);
          wake?.();
        }),
    );
  };
  /** Opens the children whose parents are all read. Under LATEST too they begin at their beginning. */
  const descend = async () => {
    const shards = await look();
    const known = new Set(shards.map(({ ShardId }) => ShardId!));
    for (const { ShardId, ParentShardId, AdjacentParentShardId } of shards) {
      const parents = [ParentShardId, AdjacentParentShardId].filter((id): id is string => !!id && known.has(id));
      const reads = parents.some((id) => finished.has(id));
      if (reads && parents.every((id) => finished.has(id))) {
        follow(ShardId!, start.type === "AT_TIMESTAMP" ? start : { type: "TRIM_HORIZON" });
      }
    }
  };

  try {
    for (const { shardId, skipped } of begin(await look(), start)) {
      if (skipped) finished.add(shardId);
      else follow(shardId, start);
    }
    for (;;) {
      const batch = waiting.shift();
      if (!batch) {
        if (failure) throw failure;
        if (stop.signal.aborted || running.size === 0) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (waiting.length > 0 || running.size === 0) resolve();
        });
        continue;
      }
      for (const record of batch.records) yield* recordsOf(batch.shardId, ranges.get(batch.shardId)!, record);
    }
  } finally {
    options.signal.removeEventListener("abort", end);
    stop.abort();
    await Promise.allSettled(running.values());
  }
}

/** Shards to begin with: under LATEST the open ones (closed ones are done), else those without a parent that's left. */
function begin(shards: Shard[], start: StartAt): { shardId: string; skipped: boolean }[] {
  const known = new Set(shards.map(({ ShardId }) => ShardId));
  if (start.type === "LATEST") {
    return shards.map((shard) => {
      return { shardId: shard.ShardId!, skipped: shard.SequenceNumberRange?.EndingSequenceNumber !== undefined };
    });
  }
  return shards
    .filter(
      ({ ParentShardId, AdjacentParentShardId }) => !known.has(ParentShardId) && !known.has(AdjacentParentShardId),
    )
    .map(({ ShardId }) => ({ shardId: ShardId!, skipped: false }));
}

async function shardsOf({ kinesis, stream, sleep, random, signal }: ShardReading): Promise<Shard[]> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await listShards(kinesis, stream);
    } catch (error) {
      if (signal.aborted || !(isPassing(error) || (error as Error).name === "ResourceInUseException")) throw error;
      await sleep(Math.min(10_000, 200 * 2 ** attempt) * (0.5 + random()));
    }
  }
}

/** A record, or what the aggregated record holds of this shard's. */
function* recordsOf(
  shardId: string,
  range: HashRange,
  { Data, SequenceNumber, PartitionKey, ApproximateArrivalTimestamp }: _Record,
): Generator<TailRecord, void> {
  const data = Data ?? new Uint8Array();
  const arrival = ApproximateArrivalTimestamp?.getTime() ?? 0;
  const record = { shardId, sequenceNumber: SequenceNumber!, partitionKey: PartitionKey ?? "", arrival, data };
  const parts = userRecordsOf(data, range);
  if (!parts) yield record;
  else {
    for (const [subSequenceNumber, part] of parts.entries()) {
      yield { ...record, subSequenceNumber, partitionKey: part.partitionKey, data: part.data };
    }
  }
}
