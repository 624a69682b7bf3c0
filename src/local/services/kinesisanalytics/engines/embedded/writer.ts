import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Stack } from "../../../../service.ts";

/** Kinesis' limits of one PutRecords. */
const RECORDS = 500;
const BYTES = 5 * 2 ** 20;
/** Records waiting, beyond which the job reads no more. */
const ROOM = 5000;
const ROOM_BYTES = 32 * 2 ** 20;
const BACK_OFF_MAX_MS = 5000;

interface Entry {
  Data: Uint8Array;
  PartitionKey: string;
}

export interface WriterOptions {
  stack: Stack;
  streamName: string;
  region: string;
  /** Gives up waiting; what isn't acknowledged comes again from the last checkpoint. */
  signal: AbortSignal;
  log(level: "INFO" | "WARN" | "ERROR", message: string): void;
}

/**
 * Puts records into the output stream at once, in order by partition key: a batch holds one record of each key, and
 * what of it failed goes again before anything else. Tries for as long as it takes.
 */
export class StreamWriter {
  written = 0;
  #options: WriterOptions;
  #queue: Entry[] = [];
  #bytes = 0;
  #pump: Promise<void> | undefined;
  #waiting: (() => void)[] = [];
  #accepted = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  add(key: string, data: Uint8Array): void {
    // Kinesis takes 256 characters; what tells longer names apart is their hash.
    const PartitionKey = key.length <= 256 ? key : createHash("sha256").update(key).digest("hex");
    this.#queue.push({ Data: data, PartitionKey });
    this.#bytes += data.length;
    this.#accepted++;
    this.#pump ??= this.#run();
  }

  get full(): boolean {
    return this.#queue.length >= ROOM || this.#bytes >= ROOM_BYTES;
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    while (this.full && !this.#options.signal.aborted) await this.#changed();
  }

  /** Resolves when all that was added so far is acknowledged; false if the writer was aborted before. */
  async flushed(): Promise<boolean> {
    const target = this.#accepted;
    while (this.written < target && !this.#options.signal.aborted) await this.#changed();
    return this.written >= target;
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    // The turn's end: records scored together go together.
    await new Promise(setImmediate);
    while (this.#queue.length > 0 && !signal.aborted) {
      const batch = this.#next();
      await this.#put(batch);
    }
    this.#pump = undefined;
    // Something may have come between the last look and here only after an abort.
  }

  /** The longest run from the queue's head with one record of each key. */
  #next(): Entry[] {
    const keys = new Set<string>();
    let bytes = 0;
    let count = 0;
    for (const { Data, PartitionKey } of this.#queue) {
      bytes += Data.length + PartitionKey.length;
      if (count === RECORDS || (bytes > BYTES && count > 0) || keys.has(PartitionKey)) break;
      keys.add(PartitionKey);
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #put(batch: Entry[]): Promise<void> {
    const { stack, streamName, region, signal, log } = this.#options;
    let left = batch;
    for (let attempt = 0; left.length > 0 && !signal.aborted; attempt++) {
      let why = "";
      try {
        const { Records } = await stack.call(
          "kinesis",
          "PutRecords",
          { StreamName: streamName, Records: left },
          region,
        );
        const failed = left.filter((_, i) => Records[i]?.ErrorCode !== undefined);
        this.#acknowledged(left.filter((_, i) => Records[i]?.ErrorCode === undefined));
        left = failed;
        why =
          failed.length > 0
            ? `${failed.length} records refused: ${Records.find((r: any) => r.ErrorCode)?.ErrorMessage}`
            : "";
      } catch (error) {
        why = (error as Error).message;
      }
      if (left.length === 0) break;
      if (attempt % 10 === 3) log("WARN", `output stream ${streamName}: ${why}`);
      await wait(Math.min(BACK_OFF_MAX_MS, 20 * 2 ** attempt), undefined, { signal }).catch(() => {});
    }
  }

  #acknowledged(entries: Entry[]): void {
    for (const { Data } of entries) this.#bytes -= Data.length;
    this.written += entries.length;
    this.#wake();
  }
}
