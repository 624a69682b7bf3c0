import { crc32 } from "node:zlib";
import { AwsError } from "../../errors.ts";

const ITERATOR_LIFE_MS = 300_000;

/** What a shard iterator says: the record to read next, and when it was given out. */
export interface ShardIterator {
  region: string;
  stream: string;
  /** The stream's folder: an iterator of a stream that was made again under the same name is invalid. */
  folder: string;
  shard: number;
  next: number;
  made: number;
}

/** Opaque to clients; survives restarts of the stack because everything is in it. */
export function writeIterator(it: ShardIterator): string {
  const body = Buffer.from(JSON.stringify([it.region, it.stream, it.folder, it.shard, it.next, it.made]));
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  head.writeUInt32BE(crc32(body), 8);
  return Buffer.concat([head, body]).toString("base64");
}

/** Throws `AwsError` InvalidArgumentException for what `writeIterator` hasn't written. */
export function readIterator(text: string): ShardIterator {
  const bytes = Buffer.from(text, "base64");
  const body = bytes.subarray(12);
  if (bytes.length < 13 || bytes.readUInt32BE(4) !== 1 || bytes.readUInt32BE(8) !== crc32(body))
    throw invalidIterator();
  const [region, stream, folder, shard, next, made] = JSON.parse(body.toString());
  return { region, stream, folder, shard, next, made };
}

export const invalidIterator = () => new AwsError("InvalidArgumentException", "Invalid ShardIterator.");

export function checkAge(it: ShardIterator, now: number): void {
  if (now - it.made <= ITERATOR_LIFE_MS) return;
  const date = (time: number) => new Date(time).toUTCString();
  throw new AwsError(
    "ExpiredIteratorException",
    `Iterator expired. The iterator was created at time ${date(it.made)} while right now it is ${date(now)} which is further in the future than the tolerated delay of ${ITERATOR_LIFE_MS} milliseconds.`,
  );
}
