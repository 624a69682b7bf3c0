import type { StreamRecord } from "../../kinesis/stream-reader.ts";
import { eventBytes } from "./event.ts";

/** Bytes of the largest event. */
const EVENT_LIMIT = 6_291_456 - 4096;

interface LaneOptions {
  batchSize: number;
  /** Milliseconds. */
  window: number;
  now(): number;
  signal: AbortSignal;
}

/** Records on their way to the function, in order: one lane a shard, or several by partition key. */
export class Lane {
  #queue: { record: StreamRecord; at: number }[] = [];
  #options: LaneOptions;
  #wake = () => {};
  #ended = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  push(record: StreamRecord): void {
    this.#queue.push({ record, at: this.#options.now() });
    this.#wake();
  }

  /** No more records will come. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The next batch, once the window has passed or the batch is full; undefined at the end or when aborted. */
  async take(): Promise<StreamRecord[] | undefined> {
    const { window, now, signal } = this.#options;
    for (;;) {
      if (signal.aborted) return undefined;
      const first = this.#queue[0];
      if (first) {
        const { count, full } = this.#fill();
        const left = first.at + window - now();
        if (full || this.#ended || left <= 0) return this.#queue.splice(0, count).map(({ record }) => record);
        await this.#woken(left);
      } else if (this.#ended) return undefined;
      else await this.#woken(undefined);
    }
  }

  /** How many of the queue make one batch, and whether it can take no more. */
  #fill(): { count: number; full: boolean } {
    let bytes = 0;
    for (const [index, { record }] of this.#queue.entries()) {
      bytes += eventBytes(record);
      if (index === this.#options.batchSize || (bytes > EVENT_LIMIT && index > 0)) return { count: index, full: true };
    }
    return { count: this.#queue.length, full: this.#queue.length >= this.#options.batchSize };
  }

  #woken(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Which of `lanes` a partition key's records go through (FNV-1a). */
export function laneOf(partitionKey: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < partitionKey.length; i++) hash = Math.imul(hash ^ partitionKey.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % lanes;
}
