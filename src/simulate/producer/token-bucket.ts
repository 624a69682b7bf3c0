/** Lets `rate` items a second through, on a monotonic clock, with bursts of at most `burst`. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  /** `now` in milliseconds; `rate` may be Infinity. */
  constructor(rate: number, burst: number, now: () => number) {
    this.#rate = rate;
    this.#burst = Math.max(1, burst);
    this.#now = now;
    this.#tokens = 1;
    this.#at = now();
  }

  /** Whole items that may go now. */
  available(): number {
    if (this.#rate === Infinity) return Infinity;
    const now = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    return Math.floor(this.#tokens);
  }

  take(items: number): void {
    if (this.#rate !== Infinity) this.#tokens -= items;
  }

  /** Milliseconds until `items` may go. */
  until(items: number): number {
    if (this.#rate === Infinity) return 0;
    this.available();
    return Math.max(0, ((Math.min(items, this.#burst) - this.#tokens) / this.#rate) * 1000);
  }
}
