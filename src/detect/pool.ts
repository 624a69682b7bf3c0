import { Worker } from "node:worker_threads";
import type { DetectorOptions } from "./detector.ts";

/** Rows of a keyed stream, in order. */
export interface KeyedRows {
  keys: readonly string[];
  /** Epoch milliseconds, one a row. */
  timestamps: Float64Array;
  /** The detector's features of each row, row after row. */
  values: Float64Array;
}

/** One a row, in the rows' order: see Scored. */
export interface RowScores {
  score: Float64Array;
  rcfScore: Float64Array;
}

/** What a worker is sent: rows of its keys, by number. */
export interface WorkerRows {
  keys: Int32Array;
  timestamps: Float64Array;
  values: Float64Array;
}

interface Part {
  /** Which rows of the batch the worker has. */
  rows: Int32Array;
  into: RowScores;
  done: () => void;
  failed: (error: Error) => void;
}

interface Thread {
  worker: Worker;
  /** Rows given so far: a new key goes to the thread with the fewest. */
  load: number;
  /** Sent and not yet answered, oldest first; a worker answers in order. */
  waiting: Part[];
}

/**
 * Detectors of many keys on several threads. A key stays on its thread and batches are worked off in order, so each key's
 * scores are those of one detector given the key's rows in order, whatever the number of threads.
 */
export class DetectorPool {
  readonly #features: number;
  readonly #threads: Thread[];
  readonly #keys = new Map<string, { number: number; thread: Thread }>();
  #failure: Error | undefined;

  /** `worker` is the bundle of worker.ts. */
  constructor(worker: URL, threads: number, options: DetectorOptions) {
    this.#features = options.features.length;
    this.#threads = Array.from({ length: threads }, () => {
      const thread: Thread = { worker: new Worker(worker, { workerData: options }), load: 0, waiting: [] };
      thread.worker.on("message", (scores: RowScores) => {
        const { rows, into, done } = thread.waiting.shift()!;
        for (let i = 0; i < rows.length; i++) {
          into.score[rows[i]!] = scores.score[i]!;
          into.rcfScore[rows[i]!] = scores.rcfScore[i]!;
        }
        done();
      });
      thread.worker.on("error", (error) => this.#fail(error as Error));
      thread.worker.on("exit", () => this.#fail(new Error("the pool is closed")));
      return thread;
    });
  }

  /** Scores the rows, each against what its key had before. Batches may be given while earlier ones are under way. */
  async process({ keys, timestamps, values }: KeyedRows): Promise<RowScores> {
    if (this.#failure) throw this.#failure;
    const into = { score: new Float64Array(keys.length), rcfScore: new Float64Array(keys.length) };
    const features = this.#features;
    const numbers = new Int32Array(keys.length);
    const rowsOf = new Map(this.#threads.map((thread) => [thread, [] as number[]]));
    for (let row = 0; row < keys.length; row++) {
      const { number, thread } = this.#place(keys[row]!);
      numbers[row] = number;
      rowsOf.get(thread)!.push(row);
    }
    const parts: Promise<void>[] = [];
    for (const [thread, rows] of rowsOf) {
      if (rows.length === 0) continue;
      const sent: WorkerRows = {
        keys: new Int32Array(rows.length),
        timestamps: new Float64Array(rows.length),
        values: new Float64Array(rows.length * features),
      };
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i]!;
        sent.keys[i] = numbers[row]!;
        sent.timestamps[i] = timestamps[row]!;
        for (let f = 0; f < features; f++) sent.values[i * features + f] = values[row * features + f]!;
      }
      parts.push(
        new Promise((done, failed) => {
          thread.waiting.push({ rows: Int32Array.from(rows), into, done, failed });
          thread.worker.postMessage(sent, [
            sent.keys.buffer,
            sent.timestamps.buffer,
            sent.values.buffer,
          ] as ArrayBuffer[]);
        }),
      );
    }
    await Promise.all(parts);
    return into;
  }

  /** Ends the threads; batches under way fail. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #place(key: string): { number: number; thread: Thread } {
    let place = this.#keys.get(key);
    if (!place) {
      const thread = this.#threads.reduce((least, other) => (other.load < least.load ? other : least));
      place = { number: this.#keys.size, thread };
      this.#keys.set(key, place);
    }
    place.thread.load++;
    return place;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const thread of this.#threads) {
      for (const { failed } of thread.waiting.splice(0)) failed(this.#failure);
    }
  }
}
