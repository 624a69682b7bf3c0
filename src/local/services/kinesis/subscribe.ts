import { AwsError } from "../../errors.ts";
import { type Call, EventStream, type Operation } from "../../service.ts";
import { findConsumer } from "./consumers.ts";
import { Bucket } from "./limits.ts";
import type { ShardRecord, StreamRecord } from "./model.ts";
import { childShards, findShard, readPage, startingIndex } from "./read.ts";
import { parseRecords } from "./record.ts";
import { sequenceNumber } from "./sequence.ts";
import type { Streams } from "./streams.ts";

/** A subscription ends after five minutes; clients subscribe again where they were. */
const SUBSCRIPTION_MS = 300_000;
/** An event without records as a sign of life, and of how far behind the reader is. */
const HEARTBEAT_MS = 5_000;
/** A new call for the same consumer and shard takes over from one that is at least so old. */
const TAKEOVER_MS = 5_000;
const BYTES_A_SECOND = 2 << 20;
const EVENT_RECORDS = 1000;

interface Subscription {
  began: number;
  end(): void;
}

/** SubscribeToShard: records pushed as they come, over an event stream. */
export function subscribeOperations(streams: Streams): Record<string, Operation> {
  const subscriptions = new Map<string, Subscription>();
  const { stack } = streams;
  return {
    SubscribeToShard: (input, call) => {
      const { stream, consumer } = findConsumer(streams, { ConsumerARN: input.ConsumerARN ?? "" }, call);
      if (consumer.status !== "ACTIVE") {
        throw new AwsError(
          "ResourceInUseException",
          `Consumer ${consumer.name} is not ACTIVE, instead in state ${consumer.status}`,
        );
      }
      const shard = findShard(stream, input.ShardId, stack.account);
      const from = startingIndex(streams, stream, shard, input.StartingPosition ?? {});
      const key = `${consumer.arn} ${shard.index}`;
      const present = subscriptions.get(key);
      if (present && stack.now() - present.began < TAKEOVER_MS) {
        throw new AwsError(
          "ResourceInUseException",
          `Another active subscription exists for this consumer: ${consumer.name} and shard.`,
        );
      }
      present?.end();
      const ending = new AbortController();
      const subscription = { began: stack.now(), end: () => ending.abort() };
      subscriptions.set(key, subscription);
      const done = () => {
        if (subscriptions.get(key) === subscription) subscriptions.delete(key);
      };
      return new EventStream({}, events(streams, stream, shard, from, call, ending.signal, done));
    },
  };
}

async function* events(
  streams: Streams,
  subscribed: StreamRecord,
  at: ShardRecord,
  from: number,
  call: Call,
  taken: AbortSignal,
  done: () => void,
): AsyncGenerator<{ type: string; payload: object }> {
  const { stack } = streams;
  const ends = stack.now() + SUBSCRIPTION_MS;
  const budget = new Bucket(BYTES_A_SECOND, stack.now());
  const event = (payload: object) => ({ type: "SubscribeToShardEvent", payload });
  let next = from;
  let last = sequenceNumber(at.index, at.createdSeconds, from - 1, at.createdSeconds).toString();
  try {
    while (!call.signal.aborted && stack.now() < ends) {
      if (taken.aborted) {
        throw new AwsError("ResourceInUseException", "Another subscription for this consumer and shard has begun.");
      }
      const stream = streams.find(subscribed.region, subscribed.name);
      const shard = stream?.shards.find((s) => s.index === at.index);
      if (!stream || !shard) throw new AwsError("ResourceNotFoundException", `Stream ${subscribed.name} not found.`);
      const page = readPage(streams, stream, shard, next, EVENT_RECORDS, 1 << 20);
      const records = parseRecords(page.texts);
      last = records.at(-1)?.SequenceNumber ?? last;
      next = page.next;
      if (shard.closed && next >= shard.closed.next) {
        yield event({ Records: records, MillisBehindLatest: 0, ChildShards: childShards(stream, shard) });
        return;
      }
      yield event({ Records: records, ContinuationSequenceNumber: last, MillisBehindLatest: page.behind });
      if (stack.limits) budget.take(page.bytes);
      const debt = Math.max(0, -budget.level(stack.now()));
      const pause = debt > 0 ? (debt / BYTES_A_SECOND) * 1000 : HEARTBEAT_MS;
      const timer = AbortSignal.timeout(Math.min(pause, Math.max(1, ends - stack.now())));
      const wake = AbortSignal.any([timer, call.signal, taken]);
      const open = streams.shard(stream, shard);
      if (debt > 0) await aborted(wake);
      else if (open.log.next <= next) await open.changed(wake);
    }
  } finally {
    done();
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
