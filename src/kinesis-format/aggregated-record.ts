import { createHash } from "node:crypto";
import { PbfReader, PbfWriter } from "pbf";
import { type HashRange, hashKeyFrom, hashKeyOf, inRange } from "./hash-key.ts";

/**
 * Many user records in one Kinesis record, as the Kinesis Producer Library writes them: four bytes of magic, a protobuf
 * message (1: partition keys, 2: explicit hash keys, 3: records of 1: key index, 2: hash key index, 3: data), its MD5.
 * https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
 */
const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
const MD5_BYTES = 16;

export interface UserRecord {
  partitionKey: string;
  /** Decimal, as PutRecords takes it. */
  explicitHashKey?: string;
  data: Uint8Array;
}

/** Bytes of a varint. */
function varint(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** Fills one aggregated record; `bytes` is its exact size as it will be written. Without explicit hash keys. */
export class Aggregate {
  readonly #keys = new Map<string, number>();
  readonly #records: { key: number; data: Uint8Array }[] = [];
  #bytes = MAGIC.length + MD5_BYTES;

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#records.length;
  }

  /** Bytes by which this record would grow. */
  growth(partitionKey: string, data: Uint8Array): number {
    const index = this.#keys.get(partitionKey);
    const key = index === undefined ? Buffer.byteLength(partitionKey) : 0;
    const inner = 1 + varint(index ?? this.#keys.size) + 1 + varint(data.length) + data.length;
    return (index === undefined ? 1 + varint(key) + key : 0) + 1 + varint(inner) + inner;
  }

  add(partitionKey: string, data: Uint8Array): void {
    this.#bytes += this.growth(partitionKey, data);
    let key = this.#keys.get(partitionKey);
    if (key === undefined) {
      key = this.#keys.size;
      this.#keys.set(partitionKey, key);
    }
    this.#records.push({ key, data });
  }

  encode(): Buffer {
    const pbf = new PbfWriter(new Uint8Array(this.#bytes));
    for (const key of this.#keys.keys()) pbf.writeStringField(1, key);
    for (const record of this.#records) pbf.writeMessage(3, writeRecord, record);
    const message = pbf.finish();
    return Buffer.concat([MAGIC, message, createHash("md5").update(message).digest()]);
  }
}

function writeRecord({ key, data }: { key: number; data: Uint8Array }, pbf: PbfWriter): void {
  pbf.writeVarintField(1, key);
  pbf.writeBytesField(3, data);
}

/**
 * The user records of an aggregated record in their order; undefined for every other record: without the magic, with a
 * wrong MD5, or whose message isn't one. Like the Kinesis Client Library it leaves such a record to be read as it is.
 */
export function userRecords(data: Uint8Array): UserRecord[] | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length <= MAGIC.length + MD5_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const message = bytes.subarray(MAGIC.length, -MD5_BYTES);
  if (!createHash("md5").update(message).digest().equals(bytes.subarray(-MD5_BYTES))) return undefined;
  try {
    return read(message);
  } catch {
    return undefined;
  }
}

/**
 * User records that belong to the shard they were found in. A producer that knew of a reshard too late has put some into
 * a shard that isn't theirs, and sends those again: reading them here as well would be reading them twice.
 * https://github.com/awslabs/amazon-kinesis-client (AggregatorUtil) does the same.
 */
export function userRecordsOf(data: Uint8Array, shard: HashRange): UserRecord[] | undefined {
  return userRecords(data)?.filter(({ partitionKey, explicitHashKey }) =>
    inRange(explicitHashKey === undefined ? hashKeyOf(partitionKey) : hashKeyFrom(explicitHashKey), shard),
  );
}

interface Message {
  keys: string[];
  hashKeys: string[];
  records: { key?: number; hashKey?: number; data?: Uint8Array }[];
}

function read(bytes: Uint8Array): UserRecord[] | undefined {
  const pbf = new PbfReader(bytes);
  const { keys, hashKeys, records } = pbf.readFields(readMessage, { keys: [], hashKeys: [], records: [] } as Message);
  // The reader runs over the end of a message that is cut short without a word.
  if (pbf.pos !== bytes.length || records.length === 0) return undefined;
  const found: UserRecord[] = [];
  for (const { key, hashKey, data } of records) {
    const partitionKey = keys[key ?? -1];
    const explicitHashKey = hashKey === undefined ? undefined : hashKeys[hashKey];
    if (partitionKey === undefined || data === undefined) return undefined;
    if (hashKey !== undefined && !/^\d{1,39}$/.test(explicitHashKey ?? "")) return undefined;
    found.push({ partitionKey, ...(explicitHashKey !== undefined && { explicitHashKey }), data });
  }
  return found;
}

function readMessage(tag: number, message: Message, pbf: PbfReader): void {
  if (tag === 1) message.keys.push(pbf.readString());
  else if (tag === 2) message.hashKeys.push(pbf.readString());
  else if (tag === 3) {
    const end = pbf.readVarint() + pbf.pos;
    message.records.push(pbf.readFields(readRecord, {}, end));
    if (pbf.pos !== end) throw new RangeError("a record runs over its end");
  }
}

function readRecord(tag: number, record: Message["records"][number], pbf: PbfReader): void {
  if (tag === 1) record.key = pbf.readVarint();
  else if (tag === 2) record.hashKey = pbf.readVarint();
  else if (tag === 3) record.data = pbf.readBytes();
}
