/**
 * Turns a turbine's raw forest scores into a score with one meaning: 1 is the edge of ordinary, 2 an anomaly.
 *
 * Peaks over threshold: a running quantile of the raw scores, and above it an exponential tail whose mean excess is learnt from
 * the turbine's own readings. Everything is a handful of doubles, so that it can be saved, restored and ported exactly.
 */
export class Calibration {
  #count = 0;
  #level = 0;
  #excess = 0;

  /** Calibrated score of `raw` before it is learnt; monotone in `raw`. */
  score(raw: number): number {
    if (this.#count === 0) return 0;
    return raw <= this.#level ? raw / this.#level : 1 + (raw - this.#level) / (RANGE * this.#excess);
  }

  update(raw: number): void {
    if (this.#count === 0) {
      this.#level = raw;
      this.#excess = FIRST_EXCESS;
    }
    this.#count++;
    const rate = 1 / Math.min(this.#count, MEMORY);
    const above = raw - this.#level;
    this.#level += rate * 4 * (above > 0 ? QUANTILE : QUANTILE - 1) * this.#excess;
    if (above > 0) this.#excess += Math.max(0.02, rate) * (Math.min(above, RANGE * this.#excess) - this.#excess);
  }

  save(): number[] {
    return [this.#count, this.#level, this.#excess];
  }

  static restore(state: readonly number[]): Calibration {
    const calibration = new Calibration();
    [calibration.#count, calibration.#level, calibration.#excess] = state as [number, number, number];
    return calibration;
  }
}

const QUANTILE = 0.98;
const MEMORY = 10_000;
const FIRST_EXCESS = 0.3;
/** Mean excesses between the quantile and an anomaly. */
const RANGE = 8;
