const FIRST = 50;
const LONGEST = 2_000;

/**
 * Which turbines have to wait because their shard refused a record. Which shard a turbine's key falls on is learnt from
 * the stream's own answers (and learnt again after a reshard); until then the turbine stands for itself.
 */
export class ShardBackoff {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #shards = new Map<string, string>();
  readonly #waits = new Map<string, { until: number; delay: number }>();

  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  holds(turbineId: string): boolean {
    if (this.#waits.size === 0) return false;
    const wait = this.#waits.get(this.#place(turbineId));
    return wait !== undefined && wait.until > this.#now();
  }

  /** Milliseconds until the first of those that wait may go on. */
  until(): number {
    const now = this.#now();
    const left = [...this.#waits.values()].map((wait) => wait.until - now).filter((wait) => wait > 0);
    return left.length > 0 ? Math.min(...left) : 0;
  }

  succeeded(turbineId: string, shardId: string): void {
    if (this.#shards.get(turbineId) !== shardId) {
      this.#waits.delete(turbineId);
      this.#shards.set(turbineId, shardId);
    }
    const wait = this.#waits.get(shardId);
    // Entries of one request succeed beside those that fail: only what comes after the pause ends it.
    if (wait && wait.until <= this.#now()) this.#waits.delete(shardId);
  }

  /** Doubles the pause, with jitter, once a request. */
  failed(turbineId: string): void {
    const place = this.#place(turbineId);
    const now = this.#now();
    const before = this.#waits.get(place);
    if (before && before.until > now) return;
    const delay = Math.min(LONGEST, before ? before.delay * 2 : FIRST);
    this.#waits.set(place, { until: now + delay * (0.5 + this.#random() / 2), delay });
  }

  #place(turbineId: string): string {
    return this.#shards.get(turbineId) ?? turbineId;
  }
}
