import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { AppendFile, type FileOptions } from "../../storage/store-file.ts";

/** Length and checksum of the rest; then arrival (f64, ms), first index (f64) and count (u32). */
const CHECKED = 8;
const HEAD = CHECKED + 20;
/** For each record: length of its text, and bytes of its data and key (both u32). */
const RECORD_HEAD = 8;
const SEGMENT_BYTES = 16 << 20;
const INDEX_EVERY = 64 << 10;
const READ_CHUNK = 512 << 10;

/**
 * A record as GetRecords answers it in JSON, in ASCII: what is written once for each reader to come, so that reading is
 * copying.
 */
export interface StoredRecord {
  text: string;
  /** Bytes of data and key, which the limits count. */
  bytes: number;
}

/** Called for each record read: its text is `buffer` from `start` to `end`; the next one's begins after a comma. */
export type Visit = (index: number, buffer: Buffer, start: number, end: number, bytes: number, arrival: number) => void;

interface Segment {
  path: string;
  first: number;
  firstArrival: number;
  /** Frames at least `INDEX_EVERY` bytes apart; undefined until it is first read. */
  marks: Mark[] | undefined;
  bytes: number;
  fd?: number;
}

interface Mark {
  index: number;
  arrival: number;
  offset: number;
}

/**
 * A shard's records on disk: segments of frames, a frame for each write. Nothing is kept in memory but a sparse index:
 * what was just written is in the operating system's page cache. A torn last frame is cut off on opening.
 */
export class ShardLog {
  readonly #folder: string;
  readonly #options: FileOptions;
  readonly #segments: Segment[] = [];
  readonly #damaged: (line: string) => void;
  #active: AppendFile | undefined;
  /** Index of the next record. */
  next = 0;
  lastArrival = 0;

  constructor(folder: string, options: FileOptions, damaged: (line: string) => void) {
    this.#folder = folder;
    this.#options = options;
    this.#damaged = damaged;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder).sort()) {
      const match = /^(\d{16})-(\d{16})\.log$/.exec(name);
      if (!match) continue;
      const [first, firstArrival] = [Number(match[1]), Number(match[2])];
      this.#segments.push({ path: join(folder, name), first, firstArrival, marks: undefined, bytes: 0 });
    }
    const last = this.#segments.at(-1);
    if (last) this.#openLast(last);
  }

  /** Index of the oldest record that is still there. */
  get oldest(): number {
    return this.#segments[0]?.first ?? this.next;
  }

  /** Puts the records on disk as one frame and returns the first one's index; throws what `AppendFile` throws. */
  append(records: StoredRecord[], arrival: number): number {
    const frame = encodeFrame(records, arrival, this.next);
    const active = this.#segments.at(-1);
    if (!active || active.bytes >= SEGMENT_BYTES) this.#roll(arrival);
    this.#active!.append(frame);
    const segment = this.#segments.at(-1)!;
    addMark(segment, { index: this.next, arrival, offset: segment.bytes });
    segment.bytes += frame.length;
    const first = this.next;
    this.next += records.length;
    this.lastArrival = arrival;
    return first;
  }

  /**
   * Visits records from `from` on: at most `limit` of them and about `maxBytes` bytes of data and keys (always one, if
   * there is one). Returns the index to go on from.
   */
  read(from: number, limit: number, maxBytes: number, minArrival: number, visit: Visit): number {
    let at = Math.max(from, this.oldest);
    let records = 0;
    let bytes = 0;
    for (const segment of this.#segments.slice(this.#segmentOf(at))) {
      const done = this.#frames(segment, at, (index, buffer, start, end, size, arrival) => {
        if (index < at) return true;
        if (arrival >= minArrival) {
          bytes += size;
          if (records >= limit || (bytes > maxBytes && records > 0)) return false;
          visit(index, buffer, start, end, size, arrival);
          records++;
        }
        at = index + 1;
        return true;
      });
      if (done) return at;
    }
    return Math.max(at, from);
  }

  /** Index of the first record that arrived at or after `time` (ms). */
  findArrival(time: number): number {
    if (time > this.lastArrival) return this.next;
    let found = this.next;
    const later = this.#segments.findIndex((s) => s.firstArrival >= time);
    const start = Math.max(0, (later < 0 ? this.#segments.length : later) - 1);
    for (const segment of this.#segments.slice(start)) {
      const marks = this.#marksOf(segment);
      const before = marks.findLast((m) => m.arrival < time) ?? marks[0];
      const done = this.#frames(segment, before?.index ?? segment.first, (index, _b, _s, _e, _n, arrival) => {
        if (arrival < time) return true;
        found = index;
        return false;
      });
      if (done) break;
    }
    return found;
  }

  /** Removes whole segments whose records all arrived before `time` (ms). */
  trim(time: number): void {
    while (this.#segments.length > 1 && this.#segments[1]!.firstArrival < time) {
      const [segment] = this.#segments.splice(0, 1);
      if (segment!.fd !== undefined) closeSync(segment!.fd);
      rmSync(segment!.path, { force: true });
    }
  }

  close(): void {
    this.#active?.close();
    this.#active = undefined;
    for (const segment of this.#segments) {
      if (segment.fd !== undefined) closeSync(segment.fd);
      segment.fd = undefined;
    }
  }

  #roll(arrival: number): void {
    const pad = (n: number) => String(n).padStart(16, "0");
    const path = join(this.#folder, `${pad(this.next)}-${pad(arrival)}.log`);
    const file = new AppendFile(path, this.#options, 0);
    this.#active?.close();
    this.#active = file;
    this.#segments.push({ path, first: this.next, firstArrival: arrival, marks: [], bytes: 0 });
  }

  #openLast(segment: Segment): void {
    this.next = segment.first;
    segment.marks = [];
    const size = this.#scan(segment, 0, true, (frame) => {
      addMark(segment, { index: frame.first, arrival: frame.arrival, offset: frame.offset });
      this.next = frame.first + frame.count;
      this.lastArrival = frame.arrival;
      segment.bytes = frame.offset + frame.length;
      return true;
    });
    if (size > segment.bytes) this.#damaged(`${segment.path}: cut off ${size - segment.bytes} torn bytes`);
    if (this.lastArrival === 0) this.lastArrival = segment.firstArrival;
    this.#active = new AppendFile(segment.path, this.#options, segment.bytes);
  }

  #segmentOf(index: number): number {
    const after = this.#segments.findIndex((s) => s.first > index);
    return Math.max(0, (after < 0 ? this.#segments.length : after) - 1);
  }

  #marksOf(segment: Segment): Mark[] {
    if (!segment.marks) {
      const marks: Mark[] = [];
      segment.marks = marks;
      segment.bytes = this.#scan(segment, 0, false, (frame) => {
        addMark(segment, { index: frame.first, arrival: frame.arrival, offset: frame.offset });
        return true;
      });
    }
    return segment.marks;
  }

  /** Visits the records of a segment's frames from the one with `from` on, until `visit` says false. */
  #frames(segment: Segment, from: number, visit: (...args: Parameters<Visit>) => boolean): boolean {
    const marks = this.#marksOf(segment);
    const start = marks.findLast((m) => m.index <= from)?.offset ?? 0;
    let stopped = false;
    this.#scan(segment, start, true, (frame) => {
      if (frame.first + frame.count <= from) return true;
      const { buffer, count, first, arrival } = frame;
      let table = frame.at + HEAD;
      let start = table + count * RECORD_HEAD;
      for (let i = 0; i < count; i++, table += RECORD_HEAD) {
        const end = start + buffer.readUInt32LE(table);
        if (!visit(first + i, buffer, start, end, buffer.readUInt32LE(table + 4), arrival)) {
          stopped = true;
          return false;
        }
        start = end + 1;
      }
      return true;
    });
    return stopped;
  }

  /** Calls `visit` for each whole frame from `offset` on, and returns the file's size. */
  #scan(segment: Segment, offset: number, check: boolean, visit: (frame: Frame) => boolean): number {
    segment.fd ??= openSync(segment.path, "r");
    const { fd } = segment;
    const active = this.#segments.at(-1) === segment;
    const size = active && this.#active ? segment.bytes : fstatSync(fd).size;
    let chunk: Buffer = Buffer.alloc(0);
    let base = offset;
    for (let at = offset; at + HEAD <= size; ) {
      let local = at - base;
      if (local + HEAD > chunk.length || local + CHECKED + chunk.readUInt32LE(local) > chunk.length) {
        const need = local + HEAD <= chunk.length ? CHECKED + chunk.readUInt32LE(local) : HEAD;
        if (at + need > size) break;
        chunk = readAt(fd, at, Math.min(size - at, Math.max(READ_CHUNK, need)));
        base = at;
        local = 0;
        // The head alone may have been needed to know the length.
        if (CHECKED + chunk.readUInt32LE(0) > chunk.length) {
          if (at + CHECKED + chunk.readUInt32LE(0) > size) break;
          chunk = readAt(fd, at, CHECKED + chunk.readUInt32LE(0));
        }
      }
      const length = CHECKED + chunk.readUInt32LE(local);
      if (length < HEAD) break;
      if (check && crc32(chunk.subarray(local + CHECKED, local + length)) !== chunk.readUInt32LE(local + 4)) {
        // In the last segment that is being opened this is its torn end.
        if (!active || this.#active) this.#damaged(`${segment.path}: wrong checksum at ${at}, the rest is left out`);
        break;
      }
      const frame: Frame = {
        buffer: chunk,
        at: local,
        offset: at,
        length,
        arrival: chunk.readDoubleLE(local + 8),
        first: chunk.readDoubleLE(local + 16),
        count: chunk.readUInt32LE(local + 24),
      };
      if (!visit(frame)) break;
      at += length;
    }
    return size;
  }
}

interface Frame {
  buffer: Buffer;
  /** Where it begins in `buffer`. */
  at: number;
  /** Where it begins in the file. */
  offset: number;
  length: number;
  arrival: number;
  first: number;
  count: number;
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const n = readSync(fd, buffer, done, length - done, position + done);
    if (n === 0) break;
    done += n;
  }
  return buffer.subarray(0, done);
}

function addMark(segment: Segment, mark: Mark): void {
  const last = segment.marks?.at(-1);
  if (!last || mark.offset - last.offset >= INDEX_EVERY) segment.marks?.push(mark);
}

function encodeFrame(records: StoredRecord[], arrival: number, first: number): Buffer {
  const text = records.length === 1 ? records[0]!.text : records.map((r) => r.text).join(",");
  const start = HEAD + records.length * RECORD_HEAD;
  const frame = Buffer.allocUnsafe(start + text.length);
  frame.writeUInt32LE(frame.length - CHECKED, 0);
  frame.writeDoubleLE(arrival, 8);
  frame.writeDoubleLE(first, 16);
  frame.writeUInt32LE(records.length, 24);
  let at = HEAD;
  for (const record of records) {
    frame.writeUInt32LE(record.text.length, at);
    frame.writeUInt32LE(record.bytes, at + 4);
    at += RECORD_HEAD;
  }
  frame.write(text, start, "latin1");
  frame.writeUInt32LE(crc32(frame.subarray(CHECKED)), 4);
  return frame;
}
