/** Share of ordinary readings above the running quantile where the tail begins. */
const TAIL_SHARE = 0.02;
/** What both are before anything is known: nearly the same for any input, since features and forest scores have no unit. */
const FIRST_QUANTILE = 1.7;
const FIRST_EXCESS = 0.55;
/** Weight of that first guess, and longest memory, in readings and in peaks. */
const GUESS_READINGS = 100;
const GUESS_PEAKS = 20;
const QUANTILE_MEMORY = 10_000;
const PEAK_MEMORY = 500;
/** A peak is learnt as at most this many mean excesses, so that an anomaly doesn't teach the tail to expect the next. */
const LARGEST_PEAK = 8;
/** Readings without alarm until the tail learns again: an anomaly that lasts is learnt once. */
const HOLD = 16;
/** Mean excesses from the quantile to an anomaly. An exponential tail passes them 0.02 e^-9 = 2.5 times in a million. */
const DEPTH = 9;
/** A young tail's depth is larger by this many readings over the readings seen. */
const UNSURE = 64;
/** Readings until which a coarse cadence is met with less depth, and from which it isn't any more. */
const YOUNG = 512;
const MATURE = 2048;
/** Depth that each e-fold of the interval above FINE takes off while young, up to COARSE (seconds). */
const DEPTH_PER_FOLD = 1.7;
const FINE = 10;
const COARSE = 600;
const ANOMALY = 2;

/**
 * From a turbine's raw forest scores to a score with one meaning: 1 is the edge of ordinary, 2 an anomaly.
 *
 * Peaks over threshold, streaming: a running quantile of the odds of the raw score and, above it, an exponential tail with the
 * mean excess of this turbine's own peaks (Pickands-Balkema-de Haan, shape 0). Five doubles: saved and ported exactly.
 */
export class Calibration {
  #quantile = FIRST_QUANTILE;
  #excess = FIRST_EXCESS;
  #readings = 0;
  #peaks = 0;
  #sinceAlarm = HOLD;

  /**
   * Calibrated score of a raw score, then learns it; monotone in `raw` at any moment. `largest` is what the forest can give
   * at most, `seen` the readings so far, `interval` their usual distance in seconds.
   */
  next(raw: number, largest: number, seen: number, interval: number): number {
    const odds = raw / (1 - Math.min(raw / largest, 0.99));
    const above = odds - this.#quantile;
    const score = above <= 0 ? odds / this.#quantile : 1 + above / (depth(seen, interval) * this.#excess);
    if (this.#sinceAlarm >= HOLD) this.#learn(above);
    if (score >= ANOMALY) this.#sinceAlarm = 0;
    else this.#sinceAlarm++;
    return score;
  }

  #learn(above: number): void {
    // Robbins-Monro with the density that the exponential tail has at the quantile, share / excess.
    const step = ((above > 0 ? 1 - TAIL_SHARE : -TAIL_SHARE) * this.#excess) / TAIL_SHARE;
    this.#quantile += step / (Math.min(this.#readings, QUANTILE_MEMORY) + GUESS_READINGS);
    this.#readings++;
    if (above <= 0) return;
    const peak = Math.min(above, LARGEST_PEAK * this.#excess);
    this.#excess += (peak - this.#excess) / (Math.min(this.#peaks, PEAK_MEMORY) + GUESS_PEAKS);
    this.#peaks++;
  }

  save(): number[] {
    return [this.#quantile, this.#excess, this.#readings, this.#peaks, this.#sinceAlarm];
  }

  static readonly stateSize = 5;

  static restore(state: readonly number[]): Calibration {
    const calibration = new Calibration();
    const [quantile, excess, readings, peaks, sinceAlarm] = state;
    calibration.#quantile = quantile!;
    calibration.#excess = excess!;
    calibration.#readings = readings!;
    calibration.#peaks = peaks!;
    calibration.#sinceAlarm = sinceAlarm!;
    return calibration;
  }
}

/** Mean excesses above the quantile that make an anomaly. */
function depth(seen: number, interval: number): number {
  const folds = Math.log(Math.max(1, Math.min(COARSE, interval) / FINE));
  const young = Math.max(0, Math.min(1, (MATURE - seen) / (MATURE - YOUNG)));
  return (DEPTH - DEPTH_PER_FOLD * folds * young) * (1 + UNSURE / seen);
}
