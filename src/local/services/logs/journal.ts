import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stack, Store } from "../../service.ts";
import { AppendFile } from "../../storage/store-file.ts";

export interface LogEvent {
  /** Ascending over the group, as fixed-width decimal. */
  id: string;
  stream: string;
  /** Milliseconds since the epoch; so is `ingested`. */
  timestamp: number;
  ingested: number;
  message: string;
}

/** A part of a group's events in one file; the bounds are of the events' timestamps. */
export interface Segment {
  group: string;
  number: number;
  bytes: number;
  oldest: number;
  newest: number;
  lastId: number;
}

type Line = [id: string, stream: string, timestamp: number, ingested: number, message: string];

const SEGMENT_BYTES = 4 << 20;
/** A group keeps at most so many segments besides the one being written: 64 MB. */
const MAX_SEALED = 15;

/** The events of one log group on disk, oldest segments dropped beyond a bound and past the retention. */
export class Journal {
  readonly #stack: Stack;
  readonly #folder: string;
  readonly #group: string;
  readonly #sealedStore: Store<Segment>;
  #sealed: Segment[];
  #active: { segment: Segment; file: AppendFile } | undefined;
  #nextId = 0;

  constructor(stack: Stack, groupId: string, sealed: Store<Segment>) {
    this.#stack = stack;
    this.#group = groupId;
    this.#folder = join(stack.folder("logs"), groupId);
    this.#sealedStore = sealed;
    this.#sealed = [...sealed.entries()]
      .map(([, segment]) => segment)
      .filter((segment) => segment.group === groupId)
      .sort((a, b) => a.number - b.number);
  }

  get bytes(): number {
    return this.#sealed.reduce((sum, segment) => sum + segment.bytes, this.#open().segment.bytes);
  }

  /** On disk when this returns, all of them or none. */
  append(stream: string, events: { timestamp: number; message: string }[]): void {
    const ingested = this.#stack.now();
    const lines = events.map(({ timestamp, message }): Line => [this.#id(), stream, timestamp, ingested, message]);
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const { bytes: present } = this.#open().segment;
    if (present > 0 && present + bytes.length > SEGMENT_BYTES) this.#seal();
    const { segment, file } = this.#open();
    file.append(bytes);
    segment.bytes += bytes.length;
    segment.lastId = this.#nextId;
    for (const { timestamp } of events) widen(segment, timestamp);
  }

  /** Events with a timestamp in [from, to], in the order in which they came. */
  async read(from: number, to: number, wanted: (event: LogEvent) => boolean): Promise<LogEvent[]> {
    const { segment } = this.#open();
    const found: LogEvent[] = [];
    for (const one of [...this.#sealed, { ...segment }]) {
      if (one.newest < from || one.oldest > to) continue;
      const bytes = await readFile(this.#path(one)).catch((error: NodeJS.ErrnoException) => {
        // Dropped since the list was made.
        if (error.code === "ENOENT") return Buffer.alloc(0);
        throw error;
      });
      for (const event of parse(bytes.subarray(0, one.bytes)))
        if (event.timestamp >= from && event.timestamp <= to && wanted(event)) found.push(event);
    }
    return found;
  }

  /** Drops segments whose events are all older than `time`. */
  expire(time: number): void {
    while (this.#sealed[0] !== undefined && this.#sealed[0].newest < time) this.#drop();
  }

  remove(): void {
    this.#active?.file.close();
    this.#active = undefined;
    for (const segment of this.#sealed) this.#sealedStore.delete(key(segment));
    this.#sealed = [];
    rmSync(this.#folder, { recursive: true, force: true });
  }

  close(): void {
    this.#active?.file.close();
    this.#active = undefined;
  }

  #open() {
    if (!this.#active) {
      mkdirSync(this.#folder, { recursive: true });
      const number = (this.#sealed[this.#sealed.length - 1]?.number ?? 0) + 1;
      const segment: Segment = { group: this.#group, number, bytes: 0, oldest: Infinity, newest: -Infinity, lastId: 0 };
      const bytes = read(this.#path(segment));
      for (const event of parse(bytes)) {
        widen(segment, event.timestamp);
        segment.lastId = Number(event.id);
      }
      this.#nextId = Math.max(this.#nextId, segment.lastId, this.#sealed[this.#sealed.length - 1]?.lastId ?? 0);
      segment.bytes = bytes.lastIndexOf(10) + 1;
      if (segment.bytes < bytes.length)
        this.#stack.damaged(`logs: cut off ${bytes.length - segment.bytes} torn bytes of ${this.#path(segment)}`);
      this.#active = { segment, file: new AppendFile(this.#path(segment), this.#stack.fileOptions, segment.bytes) };
    }
    return this.#active;
  }

  #seal(): void {
    const { segment, file } = this.#active!;
    this.#sealedStore.put(key(segment), segment);
    file.close();
    this.#sealed.push(segment);
    this.#active = undefined;
    while (this.#sealed.length > MAX_SEALED) this.#drop();
  }

  #drop(): void {
    const segment = this.#sealed.shift()!;
    this.#sealedStore.delete(key(segment));
    rmSync(this.#path(segment), { force: true });
  }

  /** Time first, so that ids go on ascending over a restart. */
  #id(): string {
    this.#nextId = Math.max(this.#nextId + 1, this.#stack.now() * 1000);
    return String(this.#nextId).padStart(20, "0");
  }

  #path(segment: Segment): string {
    return join(this.#folder, `${segment.number}.jsonl`);
  }
}

const key = (segment: Segment) => `${segment.group}/${segment.number}`;

function widen(segment: Segment, timestamp: number): void {
  segment.oldest = Math.min(segment.oldest, timestamp);
  segment.newest = Math.max(segment.newest, timestamp);
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

function* parse(bytes: Buffer): Generator<LogEvent> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    if (end < 0) return;
    const [id, stream, timestamp, ingested, message] = JSON.parse(bytes.toString("utf8", at, end)) as Line;
    yield { id, stream, timestamp, ingested, message };
    at = end + 1;
  }
}
