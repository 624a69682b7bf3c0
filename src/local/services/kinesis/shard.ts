import { AwsError } from "../../errors.ts";
import type { FileOptions } from "../../storage/store-file.ts";
import { ShardLimits } from "./limits.ts";
import { ShardLog, type StoredRecord, type Visit } from "./log.ts";
import type { ShardRecord, StreamRecord } from "./model.ts";
import { SEQUENCE_STEP, sequenceNumber, shardName } from "./sequence.ts";

/** A shard at work: its log, its limits and those who wait for its next record. */
export class Shard {
  readonly log: ShardLog;
  readonly limits: ShardLimits;
  readonly #waiting = new Set<() => void>();
  #trimmedAt = 0;

  constructor(folder: string, options: FileOptions, damaged: (line: string) => void, now: number) {
    this.log = new ShardLog(folder, options, damaged);
    this.limits = new ShardLimits(now);
  }

  /** Index of the first of the records put; wakes those who wait. */
  append(records: StoredRecord[], arrival: number): number {
    const first = this.log.append(records, arrival);
    this.wake();
    return first;
  }

  /** A clock that steps back doesn't make arrivals go back. */
  arrival(now: number): number {
    return Math.max(now, this.log.lastArrival);
  }

  read(from: number, limit: number, maxBytes: number, oldest: number, visit: Visit): number {
    if (oldest - this.#trimmedAt > 60_000) {
      this.log.trim(oldest);
      this.#trimmedAt = oldest;
    }
    return this.log.read(from, limit, maxBytes, oldest, visit);
  }

  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  /** Resolves at the next record or when the shard closes, and when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = () => {
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  close(): void {
    this.wake();
    this.log.close();
  }
}

/** Decimal sequence numbers of `count` records from `index` on that arrived together. */
export function sequenceNumbers(shard: ShardRecord, index: number, count: number, arrival: number): string[] {
  const numbers = new Array<string>(count);
  let number = sequenceNumber(shard.index, shard.createdSeconds, index, Math.floor(arrival / 1000));
  for (let i = 0; i < count; i++) {
    numbers[i] = number.toString();
    number += SEQUENCE_STEP;
  }
  return numbers;
}

/** A shard as ListShards and DescribeStream show it. */
export function describeShard(shard: ShardRecord, stream: StreamRecord): object {
  const at = (index: number, seconds: number) =>
    sequenceNumber(shard.index, shard.createdSeconds, index, seconds).toString();
  const ids = new Set(stream.shards.map((s) => s.index));
  return {
    ShardId: shardName(shard.index),
    ...(shard.parent !== undefined && ids.has(shard.parent) && { ParentShardId: shardName(shard.parent) }),
    ...(shard.adjacent !== undefined &&
      ids.has(shard.adjacent) && { AdjacentParentShardId: shardName(shard.adjacent) }),
    HashKeyRange: {
      StartingHashKey: BigInt(`0x${shard.from}`).toString(),
      EndingHashKey: BigInt(`0x${shard.to}`).toString(),
    },
    SequenceNumberRange: {
      StartingSequenceNumber: at(-1, shard.createdSeconds),
      ...(shard.closed && {
        EndingSequenceNumber: at(shard.closed.next, Math.max(shard.createdSeconds, Math.floor(shard.closed.at / 1000))),
      }),
    },
  };
}

export function throttled(shardIndex: number, stream: StreamRecord, account: string): AwsError {
  return new AwsError(
    "ProvisionedThroughputExceededException",
    `Rate exceeded for shard ${shardName(shardIndex)} in stream ${stream.name} under account ${account}.`,
  );
}
