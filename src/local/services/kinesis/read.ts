import { AwsError } from "../../errors.ts";
import { timestamp } from "../../http/protocol/json.ts";
import { type Call, Encoded, type Operation } from "../../service.ts";
import { checkAge, invalidIterator, readIterator, type ShardIterator, writeIterator } from "./iterator.ts";
import type { ShardRecord, StreamRecord } from "./model.ts";
import { parseRecords } from "./record.ts";
import { parseSequenceNumber, shardIndex, shardName } from "./sequence.ts";
import { describeShard, throttled } from "./shard.ts";
import { notFound, type Streams } from "./streams.ts";
import { invalid } from "./write.ts";

const HEAD = Buffer.from('{"Records":[');
const COMMA = Buffer.from(",");
const MAX_RECORDS = 10_000;
const MAX_BYTES = 10 << 20;

export interface StartingPosition {
  Type: string;
  SequenceNumber?: string;
  Timestamp?: Date | number | string;
}

/** GetShardIterator and GetRecords. */
export function readOperations(streams: Streams): Record<string, Operation> {
  const { stack } = streams;
  return {
    GetShardIterator: (input, call) => {
      const stream = streams.get(input, call);
      const shard = findShard(stream, input.ShardId, stack.account);
      const position = {
        Type: input.ShardIteratorType,
        SequenceNumber: input.StartingSequenceNumber,
        Timestamp: input.Timestamp,
      };
      const next = startingIndex(streams, stream, shard, position);
      const { region, name, folder } = stream;
      const made = stack.now();
      return { ShardIterator: writeIterator({ region, stream: name, folder, shard: shard.index, next, made }) };
    },
    GetRecords: (input, call) => {
      if (typeof input.ShardIterator !== "string") throw invalid("null", "shardIterator", "Member must not be null");
      const limit = input.Limit ?? MAX_RECORDS;
      if (!(limit >= 1 && limit <= MAX_RECORDS)) {
        throw limit > MAX_RECORDS
          ? invalid(`'${limit}'`, "limit", `Member must have value less than or equal to ${MAX_RECORDS}`)
          : invalid(`'${limit}'`, "limit", "Member must have value greater than or equal to 1");
      }
      return getRecords(streams, readIterator(input.ShardIterator), limit, call);
    },
  };
}

function getRecords(streams: Streams, it: ShardIterator, limit: number, call: Call): object {
  const { stack } = streams;
  const now = stack.now();
  const stream = streams.find(it.region, it.stream);
  if (!stream) throw notFound(it.stream, stack.account);
  const shard = stream.shards.find((s) => s.index === it.shard);
  if (stream.folder !== it.folder || !shard) throw invalidIterator();
  checkAge(it, now);
  const { limits } = streams.shard(stream, shard);
  const limited = stack.limits && !call.internal;
  if (limited && !limits.read(now)) throw throttled(shard.index, stream, stack.account);
  const page = readPage(streams, stream, shard, it.next, limit, MAX_BYTES);
  if (limited) limits.wasRead(page.bytes);
  const ended = shard.closed !== undefined && page.next >= shard.closed.next;
  const rest = {
    MillisBehindLatest: page.behind,
    ...(ended
      ? { ChildShards: childShards(stream, shard) }
      : { NextShardIterator: writeIterator({ ...it, next: page.next, made: now }) }),
  };
  if (call.wire !== "json") return { Records: parseRecords(page.texts), ...rest };
  const tail = `],${JSON.stringify(rest).slice(1)}`;
  return new Encoded(Buffer.concat([HEAD, page.texts, Buffer.from(tail, "latin1")]));
}

interface Slice {
  buffer: Buffer;
  start: number;
  end: number;
}

/** Records from index `from` on, as their texts joined by commas. `behind` in ms from the tip. */
export function readPage(
  streams: Streams,
  stream: StreamRecord,
  shard: ShardRecord,
  from: number,
  limit: number,
  maxBytes: number,
): { texts: Buffer; next: number; behind: number; bytes: number } {
  const open = streams.shard(stream, shard);
  const slices: Slice[] = [];
  let slice: Slice = { buffer: COMMA, start: 0, end: -1 };
  let bytes = 0;
  let last = 0;
  const next = open.read(from, limit, maxBytes, streams.oldest(stream), (_index, buffer, start, end, size, arrival) => {
    if (buffer === slice.buffer && start === slice.end + 1) slice.end = end;
    else {
      slice = { buffer, start, end };
      slices.push(slice);
    }
    bytes += size;
    last = arrival;
  });
  const parts = slices.flatMap(({ buffer, start, end }) => [COMMA, buffer.subarray(start, end)]).slice(1);
  const behind = next >= open.log.next || slices.length === 0 ? 0 : Math.max(0, streams.stack.now() - last);
  return { texts: parts.length === 1 ? parts[0]! : Buffer.concat(parts), next, behind, bytes };
}

export function findShard(stream: StreamRecord, shardId: unknown, account: string): ShardRecord {
  if (typeof shardId !== "string") throw invalid("null", "shardId", "Member must not be null");
  const index = shardIndex(shardId);
  const shard = stream.shards.find((s) => s.index === index);
  if (shard) return shard;
  const name = index === undefined ? shardId : shardName(index);
  throw new AwsError(
    "ResourceNotFoundException",
    `Shard ${name} in stream ${stream.name} under account ${account} does not exist`,
  );
}

/** Index of the record that a starting position means; the shard's next one for LATEST. */
export function startingIndex(
  streams: Streams,
  stream: StreamRecord,
  shard: ShardRecord,
  position: StartingPosition,
): number {
  const { log } = streams.shard(stream, shard);
  switch (position.Type) {
    case "TRIM_HORIZON":
      return 0;
    case "LATEST":
      return log.next;
    case "AT_TIMESTAMP":
      return atTimestamp(streams, position.Timestamp, (time) => log.findArrival(time));
    case "AT_SEQUENCE_NUMBER":
      return Math.max(0, sequenceIndex(position, shard));
    case "AFTER_SEQUENCE_NUMBER":
      return sequenceIndex(position, shard) + 1;
    default:
      throw position.Type == null
        ? invalid("null", "shardIteratorType", "Member must not be null")
        : invalid(
            `'${position.Type}'`,
            "shardIteratorType",
            "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]",
          );
  }
}

function atTimestamp(streams: Streams, value: StartingPosition["Timestamp"], find: (time: number) => number): number {
  if (value == null) {
    throw new AwsError("InvalidArgumentException", "Must specify timestampInMillis for iterator type AT_TIMESTAMP.");
  }
  const time = value instanceof Date ? value.getTime() : timestamp(value).getTime();
  const now = streams.stack.now();
  if (time > now) {
    throw new AwsError(
      "InvalidArgumentException",
      `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${time}, currentTimestampInMillis: ${now}`,
    );
  }
  return find(time);
}

function sequenceIndex(position: StartingPosition, shard: ShardRecord): number {
  const text = position.SequenceNumber;
  if (text == null) {
    throw new AwsError(
      "InvalidArgumentException",
      `Must specify StartingSequenceNumber for iterator type ${position.Type}.`,
    );
  }
  const parsed = typeof text === "string" ? parseSequenceNumber(text) : undefined;
  if (!parsed) {
    throw new AwsError(
      "InvalidArgumentException",
      `StartingSequenceNumber ${text} used in GetShardIterator on shard ${shardName(shard.index)} is invalid.`,
    );
  }
  if (parsed.shard !== shard.index || parsed.shardCreated !== shard.createdSeconds) {
    throw new AwsError(
      "InvalidArgumentException",
      `Invalid StartingSequenceNumber. It encodes ${shardName(parsed.shard)}, while it was used in a call to a shard with ${shardName(shard.index)}`,
    );
  }
  return parsed.index;
}

export function childShards(stream: StreamRecord, shard: ShardRecord): object[] {
  return stream.shards
    .filter((s) => s.parent === shard.index || s.adjacent === shard.index)
    .map((s) => {
      const { ShardId, HashKeyRange } = describeShard(s, stream) as { ShardId: string; HashKeyRange: object };
      const parents = [s.parent, s.adjacent].filter((p) => p !== undefined).map(shardName);
      return { ShardId, ParentShards: parents, HashKeyRange };
    });
}
