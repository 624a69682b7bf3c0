import type { Reading } from "../../contract/reading.ts";

/** A reading that waits to be acknowledged. */
export interface Pending {
  reading: Reading;
  data: Uint8Array;
}

/** A PutRecords request that is being filled. */
export interface Request {
  /** Nothing more fits, whatever it is. */
  readonly full: boolean;
  /** Takes a reading along if it may go in this request. */
  add(pending: Pending): boolean;
}

/**
 * Readings in the order they are to be sent. A reading that can't go now (its turbine is held back, the request has no
 * room for it) holds back all later ones of its turbine, so that none overtakes another.
 */
export class ProducerBuffer {
  #waiting: Pending[] = [];

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

  /** Fills a request, but for turbines that are `held` back; gives what went into it. */
  take(request: Request, held: (turbineId: string) => boolean): Pending[] {
    const taken: Pending[] = [];
    const left: Pending[] = [];
    const passed = new Set<string>();
    for (const [i, pending] of this.#waiting.entries()) {
      if (request.full) {
        for (let k = i; k < this.#waiting.length; k++) left.push(this.#waiting[k]!);
        break;
      }
      const { turbineId } = pending.reading;
      if (!passed.has(turbineId) && !held(turbineId) && request.add(pending)) taken.push(pending);
      else {
        left.push(pending);
        passed.add(turbineId);
      }
    }
    this.#waiting = left;
    return taken;
  }

  /** What a request could be made up of now; `add` keeps it up to date until the next one. */
  sendable(onePerTurbine: boolean, held: (turbineId: string) => boolean): Sendable {
    const sendable = new Sendable(onePerTurbine, held);
    for (const { reading } of this.#waiting) sendable.add(reading.turbineId);
    return sendable;
  }
}

/** Counts readings that may go: one a turbine where a request takes no more, none of turbines that are held back. */
export class Sendable {
  readonly #turbines = new Set<string>();
  readonly #onePerTurbine: boolean;
  readonly #held: (turbineId: string) => boolean;
  #count = 0;
  #repeated = false;

  constructor(onePerTurbine: boolean, held: (turbineId: string) => boolean) {
    this.#onePerTurbine = onePerTurbine;
    this.#held = held;
  }

  add(turbineId: string): void {
    if (this.#held(turbineId)) return;
    if (!this.#onePerTurbine) this.#count++;
    else if (this.#turbines.has(turbineId)) this.#repeated = true;
    else this.#turbines.add(turbineId);
  }

  /** `most` can go, or reading on only brings further readings of turbines that have one waiting. */
  enough(most: number): boolean {
    return this.#onePerTurbine ? this.#repeated || this.#turbines.size >= most : this.#count >= most;
  }
}
