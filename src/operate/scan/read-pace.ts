import { isThrottled } from "../../aws/failures.ts";
import type { Edge } from "../../io/clock.ts";

/** Without a page for so long the table is given up: it is somebody else who uses it up. */
const PATIENCE_MS = 60_000;
const LONGEST_WAIT_MS = 5_000;
/** After a refusal the pace comes back by so much with each page. */
const RECOVERY = 1.05;

/**
 * Reads pages at so many read units a second, all readers together; at half of it each time the table refuses one, then slowly more
 * again. A page's units are known when it is there: until then those of the last one stand for them.
 */
export class ReadPace {
  /** Read units that all pages took. */
  units = 0;
  readonly #most: number;
  readonly #edge: Edge;
  readonly #signal: AbortSignal;
  #rate: number;
  #next: number;
  #lastUnits = 0;
  #slowedAt = -Infinity;
  #lastPage: number;

  /** `unitsPerSecond` may be Infinity: then only refusals slow it. */
  constructor(unitsPerSecond: number, edge: Edge, signal: AbortSignal) {
    this.#most = unitsPerSecond;
    this.#rate = unitsPerSecond;
    this.#edge = edge;
    this.#signal = signal;
    this.#next = edge.now();
    this.#lastPage = edge.now();
  }

  /** The page, when its turn has come. Throws what `read` throws; a refusal only after a minute in which no reader got a page. */
  async page<T extends { ConsumedCapacity?: { CapacityUnits?: number } | undefined }>(
    read: () => Promise<T>,
  ): Promise<T> {
    const { now, sleep, random } = this.#edge;
    for (let refusals = 0; ; refusals++) {
      const expected = this.#lastUnits;
      const at = this.#take(expected);
      if (at > now()) await sleep(at - now());
      this.#signal.throwIfAborted();
      const began = now();
      try {
        const page = await read();
        this.#lastUnits = page.ConsumedCapacity?.CapacityUnits ?? 0;
        this.units += this.#lastUnits;
        this.#next += this.#time(this.#lastUnits - expected);
        this.#rate = Math.min(this.#most, this.#rate * RECOVERY);
        this.#lastPage = now();
        return page;
      } catch (error) {
        this.#next -= this.#time(expected);
        if (!isThrottled(error) || now() - this.#lastPage > PATIENCE_MS) throw error;
        this.#slow(began);
        await sleep(Math.min(LONGEST_WAIT_MS, 100 * 2 ** refusals) * (0.5 + random() / 2));
      }
    }
  }

  /** From when on these units may be read. */
  #take(units: number): number {
    const at = Math.max(this.#next, this.#edge.now());
    this.#next = at + this.#time(units);
    return at;
  }

  #time(units: number): number {
    return this.#rate === Infinity ? 0 : (units / this.#rate) * 1000;
  }

  /** Requests that were under way together are refused together: that is one reason to slow down. */
  #slow(began: number): void {
    if (began <= this.#slowedAt) return;
    this.#slowedAt = this.#edge.now();
    // From no limit at all: what one page a second takes.
    this.#rate = Math.max(1, this.#rate === Infinity ? this.#lastUnits : this.#rate / 2);
  }
}
