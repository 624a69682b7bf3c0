import { AwsError } from "../../errors.ts";
import { type Call, Encoded, type Operation } from "../../service.ts";
import { count } from "../cloudwatch/count.ts";
import type { ShardRecord, StreamRecord } from "./model.ts";
import { checkBase64, storedRecord } from "./record.ts";
import { hashKeyHex, MAX_HASH_KEY, shardName, toHashHex } from "./sequence.ts";
import { sequenceNumbers, throttled } from "./shard.ts";
import { openShards, type Streams } from "./streams.ts";

const MAX_RECORDS = 500;
const MAX_REQUEST_BYTES = 5 << 20;
const REMEMBERED_KEYS = 20_000;

interface Entry {
  Data: Uint8Array | string;
  PartitionKey: string;
  ExplicitHashKey?: string;
}

interface Outcome {
  SequenceNumber?: string;
  ShardId?: string;
  ErrorCode?: string;
  ErrorMessage?: string;
}

/** PutRecord and PutRecords. */
export function writeOperations(streams: Streams): Record<string, Operation> {
  const router = new Router();

  const put = (input: any, entries: Entry[], call: Call): { stream: StreamRecord; outcomes: Outcome[] } => {
    const stream = streams.get(input, call);
    if (stream.transition?.status === "CREATING" || stream.transition?.status === "DELETING") {
      const { name, transition } = stream;
      const { account } = streams.stack;
      throw transition.status === "CREATING"
        ? new AwsError("ResourceNotFoundException", `Stream ${name} under account ${account} is not yet active.`)
        : new AwsError("ResourceNotFoundException", `Stream ${name} under account ${account} not found.`);
    }
    checkSizes(entries, stream);
    const outcomes = write(streams, router, stream, entries, call);
    const IncomingRecords = outcomes.reduce((n, { ErrorCode }) => (ErrorCode === undefined ? n + 1 : n), 0);
    const WriteProvisionedThroughputExceeded = outcomes.length - IncomingRecords;
    const dimension = { Name: "StreamName", Value: stream.name };
    count(streams.stack, stream.region, "AWS/Kinesis", dimension, {
      IncomingRecords,
      WriteProvisionedThroughputExceeded,
    });
    return { stream, outcomes };
  };

  return {
    PutRecord: (input, call) => {
      const entry: Entry = {
        Data: input.Data,
        PartitionKey: input.PartitionKey,
        ExplicitHashKey: input.ExplicitHashKey,
      };
      checkEntry(entry, "");
      const { stream, outcomes } = put(input, [entry], call);
      const outcome = outcomes[0]!;
      if (outcome.ErrorCode) {
        throw new AwsError(
          outcome.ErrorCode,
          outcome.ErrorMessage!,
          outcome.ErrorCode === "InternalFailure" ? 500 : 400,
        );
      }
      const { ShardId, SequenceNumber } = outcome;
      return { ShardId, SequenceNumber, EncryptionType: stream.encryption };
    },
    PutRecords: (input, call) => {
      const entries: Entry[] = input.Records;
      if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_RECORDS) {
        const n = Array.isArray(entries) ? entries.length : "null";
        throw invalid(n, "records", `Member must have length between 1 and ${MAX_RECORDS}`);
      }
      for (let i = 0; i < entries.length; i++) checkEntry(entries[i]!, `records.${i + 1}.member.`);
      const { stream, outcomes } = put(input, entries, call);
      const FailedRecordCount = outcomes.filter((o) => o.ErrorCode !== undefined).length;
      const answer = { EncryptionType: stream.encryption, FailedRecordCount, Records: outcomes };
      // Nothing in it needs the general encoder.
      return call.wire === "json" ? new Encoded(JSON.stringify(answer)) : answer;
    },
  };
}

function write(streams: Streams, router: Router, stream: StreamRecord, entries: Entry[], call: Call): Outcome[] {
  const { stack } = streams;
  const now = stack.now();
  const outcomes = new Array<Outcome>(entries.length);
  const batches = new Map<ShardRecord, { at: number[]; entries: Entry[] }>();
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    const shard = router.shardFor(stream, entry);
    if (stack.limits && !call.internal) {
      const { limits } = streams.shard(stream, shard);
      if (!limits.write(dataBytes(entry.Data) + Buffer.byteLength(entry.PartitionKey), now)) {
        const { code, message } = throttled(shard.index, stream, stack.account);
        outcomes[i] = { ErrorCode: code, ErrorMessage: message };
        continue;
      }
    }
    let batch = batches.get(shard);
    if (!batch) {
      batch = { at: [], entries: [] };
      batches.set(shard, batch);
    }
    batch.at.push(i);
    batch.entries.push(entry);
  }
  for (const [record, { at, entries: batch }] of batches) {
    const shard = streams.shard(stream, record);
    const arrival = shard.arrival(now);
    const numbers = sequenceNumbers(record, shard.log.next, batch.length, arrival);
    const records = batch.map((e, i) => storedRecord(e.Data, e.PartitionKey, numbers[i]!, arrival, stream.encryption));
    try {
      shard.append(records, arrival);
      const ShardId = shardName(record.index);
      for (let i = 0; i < at.length; i++) outcomes[at[i]!] = { SequenceNumber: numbers[i]!, ShardId };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      for (const i of at) outcomes[i] = { ErrorCode: "InternalFailure", ErrorMessage: error.message };
    }
  }
  return outcomes;
}

/** Which shard a record goes to. Keys come again and again, so their shards are remembered. */
class Router {
  #stream: StreamRecord["shards"] | undefined;
  #open: ShardRecord[] = [];
  readonly #known = new Map<string, ShardRecord>();
  // A stream's own router would be kept apart; one that alternates between streams only forgets.
  #folder = "";

  shardFor(stream: StreamRecord, entry: Entry): ShardRecord {
    if (stream.shards !== this.#stream || stream.folder !== this.#folder) {
      this.#stream = stream.shards;
      this.#folder = stream.folder;
      this.#open = openShards(stream);
      this.#known.clear();
    }
    if (this.#open.length === 1) return this.#open[0]!;
    if (entry.ExplicitHashKey != null) return this.#byHash(toHashHex(BigInt(entry.ExplicitHashKey)));
    let shard = this.#known.get(entry.PartitionKey);
    if (!shard) {
      shard = this.#byHash(hashKeyHex(entry.PartitionKey));
      if (this.#known.size >= REMEMBERED_KEYS) this.#known.clear();
      this.#known.set(entry.PartitionKey, shard);
    }
    return shard;
  }

  #byHash(hash: string): ShardRecord {
    return this.#open.find((s) => hash >= s.from && hash <= s.to)!;
  }
}

function checkEntry(entry: Entry, path: string): void {
  if (typeof entry !== "object" || entry === null)
    throw new AwsError("SerializationException", "A record is no structure");
  const { Data, PartitionKey, ExplicitHashKey } = entry;
  if (Data === undefined || Data === null) throw invalid("null", `${path}data`, "Member must not be null");
  if (typeof Data === "string") checkBase64(Data);
  else if (!(Data instanceof Uint8Array)) throw new AwsError("SerializationException", "Data is no blob");
  if (PartitionKey === undefined || PartitionKey === null) {
    throw invalid("null", `${path}partitionKey`, "Member must not be null");
  }
  if (typeof PartitionKey !== "string") throw new AwsError("SerializationException", "PartitionKey is no string");
  if (PartitionKey.length < 1) {
    throw invalid("''", `${path}partitionKey`, "Member must have length greater than or equal to 1");
  }
  if (PartitionKey.length > 256) {
    throw invalid(`'${PartitionKey}'`, `${path}partitionKey`, "Member must have length less than or equal to 256");
  }
  if (ExplicitHashKey != null) checkHashKey(ExplicitHashKey, `${path}explicitHashKey`);
}

function checkHashKey(key: unknown, path: string): void {
  if (typeof key !== "string" || !/^(0|[1-9]\d{0,38})$/.test(key)) {
    throw invalid(`'${key}'`, path, "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})");
  }
  if (BigInt(key) > MAX_HASH_KEY) {
    throw new AwsError(
      "InvalidArgumentException",
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${key}`,
    );
  }
}

function dataBytes(data: Uint8Array | string): number {
  return typeof data === "string" ? Buffer.byteLength(data, "base64") : data.length;
}

function checkSizes(entries: Entry[], stream: StreamRecord): void {
  const limit = stream.maxRecordKiB * 1024;
  let total = 0;
  for (const { Data, PartitionKey } of entries) {
    const bytes = dataBytes(Data);
    if (bytes > limit) {
      throw invalid("java.nio.HeapByteBuffer", "data", `Member must have length less than or equal to ${limit}`);
    }
    total += bytes + Buffer.byteLength(PartitionKey);
  }
  if (total > Math.max(MAX_REQUEST_BYTES, limit)) {
    throw new AwsError("InvalidArgumentException", `Records size exceeds ${MAX_REQUEST_BYTES >> 20} MB limit`);
  }
}

export function invalid(value: unknown, member: string, constraint: string): AwsError {
  return new AwsError(
    "ValidationException",
    `1 validation error detected: Value ${value} at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
