/** Readings over which the expectations that a reading is compared with are averaged: the last one, a few, many. */
const HORIZONS = [1, 8, 64] as const;
const LEVEL = HORIZONS.length;
const RUN = HORIZONS.length + 1;
/** Numbers of the forest's point that one input makes: a surprise for each horizon, the level, the run of equal readings. */
export const FEATURES_PER_INPUT = HORIZONS.length + 2;

/** Readings over which the size of ordinary deviations is averaged: follows the weather, not the gust. */
const SPREAD_MEMORY = 256;
const SLOW_MEMORY = 4096;
/** No deviation counts for more than it would against this share of the long-term one: a calm isn't a state of alarm. */
const LEAST_SPREAD = 1 / 2;
/** The spread learns a deviation as at most this many of its own, so that one spike doesn't hide the next. */
const LEARNT_DEVIATION = 8;
const LARGEST_SURPRISE = 64;
/** Ordinary deviations beyond which a surprise grows with its square, as improbability does. */
const BEND = 5;
/** The forest learns a surprise as at most this: what rises over several readings mustn't pave its own way. */
const LEARNT_SURPRISE = 4;
/** Multiples of the mean level beyond which all levels are alike. */
const LARGEST_LEVEL = 2.5;
/** Nats of the longest run of equal readings to be expected within the forest's memory, ln(10 × 256). */
const ORDINARY_RUN = 8;
const LARGEST_RUN = 32;
const LEARNT_RUN = 4;

/**
 * What the forest sees of one input: how far a reading is from what its past led to expect, at several horizons, each in
 * units of that input's own ordinary deviation. docs/detector.md defines each number.
 */
export class InputFeatures {
  readonly #mean = new Float64Array(HORIZONS.length);
  readonly #spread = new Float64Array(HORIZONS.length);
  /** Long-term mean of |change| and of |value|. */
  #slowChange = 0;
  #slowLevel = 0;
  #last = 0;
  #count = 0;
  #repeats = 0;
  #run = 0;

  /**
   * Writes the features of `value` to `out` from `at`. `steps` is the time since the last reading in ordinary intervals
   * (1 where unknown), `levelWeight` the weight of the level in [0, 1]. A NaN value is missing: its features are NaN.
   */
  next(value: number, steps: number, levelWeight: number, out: Float64Array, at: number): void {
    if (!Number.isFinite(value)) {
      out.fill(Number.NaN, at, at + FEATURES_PER_INPUT);
      return;
    }
    const first = this.#count === 0;
    this.#count++;
    if (first) {
      this.#mean.fill(value);
      this.#last = value;
    }
    const count = this.#count;
    const least = LEAST_SPREAD * this.#slowChange;
    for (let h = 0; h < HORIZONS.length; h++) {
      const horizon = HORIZONS[h]!;
      const deviation = value - this.#mean[h]!;
      // A value that wanders gets away from an older expectation with the square root of the time it had.
      const late = steps > 1 ? Math.sqrt(1 + (steps - 1) / horizon) : 1;
      out[at + h] = surprise(deviation / late, Math.max(this.#spread[h]!, least));
      this.#mean[h] = this.#mean[h]! + deviation / Math.min(count, horizon);
      if (!first)
        this.#spread[h] = learn(this.#spread[h]!, Math.abs(deviation / late), Math.min(count - 1, SPREAD_MEMORY));
    }
    this.#slowLevel += (Math.abs(value) - this.#slowLevel) / Math.min(count, SLOW_MEMORY);
    if (!first)
      this.#slowChange = learn(this.#slowChange, Math.abs(value - this.#last), Math.min(count - 1, SLOW_MEMORY));
    out[at + LEVEL] = levelWeight * this.#load(value);
    out[at + RUN] = first ? 0 : this.#runSurprise(value);
    this.#last = value;
  }

  /** The level as a flow's load grows, with its square, in ordinary changes. */
  #load(value: number): number {
    if (this.#slowLevel === 0 || this.#slowChange === 0) return 0;
    const relative = Math.max(-LARGEST_LEVEL, Math.min(LARGEST_LEVEL, value / this.#slowLevel));
    return (relative * Math.abs(relative) * this.#slowLevel) / this.#slowChange;
  }

  /** How improbable (nats) the run of equal readings is. Zero is where a sensor rests: a run of zeros is no news. */
  #runSurprise(value: number): number {
    const known = Math.min(this.#count, SPREAD_MEMORY);
    const nats = -Math.log((this.#repeats + 1) / (known + 1));
    if (this.#count > SPREAD_MEMORY) this.#repeats -= this.#repeats / SPREAD_MEMORY;
    const repeated = value === this.#last && value !== 0;
    if (repeated) this.#repeats++;
    this.#run = repeated ? this.#run + 1 : 0;
    return Math.max(0, Math.min(LARGEST_RUN, this.#run * nats - ORDINARY_RUN));
  }

  save(): number[] {
    const { length } = HORIZONS;
    const state = new Array<number>(InputFeatures.stateSize);
    for (let h = 0; h < length; h++) {
      state[h] = this.#mean[h]!;
      state[length + h] = this.#spread[h]!;
    }
    const rest = [this.#slowChange, this.#slowLevel, this.#last, this.#count, this.#repeats, this.#run];
    state.splice(2 * length, rest.length, ...rest);
    return state;
  }

  static readonly stateSize = 2 * HORIZONS.length + 6;

  static restore(state: readonly number[]): InputFeatures {
    const features = new InputFeatures();
    features.#mean.set(state.slice(0, HORIZONS.length));
    features.#spread.set(state.slice(HORIZONS.length, 2 * HORIZONS.length));
    const [slowChange, slowLevel, last, count, repeats, run] = state.slice(2 * HORIZONS.length);
    features.#slowChange = slowChange!;
    features.#slowLevel = slowLevel!;
    features.#last = last!;
    features.#count = count!;
    features.#repeats = repeats!;
    features.#run = run!;
    return features;
  }
}

/** Copies `seen` to `learnt` as the forest is to learn it: held within what it can remember as rare. True if anything was held. */
export function hold(seen: Float64Array, learnt: Float64Array): boolean {
  let held = false;
  for (let i = 0; i < seen.length; i++) {
    const value = seen[i]!;
    const kind = i % FEATURES_PER_INPUT;
    let kept = value;
    if (kind < LEVEL) kept = Math.max(-LEARNT_SURPRISE, Math.min(LEARNT_SURPRISE, value));
    else if (kind === RUN) kept = Math.min(LEARNT_RUN, value);
    learnt[i] = kept;
    if (kept !== value && !Number.isNaN(value)) held = true;
  }
  return held;
}

function surprise(deviation: number, spread: number): number {
  if (deviation === 0) return 0;
  const ratio = Math.max(-LARGEST_SURPRISE, Math.min(LARGEST_SURPRISE, deviation / spread));
  return ratio * Math.max(1, Math.abs(ratio) / BEND);
}

function learn(spread: number, deviation: number, memory: number): number {
  const learnt = spread > 0 && memory > 8 ? Math.min(deviation, LEARNT_DEVIATION * spread) : deviation;
  return spread + (learnt - spread) / memory;
}
