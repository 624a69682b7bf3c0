/** A reading as it goes onto the stream: the contract's fields, and whatever numbers travel along. */
export interface Reading {
  turbineId: string;
  location: string;
  /** m/s */
  speed: number;
  /** ISO 8601, UTC */
  timestamp: string;
  [more: string]: string | number;
}

/** A reading that waits to be acknowledged. */
export interface Pending {
  reading: Reading;
  data: Uint8Array;
}

/** PutRecords takes 500 records and 5 MiB, keys included; a record 1 MiB. */
const MOST_RECORDS = 500;
const MOST_BYTES = 5 * 1024 * 1024;

/**
 * Readings in the order they are to be sent. `take` never gives two of one turbine in a request (unless order doesn't
 * matter): if the first of two fails and the second doesn't, the turbine's order is gone.
 */
export class ProducerBuffer {
  #waiting: Pending[] = [];
  readonly #ordered: boolean;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(pending: Pending): void {
    this.#waiting.push(pending);
  }

  /** Back to the front, in their order: what has to be sent again. */
  putBack(failed: Pending[]): void {
    this.#waiting = [...failed, ...this.#waiting];
  }

  /** The next request's readings: at most `most`, none of a turbine that is `held` back. */
  take(most: number, held: (turbineId: string) => boolean): Pending[] {
    const taken: Pending[] = [];
    const left: Pending[] = [];
    const passed = new Set<string>();
    let bytes = 0;
    let full = most <= 0;
    for (const pending of this.#waiting) {
      const { turbineId } = pending.reading;
      const size = pending.data.length + Buffer.byteLength(turbineId);
      full ||= taken.length >= Math.min(most, MOST_RECORDS) || bytes + size > MOST_BYTES;
      if (full || passed.has(turbineId) || held(turbineId)) {
        left.push(pending);
        passed.add(turbineId);
        continue;
      }
      taken.push(pending);
      bytes += size;
      if (this.#ordered) passed.add(turbineId);
    }
    this.#waiting = left;
    return taken;
  }

  /** What a request could be made up of now; `add` keeps it up to date until the next one. */
  sendable(held: (turbineId: string) => boolean): Sendable {
    const sendable = new Sendable(this.#ordered, held);
    for (const { reading } of this.#waiting) sendable.add(reading.turbineId);
    return sendable;
  }
}

/** Counts readings that may go: one a turbine where order matters, none of turbines that are held back. */
export class Sendable {
  readonly #turbines = new Set<string>();
  readonly #ordered: boolean;
  readonly #held: (turbineId: string) => boolean;
  #count = 0;
  #repeated = false;

  constructor(ordered: boolean, held: (turbineId: string) => boolean) {
    this.#ordered = ordered;
    this.#held = held;
  }

  add(turbineId: string): void {
    if (this.#held(turbineId)) return;
    if (!this.#ordered) this.#count++;
    else if (this.#turbines.has(turbineId)) this.#repeated = true;
    else this.#turbines.add(turbineId);
  }

  /** `most` can go, or reading on only brings further readings of turbines that have one waiting. */
  enough(most: number): boolean {
    return this.#ordered ? this.#repeated || this.#turbines.size >= most : this.#count >= most;
  }
}
