import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import { type HashRange, rangeOf } from "../../../kinesis-format/hash-key.ts";
import type { Stack } from "../../service.ts";

export interface StreamRecord {
  sequenceNumber: string;
  partitionKey: string;
  data: Uint8Array;
  /** Epoch milliseconds. */
  arrivedAt: number;
}

/** Where a reader has come to in one shard; `done` once all of a closed shard is read. */
export interface ShardPosition {
  sequenceNumber?: string;
  /** Of an aggregated record so many are taken: it is read again. */
  within?: number;
  done?: boolean;
}

/** Where shards without a position begin. Under LATEST it is the moment of asking, so that children lose nothing. */
export type StartingPosition = { type: "TRIM_HORIZON" } | { type: "AT_TIMESTAMP"; at: number };

export interface StreamReaderOptions {
  stack: Stack;
  streamArn: string;
  start: StartingPosition;
  position(shardId: string): ShardPosition | undefined;
  signal: AbortSignal;
}

interface Shard {
  ShardId: string;
  ParentShardId?: string;
  AdjacentParentShardId?: string;
  HashKeyRange?: { StartingHashKey?: string; EndingHashKey?: string };
}

/** Milliseconds between looks at a shard whose end isn't known by a sequence number. */
const BLIND_POLL_MS = 50;

/**
 * Reads every shard of a stream, parents before children: `process` is called once a shard, many at once, and resolves
 * when it has taken all of a closed shard and its position says `done`. Resolves when `signal` aborts; rejects with what
 * `process` or Kinesis throws (a deleted stream: ResourceNotFoundException), after every other shard has stopped.
 */
export async function readStream(
  options: StreamReaderOptions,
  process: (shard: ShardReader) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const running = new Map<string, Promise<void>>();
  let failed: { error: unknown } | undefined;
  let changed = () => {};
  const abort = aborted(signal);
  try {
    while (!signal.aborted) {
      const change = new Promise<void>((resolve) => {
        changed = resolve;
      });
      const shards = await listShards(options.stack, options.streamArn);
      const listed = new Set(shards.map((shard) => shard.ShardId));
      const done = (id: string | undefined) =>
        id === undefined || !listed.has(id) || options.position(id)?.done === true;
      for (const shard of shards) {
        const ready = done(shard.ParentShardId) && done(shard.AdjacentParentShardId);
        if (!ready || done(shard.ShardId) || running.has(shard.ShardId)) continue;
        const task = process(new ShardReader({ ...options, signal }, shard))
          .catch((error) => {
            if (!signal.aborted) failed ??= { error };
          })
          .finally(() => {
            running.delete(shard.ShardId);
            changed();
          });
        running.set(shard.ShardId, task);
      }
      if (failed) break;
      await Promise.race([change, abort]);
      if (failed) break;
    }
  } finally {
    stop.abort();
    await Promise.all(running.values());
  }
  if (failed) throw failed.error;
}

/** One shard's records, in order. */
export class ShardReader {
  readonly shardId: string;
  readonly range: HashRange;
  /** Milliseconds from the record last read to the tip, as Kinesis tells it. */
  millisBehindLatest = 0;
  #options: StreamReaderOptions;
  #iterator: string | undefined;
  #last: string | undefined;
  #lastAgain: boolean;

  constructor(options: StreamReaderOptions, shard: Shard) {
    const position = options.position(shard.ShardId);
    this.#options = options;
    this.shardId = shard.ShardId;
    this.range = rangeOf(shard.HashKeyRange);
    this.#last = position?.sequenceNumber;
    this.#lastAgain = position?.within !== undefined;
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /** The next records, at least one, as soon as there are any; undefined at the shard's end or when `signal` aborts. */
  async read(limit: number): Promise<StreamRecord[] | undefined> {
    const { stack, streamArn, signal } = this.#options;
    while (!signal.aborted) {
      const answer = await this.#getRecords(limit);
      this.millisBehindLatest = answer.MillisBehindLatest ?? 0;
      const records: StreamRecord[] = answer.Records.map((record: any) => ({
        sequenceNumber: record.SequenceNumber,
        partitionKey: record.PartitionKey,
        data: record.Data,
        arrivedAt: record.ApproximateArrivalTimestamp.getTime(),
      }));
      this.#iterator = answer.NextShardIterator ?? undefined;
      if (records.length > 0) {
        this.#last = records.at(-1)!.sequenceNumber;
        this.#lastAgain = false;
        return records;
      }
      if (!this.#iterator) return undefined;
      if (this.millisBehindLatest > 0) {
        await nextTurn();
        continue;
      }
      // Without a sequence number "any record" may mean the old ones before the starting position.
      if (this.#last === undefined && this.#options.start.type !== "TRIM_HORIZON") {
        await wait(BLIND_POLL_MS, undefined, { signal }).catch(() => {});
      } else await stack.recordsAfter(streamArn, this.shardId, this.#last, signal);
    }
    return undefined;
  }

  async #getRecords(limit: number): Promise<any> {
    for (;;) {
      const ShardIterator = this.#iterator ?? (await this.#open());
      try {
        return await this.#call("GetRecords", { ShardIterator, Limit: limit });
      } catch (error) {
        if ((error as { code?: string }).code !== "ExpiredIteratorException") throw error;
        this.#iterator = undefined;
      }
    }
  }

  async #open(): Promise<string> {
    const { start, streamArn } = this.#options;
    const from =
      this.#last !== undefined
        ? {
            ShardIteratorType: this.#lastAgain ? "AT_SEQUENCE_NUMBER" : "AFTER_SEQUENCE_NUMBER",
            StartingSequenceNumber: this.#last,
          }
        : start.type === "TRIM_HORIZON"
          ? { ShardIteratorType: "TRIM_HORIZON" }
          : { ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(start.at) };
    const at = { StreamARN: streamArn, ShardId: this.shardId };
    return (await this.#call("GetShardIterator", { ...at, ...from })).ShardIterator;
  }

  #call(operation: string, input: object): Promise<any> {
    return this.#options.stack.call("kinesis", operation, input, regionOf(this.#options.streamArn));
  }
}

const regionOf = (arn: string): string => arn.split(":")[3]!;

export const streamNameOf = (arn: string): string => arn.slice(arn.indexOf("/") + 1);

/** Creation time tells a stream from an earlier one of the same name: positions of the one mean nothing in the other. */
export async function describeStream(
  stack: Stack,
  streamArn: string,
): Promise<{ createdAt: number; retentionMs: number }> {
  const { StreamDescriptionSummary: summary } = await stack.call(
    "kinesis",
    "DescribeStreamSummary",
    { StreamARN: streamArn },
    regionOf(streamArn),
  );
  return {
    createdAt: summary.StreamCreationTimestamp.getTime(),
    retentionMs: summary.RetentionPeriodHours * 3_600_000,
  };
}

async function listShards(stack: Stack, streamArn: string): Promise<Shard[]> {
  const shards: Shard[] = [];
  let page: object = { StreamARN: streamArn };
  for (;;) {
    const answer: { Shards: Shard[]; NextToken?: string } = await stack.call(
      "kinesis",
      "ListShards",
      page,
      regionOf(streamArn),
    );
    shards.push(...answer.Shards);
    if (!answer.NextToken) return shards;
    // The token alone: with a stream beside it the call is refused.
    page = { NextToken: answer.NextToken };
  }
}

/** Resolves when the signal aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
