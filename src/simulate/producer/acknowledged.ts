/**
 * How far a sequence of items is acknowledged without a gap: where a resumed run has to begin so that nothing is missed.
 * What was acknowledged beyond a gap is sent again then; rows are written by turbine and time, so that changes nothing.
 */
export class Acknowledged {
  #done: number;
  readonly #beyond = new Set<number>();

  constructor(from = 0) {
    this.#done = from;
  }

  add(index: number): void {
    this.#beyond.add(index);
    while (this.#beyond.delete(this.#done)) this.#done++;
  }

  /** Items from the first on that are all acknowledged. */
  get done(): number {
    return this.#done;
  }
}
