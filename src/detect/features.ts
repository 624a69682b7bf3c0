import { Quarantine } from "./quarantine.ts";
import { Tail } from "./tail.ts";

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
/** Spreads beyond which all deviations are alike. */
const LARGEST_DEVIATION = 1000;
/** Of deviations, in spreads, until this input's own are known: a little wider than a normal law's. */
const TAIL = { share: 0.05, quantile: 2.6, excess: [0.9, 2.2], guess: [200, 40], shape: 0, ratio: 2.6 } as const;
/** Nats of the deviation that one in 20 exceeds. */
const EDGE = -Math.log(TAIL.share);
/** Nats from which a deviation isn't learnt by its tail, unless it comes again within so many values. */
const ANOMALY = 12;
const APART = 250;
/** First readings that only set the scales. */
export const SETTLE = 8;
/** Nats beyond which a feature grows with its square, so that what is far out stands out among several features. */
const BEND = 5;
const LARGEST = 800;
/** The forest learns a feature as at most this: what rises over several readings mustn't pave its own way. */
const LEARNT = 4;
/** Multiples of the mean level beyond which all levels are alike. */
const LARGEST_LEVEL = 2.5;
/** Nats of the longest run of equal readings to be expected within the forest's memory, ln(10 × 256). */
const ORDINARY_RUN = 8;

/**
 * What the forest sees of one input: how improbable a reading is after what its past led to expect, at several horizons, in
 * nats with the sign of the deviation, so that the ordinary of any input fills the same few units. docs/detector.md defines
 * each number.
 */
export class InputFeatures {
  readonly #mean = new Float64Array(HORIZONS.length);
  readonly #spread = new Float64Array(HORIZONS.length);
  readonly #tails = HORIZONS.map(() => new Tail(TAIL));
  readonly #quarantines = HORIZONS.map(() => new Quarantine(APART));
  /** Long-term mean of |change| and of |value|. */
  #slowChange = 0;
  #slowLevel = 0;
  /** The level that the forest learnt last. */
  #learntLevel = 0;
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
      const size = Math.abs(deviation) / (steps > 1 ? Math.sqrt(1 + (steps - 1) / horizon) : 1);
      const nats = this.#surprise(h, size, Math.max(this.#spread[h]!, least));
      out[at + h] = deviation < 0 ? -nats : nats;
      this.#mean[h] = this.#mean[h]! + deviation / Math.min(count, horizon);
      if (!first) this.#spread[h] = learn(this.#spread[h]!, size, Math.min(count - 1, SPREAD_MEMORY));
    }
    this.#slowLevel += (Math.abs(value) - this.#slowLevel) / Math.min(count, SLOW_MEMORY);
    if (!first)
      this.#slowChange = learn(this.#slowChange, Math.abs(value - this.#last), Math.min(count - 1, SLOW_MEMORY));
    out[at + LEVEL] = levelWeight * this.#load(value);
    out[at + RUN] = first ? 0 : this.#runSurprise(value);
    this.#last = value;
  }

  /** How improbable (nats) a deviation of this size is, learning it. */
  #surprise(h: number, size: number, spread: number): number {
    const tail = this.#tails[h]!;
    const ratio = size === 0 ? 0 : Math.min(LARGEST_DEVIATION, size / spread);
    const nats = EDGE + tail.beyond(ratio);
    if (this.#count > SETTLE && this.#quarantines[h]!.admits(nats > ANOMALY)) tail.learn(ratio);
    return bend(nats);
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
    return bend(Math.max(0, this.#run * nats - ORDINARY_RUN));
  }

  /**
   * Copies this input's features from `seen` to `learnt` as the forest is to learn them: held within what it can remember as
   * rare. The level of a reading that had to be held isn't learnt. True if anything was held.
   */
  hold(seen: Float64Array, learnt: Float64Array, at: number): boolean {
    let held = false;
    for (let i = at; i < at + FEATURES_PER_INPUT; i++) {
      const value = seen[i]!;
      learnt[i] = i === at + LEVEL ? value : Math.max(-LEARNT, Math.min(LEARNT, value));
      if (Math.abs(value) > LEARNT && i !== at + LEVEL) held = true;
    }
    if (held) learnt[at + LEVEL] = this.#learntLevel;
    else if (!Number.isNaN(seen[at + LEVEL]!)) this.#learntLevel = seen[at + LEVEL]!;
    return held;
  }

  save(): number[] {
    return [
      ...this.#mean,
      ...this.#spread,
      ...this.#tails.flatMap((tail) => tail.save()),
      ...this.#quarantines.flatMap((quarantine) => quarantine.save()),
      ...[this.#slowChange, this.#slowLevel, this.#learntLevel, this.#last],
      ...[this.#count, this.#repeats, this.#run],
    ];
  }

  static readonly stateSize = (2 + Tail.stateSize + Quarantine.stateSize) * HORIZONS.length + 7;

  static restore(state: readonly number[]): InputFeatures {
    const features = new InputFeatures();
    let at = 0;
    const take = (size: number): readonly number[] => {
      at += size;
      return state.slice(at - size, at);
    };
    features.#mean.set(take(HORIZONS.length));
    features.#spread.set(take(HORIZONS.length));
    for (const tail of features.#tails) tail.load(take(Tail.stateSize));
    for (const quarantine of features.#quarantines) quarantine.load(take(Quarantine.stateSize));
    const [slowChange, slowLevel, learntLevel, last, count, repeats, run] = take(7);
    features.#slowChange = slowChange!;
    features.#slowLevel = slowLevel!;
    features.#learntLevel = learntLevel!;
    features.#last = last!;
    features.#count = count!;
    features.#repeats = repeats!;
    features.#run = run!;
    return features;
  }
}

function bend(nats: number): number {
  return Math.min(LARGEST, nats > BEND ? (nats * nats) / BEND : nats);
}

function learn(spread: number, deviation: number, memory: number): number {
  const learnt = spread > 0 && memory > 8 ? Math.min(deviation, LEARNT_DEVIATION * spread) : deviation;
  return spread + (learnt - spread) / memory;
}
