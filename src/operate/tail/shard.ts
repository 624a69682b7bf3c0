import type { _Record, KinesisClient, ShardIteratorType } from "@aws-sdk/client-kinesis";
import { GetRecordsCommand, GetShardIteratorCommand } from "../../aws/kinesis.ts";
import type { Edge } from "../../io/clock.ts";

/** Where reading begins. */
export type StartAt = { type: "LATEST" | "TRIM_HORIZON" } | { type: "AT_TIMESTAMP"; at: Date };

export interface ShardReading extends Edge {
  kinesis: Pick<KinesisClient, "send">;
  stream: string;
  signal: AbortSignal;
  /** Milliseconds between two reads of a shard that is read to its end: five reads a second are shared by all readers. */
  poll: number;
  /** Milliseconds that the stream keeps its records. */
  retention: number;
  /** Wall clock, milliseconds since 1970. */
  wallClock(): number;
  /** Something to tell the reader: a pause, or records that are gone. */
  note(text: string): void;
}

/** Between reads of a shard that has more to give: two of the five a second that all readers share. */
const BEHIND_MS = 500;
const FIRST_BACKOFF = 200;
const LONGEST_BACKOFF = 10_000;

/**
 * Records of a shard from `start` until it's closed and read to its end. Goes on after the last record read when the
 * iterator expires, the shard throttles, or the stream can't be reached for a while.
 */
export async function* readShard(
  reading: ShardReading,
  shardId: string,
  start: StartAt,
): AsyncGenerator<_Record[], void> {
  const { kinesis, stream, signal, sleep } = reading;
  let begin = start;
  let iterator: string | undefined;
  let last: { sequenceNumber: string; arrival: number } | undefined;
  let failures = 0;
  // Of the first pause: shards that were opened together are read one after the other from then on, not all at one moment.
  let share = 0.25 + reading.random();
  while (!signal.aborted) {
    try {
      if (iterator === undefined) {
        // LATEST again after a pause would leave out what came meanwhile.
        if (last) tellGap(reading, shardId, last.arrival);
        iterator = await iteratorAt(kinesis, stream, shardId, last?.sequenceNumber, begin);
        if (begin.type === "LATEST") begin = { type: "AT_TIMESTAMP", at: new Date(reading.wallClock()) };
      }
      const asked = reading.now();
      const answer = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator }), { abortSignal: signal });
      if (failures > 1) reading.note(`Reading ${shardId} again.`);
      failures = 0;
      const { Records = [], NextShardIterator, MillisBehindLatest = 0 } = answer;
      const newest = Records.at(-1);
      if (newest) {
        const arrival = newest.ApproximateArrivalTimestamp?.getTime() ?? reading.wallClock();
        last = { sequenceNumber: newest.SequenceNumber!, arrival };
        yield Records;
      }
      if (!NextShardIterator) return;
      iterator = NextShardIterator;
      const behind = MillisBehindLatest > 0 && newest;
      const period = behind ? Math.min(BEHIND_MS, reading.poll) : reading.poll * share;
      if (!behind) share = 1;
      // From read to read: what an answer takes to come is no reason to read less often.
      await sleep(Math.max(period / 4, period - (reading.now() - asked)));
    } catch (error) {
      if (signal.aborted) return;
      const { name } = error as Error;
      if (name === "ExpiredIteratorException") {
        iterator = undefined;
        continue;
      }
      if (!isPassing(error)) throw error;
      // The iterator may be of a stack that isn't there any more.
      if (!isThrottle(name)) iterator = undefined;
      await backOff(reading, shardId, ++failures, name);
    }
  }
}

/** Waits before the next try, longer each time; says so from the second on. */
export async function backOff(reading: ShardReading, shardId: string, failures: number, name: string): Promise<void> {
  if (failures === 2) reading.note(`${shardId} can't be read at the moment (${name}): trying on.`);
  await reading.sleep(Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** failures) * (0.5 + reading.random()));
}

async function iteratorAt(
  kinesis: ShardReading["kinesis"],
  StreamName: string,
  ShardId: string,
  after: string | undefined,
  start: StartAt,
): Promise<string | undefined> {
  const from: { ShardIteratorType: ShardIteratorType; StartingSequenceNumber?: string; Timestamp?: Date } =
    after !== undefined
      ? { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: after }
      : start.type === "AT_TIMESTAMP"
        ? { ShardIteratorType: start.type, Timestamp: start.at }
        : { ShardIteratorType: start.type };
  const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand({ StreamName, ShardId, ...from }));
  return ShardIterator;
}

function tellGap({ wallClock, retention, note }: ShardReading, shardId: string, arrival: number): void {
  const oldest = wallClock() - retention;
  if (arrival >= oldest) return;
  const [from, to] = [arrival, oldest].map((at) => new Date(at).toISOString());
  note(`${shardId}: the stream no longer keeps what came between ${from} and ${to}: skipped.`);
}

const isThrottle = (name: string): boolean => /ProvisionedThroughputExceeded|LimitExceeded|Throttl/.test(name);

/** Throttled, or the service or the way to it fails for a while. */
export function isPassing(error: unknown): boolean {
  const { name = "", code = "", $metadata } = error as { name?: string; code?: string; $metadata?: any };
  if (isThrottle(name) || $metadata?.httpStatusCode >= 500) return true;
  return /ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|Timeout|InternalFailure|NetworkingError|socket hang up/i.test(
    `${name} ${code}`,
  );
}
