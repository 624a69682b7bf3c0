import { setTimeout as pause } from "node:timers/promises";
import type { _Record, KinesisClient, Shard } from "../aws/kinesis.ts";
import { WindopsError } from "../io/errors.ts";

/** Where reading begins; shards that come of resharding are always read from their first record. */
export type Start = { type: "LATEST" } | { type: "TRIM_HORIZON" } | { type: "AT_TIMESTAMP"; timestamp: Date };

export interface FollowOptions {
  kinesis: KinesisClient;
  stream: string;
  start: Start;
  signal: AbortSignal;
  /** Milliseconds between two reads of a shard; a shard allows five a second, shared by all its readers. */
  pollMs?: number;
  /** What a person should know: throttling, a lost connection, records that retention took. */
  note?: (text: string) => void;
}

/** Records of one shard, in the shard's order. */
export interface Batch {
  shardId: string;
  records: _Record[];
  /** How far behind the newest record this batch is, in milliseconds. */
  behindMs: number;
}

const BACK_OFF_MS = [250, 500, 1000, 2000, 5000];
const GET_RECORDS_LIMIT = 10_000;

/**
 * The records of all shards of a stream, as they come. A shard that resharding closed is read to its end before its
 * children are opened. Survives expired iterators, throttling and a stream whose endpoint is away for a while; ends
 * when `signal` aborts. Throws `E_NO_STREAM` where there is no such stream.
 */
export async function* follow(options: FollowOptions): AsyncGenerator<Batch> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const queue = new Handover<Batch>(signal);
  const readers = new Readers({ ...options, signal }, queue);
  const done = readers.run().then(
    () => queue.end(),
    (error) => queue.end(error),
  );
  try {
    for (let batch = await queue.take(); batch; batch = await queue.take()) yield batch;
  } finally {
    stop.abort();
    await done;
  }
}

/** One reader a shard; children wait for all parents that are being read. */
class Readers {
  readonly #options: FollowOptions;
  readonly #queue: Handover<Batch>;
  readonly #known = new Set<string>();
  readonly #finished = new Set<string>();
  readonly #waiting = new Map<string, string[]>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: FollowOptions, queue: Handover<Batch>) {
    this.#options = options;
    this.#queue = queue;
  }

  async run(): Promise<void> {
    const { start } = this.#options;
    const shards = await listShards(this.#options);
    for (const shard of shards) this.#known.add(shard.ShardId!);
    for (const shard of shards) this.#open(shard.ShardId!, parents(shard), start);
    while (this.#running.size > 0) await Promise.race(this.#running);
  }

  #open(shardId: string, parentIds: string[], start: Start): void {
    const before = parentIds.filter((id) => this.#known.has(id) && !this.#finished.has(id));
    if (before.length > 0) {
      this.#waiting.set(shardId, parentIds);
      return;
    }
    this.#waiting.delete(shardId);
    // A child of a shard that is read here follows on from it: whatever the start, none of its records is skipped.
    const from: Start = parentIds.some((id) => this.#finished.has(id)) ? { type: "TRIM_HORIZON" } : start;
    const reader = this.#read(shardId, from).finally(() => this.#running.delete(reader));
    this.#running.add(reader);
  }

  async #read(shardId: string, start: Start): Promise<void> {
    const children = await new ShardReader(this.#options, shardId, start, this.#queue).run();
    if (!children) return;
    this.#finished.add(shardId);
    for (const child of children) {
      if (this.#known.has(child.id) && !this.#waiting.has(child.id)) continue;
      this.#known.add(child.id);
      this.#open(child.id, child.parents, { type: "TRIM_HORIZON" });
    }
    for (const [id, parentIds] of this.#waiting) this.#open(id, parentIds, this.#options.start);
  }
}

interface Child {
  id: string;
  parents: string[];
}

class ShardReader {
  readonly #options: FollowOptions;
  readonly #shardId: string;
  readonly #start: Start;
  readonly #queue: Handover<Batch>;
  readonly #opened = new Date();
  #last: { sequenceNumber: string; arrival: Date } | undefined;

  constructor(options: FollowOptions, shardId: string, start: Start, queue: Handover<Batch>) {
    this.#options = options;
    this.#shardId = shardId;
    this.#start = start;
    this.#queue = queue;
  }

  /** The shard's children once it has been read to its end; undefined if reading was stopped. */
  async run(): Promise<Child[] | undefined> {
    const { kinesis, signal, pollMs = 1000 } = this.#options;
    const { GetRecordsCommand } = await import("../aws/kinesis.ts");
    let iterator: string | undefined = await this.#iterator();
    while (!signal.aborted) {
      const began = performance.now();
      const current: string | undefined = iterator;
      const answer = await patiently(this.#options, async () => {
        try {
          return await kinesis.send(new GetRecordsCommand({ ShardIterator: current, Limit: GET_RECORDS_LIMIT }), {
            abortSignal: signal,
          });
        } catch (error) {
          if (!/ExpiredIterator|InvalidArgument/.test((error as Error).name)) throw error;
          return undefined;
        }
      });
      if (!answer) {
        if (signal.aborted) return undefined;
        iterator = await this.#iterator();
        continue;
      }
      const { Records: records = [], MillisBehindLatest: behindMs = 0 } = answer;
      const last = records.at(-1);
      if (last) {
        this.#last = { sequenceNumber: last.SequenceNumber!, arrival: last.ApproximateArrivalTimestamp ?? new Date() };
        await this.#queue.give({ shardId: this.#shardId, records, behindMs });
      }
      iterator = answer.NextShardIterator;
      if (!iterator) {
        return (answer.ChildShards ?? []).map((c) => ({ id: c.ShardId!, parents: c.ParentShards ?? [] }));
      }
      if (behindMs === 0) {
        await rest(pollMs - (performance.now() - began), signal);
      } else {
        // Catching up: as fast as the shard's five reads a second allow.
        await rest(200 - (performance.now() - began), signal);
      }
    }
    return undefined;
  }

  async #iterator(): Promise<string | undefined> {
    const { kinesis, stream, signal } = this.#options;
    const { GetShardIteratorCommand } = await import("../aws/kinesis.ts");
    await this.#noteWhatRetentionTook();
    return patiently(this.#options, async () => {
      const { ShardIterator } = await kinesis.send(
        new GetShardIteratorCommand({ StreamName: stream, ShardId: this.#shardId, ...this.#position() }),
        { abortSignal: signal },
      );
      return ShardIterator;
    });
  }

  #position() {
    if (this.#last) {
      return { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: this.#last.sequenceNumber } as const;
    }
    if (this.#start.type === "AT_TIMESTAMP") {
      return { ShardIteratorType: "AT_TIMESTAMP", Timestamp: this.#start.timestamp } as const;
    }
    // A LATEST that has to be opened again must not skip what came since the first time.
    if (this.#start.type === "LATEST" && Date.now() - this.#opened.getTime() > 1000) {
      return { ShardIteratorType: "AT_TIMESTAMP", Timestamp: this.#opened } as const;
    }
    return { ShardIteratorType: this.#start.type } as const;
  }

  async #noteWhatRetentionTook(): Promise<void> {
    if (!this.#last || !this.#options.note) return;
    const { kinesis, stream, signal } = this.#options;
    const { DescribeStreamSummaryCommand } = await import("../aws/kinesis.ts");
    const summary = await patiently(this.#options, () =>
      kinesis.send(new DescribeStreamSummaryCommand({ StreamName: stream }), { abortSignal: signal }),
    );
    const hours = summary?.StreamDescriptionSummary?.RetentionPeriodHours ?? 24;
    const horizon = Date.now() - hours * 3_600_000;
    if (this.#last.arrival.getTime() < horizon) {
      const [from, to] = [this.#last.arrival.toISOString(), new Date(horizon).toISOString()];
      this.#options.note(
        `${this.#shardId}: the stream keeps ${hours} h; records between ${from} and ${to} are skipped.`,
      );
    }
  }
}

async function listShards(options: FollowOptions): Promise<Shard[]> {
  const { kinesis, stream, start, signal } = options;
  const { ListShardsCommand } = await import("../aws/kinesis.ts");
  const filter = {
    LATEST: { Type: "AT_LATEST" as const },
    TRIM_HORIZON: { Type: "FROM_TRIM_HORIZON" as const },
    AT_TIMESTAMP: {
      Type: "FROM_TIMESTAMP" as const,
      Timestamp: start.type === "AT_TIMESTAMP" ? start.timestamp : undefined,
    },
  }[start.type];
  const shards: Shard[] = [];
  let token: string | undefined;
  do {
    // With a token the stream's name isn't allowed.
    const input: object = token ? { NextToken: token } : { StreamName: stream, ShardFilter: filter };
    const page = await patiently(options, () => kinesis.send(new ListShardsCommand(input), { abortSignal: signal }));
    shards.push(...(page?.Shards ?? []));
    token = page?.NextToken;
  } while (token);
  return shards;
}

const parents = (shard: Shard): string[] =>
  [shard.ParentShardId, shard.AdjacentParentShardId].filter((id): id is string => id !== undefined);

/** Calls until it works, backing off, through throttling and lost connections; undefined once `signal` has aborted. */
async function patiently<T>(options: FollowOptions, call: () => Promise<T>): Promise<T | undefined> {
  const { signal, stream, note } = options;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const result = await call();
      if (attempt > 2) note?.("Reading again.");
      return result;
    } catch (error) {
      if (signal.aborted) return undefined;
      const {
        name,
        code = "",
        $metadata,
      } = error as Error & { code?: string; $metadata?: { httpStatusCode?: number } };
      if (name === "ResourceNotFoundException") {
        throw new WindopsError("E_NO_STREAM", `There is no stream ${stream} there.`, {
          hint: "Create it with `windops setup`, or look at the names with `windops status`.",
          cause: error,
        });
      }
      const throttled = /ProvisionedThroughputExceeded|Throttling|LimitExceeded/.test(name);
      const away = /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN/.test(code) || name === "TimeoutError";
      if (!throttled && !away && ($metadata?.httpStatusCode ?? 0) < 500) throw error;
      if (attempt === 2)
        note?.(
          throttled
            ? `${stream} is being throttled: reading more slowly.`
            : `${stream} can't be reached: trying again.`,
        );
      await rest(BACK_OFF_MS[Math.min(attempt, BACK_OFF_MS.length - 1)]! * (0.75 + Math.random() / 2), signal);
    }
  }
  return undefined;
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await pause(ms, undefined, { signal }).catch(() => {});
}

/** Hands items from many readers to one taker, one at a time: readers wait until theirs is taken, so memory is bounded. */
class Handover<T> {
  readonly #items: { item: T; taken: () => void }[] = [];
  readonly #signal: AbortSignal;
  #wake: (() => void) | undefined;
  #ended = false;
  #error: unknown;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#release(), { once: true });
  }

  give(item: T): Promise<void> {
    if (this.#signal.aborted) return Promise.resolve();
    return new Promise((taken) => {
      this.#items.push({ item, taken });
      this.#wake?.();
    });
  }

  end(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  async take(): Promise<T | undefined> {
    for (;;) {
      const next = this.#items.shift();
      if (next && !this.#signal.aborted) {
        next.taken();
        return next.item;
      }
      if (this.#error) throw this.#error;
      if (this.#ended || this.#signal.aborted) return undefined;
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }

  #release(): void {
    for (const { taken } of this.#items.splice(0)) taken();
    this.#wake?.();
  }
}
