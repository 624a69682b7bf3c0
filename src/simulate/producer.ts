import type { KinesisClient } from "@aws-sdk/client-kinesis";
import { PutRecordsCommand } from "../aws/kinesis.ts";
import type { Edge } from "../io/edge.ts";
import { WindopsError } from "../io/errors.ts";
import { type Pending, ProducerBuffer, type Reading } from "./producer-buffer.ts";
import { ShardBackoff } from "./shard-backoff.ts";
import { TokenBucket } from "./token-bucket.ts";

export type { Reading } from "./producer-buffer.ts";

export interface ProducerOptions extends Edge {
  kinesis: Pick<KinesisClient, "send">;
  stream: string;
  /** Readings a second; Infinity is as fast as it goes, with a turbine's order kept only as long as nothing fails. */
  rate: number;
  /** Ends the run after the request in hand: everything sent is acknowledged then. */
  signal?: AbortSignal;
  /** After each request. */
  onAcknowledged?(readings: Reading[], counts: ProducerCounts): void;
}

export interface ProducerCounts {
  /** Readings that the stream has for certain. */
  acknowledged: number;
  /** Sent again after the stream refused them. */
  resent: number;
  requests: number;
}

export interface ProducerResult extends ProducerCounts {
  /** Ended by the signal, with readings left. */
  interrupted: boolean;
}

/** Readings read ahead, so that a shard that holds back doesn't hold up the others. */
const READ_AHEAD = 4000;
/** A request is sent so often at least: a slow rate doesn't wait for a full one. */
const TICK_MS = 50;

/**
 * Sends readings in order, paced, and counts what the stream acknowledged. Resends exactly the entries that PutRecords
 * reports as failed, with back-off by shard, a turbine's readings never overtaking each other. Throws `WindopsError` when
 * the stream isn't there, and what the client throws once its own retries are used up.
 */
export async function produce(
  readings: Iterable<Reading> | AsyncIterable<Reading>,
  options: ProducerOptions,
): Promise<ProducerResult> {
  const { kinesis, stream, rate, now, sleep, random, signal } = options;
  const counts: ProducerCounts = { acknowledged: 0, resent: 0, requests: 0 };
  const buffer = new ProducerBuffer(rate !== Infinity);
  const bucket = new TokenBucket(rate, Math.max(1, (rate * 2 * TICK_MS) / 1000), now);
  const backoff = new ShardBackoff(now, random);
  const source = iteratorOf(readings);
  const wanted = rate === Infinity ? 500 : Math.max(1, Math.min(500, Math.ceil((rate * TICK_MS) / 1000)));
  let coming: Promise<IteratorResult<Reading>> | undefined;
  let ended = false;

  const readOn = async () => {
    let tick: Promise<undefined> | undefined;
    const sendable = buffer.sendable((turbineId) => backoff.holds(turbineId));
    while (!ended && !signal?.aborted && buffer.size < READ_AHEAD && !sendable.enough(wanted)) {
      const next = coming ?? source.next();
      // Most sources have the next one at hand: awaiting each would cost more than sending it.
      let result = "then" in next ? undefined : next;
      if (!result) {
        coming = next as Promise<IteratorResult<Reading>>;
        // A source that keeps its own time mustn't hold up what it gave before.
        tick ??= sleep(TICK_MS).then(() => undefined);
        result = await Promise.race([coming, tick]);
        if (!result) return;
        coming = undefined;
      }
      if (result.done) {
        ended = true;
        break;
      }
      buffer.add({ reading: result.value, data: Buffer.from(JSON.stringify(result.value)) });
      sendable.add(result.value.turbineId);
    }
  };

  while (!signal?.aborted) {
    await readOn();
    if (buffer.size === 0) {
      if (ended) break;
      continue;
    }
    const batch = buffer.take(bucket.available(), (turbineId) => backoff.holds(turbineId));
    if (batch.length === 0) {
      await sleep(Math.max(1, Math.min(TICK_MS, Math.max(bucket.until(1), backoff.until()))));
      continue;
    }
    bucket.take(batch.length);
    const failed = await put(kinesis, stream, batch, backoff);
    counts.requests++;
    counts.resent += failed.length;
    counts.acknowledged += batch.length - failed.length;
    buffer.putBack(failed);
    if (options.onAcknowledged) {
      const again = new Set(failed);
      const sure = failed.length === 0 ? batch : batch.filter((pending) => !again.has(pending));
      options.onAcknowledged(
        sure.map(({ reading }) => reading),
        counts,
      );
    }
  }
  const interrupted = signal?.aborted === true && (buffer.size > 0 || !ended);
  // A source that is waiting for its time returns when the signal ends the wait.
  void Promise.resolve(source.return?.()).catch(() => {});
  return { ...counts, interrupted };
}

/** Sends one request; resolves to what wasn't taken. */
async function put(
  kinesis: ProducerOptions["kinesis"],
  stream: string,
  batch: Pending[],
  backoff: ShardBackoff,
): Promise<Pending[]> {
  try {
    const { Records = [] } = await kinesis.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: batch.map(({ reading, data }) => ({ PartitionKey: reading.turbineId, Data: data })),
      }),
    );
    // Answers stand in the order of the entries.
    return batch.filter(({ reading }, i) => {
      const { ErrorCode, ShardId } = Records[i] ?? { ErrorCode: "Missing" };
      if (ErrorCode === undefined) backoff.succeeded(reading.turbineId, ShardId ?? "");
      else backoff.failed(reading.turbineId);
      return ErrorCode !== undefined;
    });
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") {
      throw new WindopsError("E_NO_STREAM", `There is no stream "${stream}".`, {
        hint: "Run `windops setup`, or name another one with --stream.",
        cause: error,
      });
    }
    if (!/Throughput|Throttl|LimitExceeded/.test((error as Error).name)) throw error;
    for (const { reading } of batch) backoff.failed(reading.turbineId);
    return batch;
  }
}

function iteratorOf(readings: Iterable<Reading> | AsyncIterable<Reading>): Iterator<Reading> | AsyncIterator<Reading> {
  return Symbol.asyncIterator in readings ? readings[Symbol.asyncIterator]() : readings[Symbol.iterator]();
}
