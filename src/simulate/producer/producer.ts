import { setImmediate as nextTurn } from "node:timers/promises";
import type { KinesisClient } from "@aws-sdk/client-kinesis";
import type { Reading } from "../../contract/reading.ts";
import type { Edge } from "../../io/clock.ts";
import { ProducerBuffer } from "./buffer.ts";
import { ShardBackoff } from "./shard-backoff.ts";
import type { Shipping } from "./shipping.ts";
import { AggregatedShipping } from "./shipping-aggregated.ts";
import { PlainShipping } from "./shipping-plain.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface ProducerOptions extends Edge {
  kinesis: Pick<KinesisClient, "send">;
  stream: string;
  /** Readings a second; Infinity is as fast as it goes, with a turbine's order kept only as long as nothing fails. */
  rate: number;
  /** Many readings in a record, in the format of the Kinesis Producer Library. */
  aggregate?: boolean;
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
  const ordered = rate !== Infinity;
  const shipping: Shipping = options.aggregate
    ? new AggregatedShipping(kinesis, stream, ordered)
    : new PlainShipping(kinesis, stream, ordered);
  await shipping.begin?.();
  const buffer = new ProducerBuffer();
  const bucket = new TokenBucket(rate, Math.max(1, (rate * 2 * TICK_MS) / 1000), now);
  const backoff = new ShardBackoff(now, random);
  const source = iteratorOf(readings);
  const wanted = Math.max(1, Math.min(shipping.wanted, Math.ceil((rate * TICK_MS) / 1000)));
  let coming: Promise<IteratorResult<Reading>> | undefined;
  let ended = false;

  const readOn = async () => {
    let tick: Promise<undefined> | undefined;
    const sendable = buffer.sendable(shipping.onePerTurbine, (turbineId) => backoff.holds(turbineId));
    while (!ended && !signal?.aborted && buffer.size < shipping.readAhead && !sendable.enough(wanted)) {
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

  /** While a request is on its way, which it is from the next turn on, the next one's readings are made. */
  const meanwhile = async () => {
    await nextTurn();
    await readOn();
  };

  while (!signal?.aborted) {
    await readOn();
    if (buffer.size === 0) {
      if (ended) break;
      continue;
    }
    const request = shipping.request(bucket.available());
    const batch = buffer.take(request, (turbineId) => backoff.holds(turbineId));
    if (batch.length === 0) {
      await sleep(Math.max(1, Math.min(TICK_MS, Math.max(bucket.until(1), backoff.until()))));
      continue;
    }
    bucket.take(batch.length);
    const [failed] = await Promise.all([request.send(backoff), ordered ? undefined : meanwhile()]);
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

function iteratorOf(readings: Iterable<Reading> | AsyncIterable<Reading>): Iterator<Reading> | AsyncIterator<Reading> {
  return Symbol.asyncIterator in readings ? readings[Symbol.asyncIterator]() : readings[Symbol.iterator]();
}
