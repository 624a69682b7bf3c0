import { Calibration } from "./calibration.ts";
import { Clock } from "./clock.ts";
import { FEATURES_PER_INPUT, InputFeatures, SETTLE } from "./features.ts";
import { Forest } from "./forest/forest.ts";

export interface DetectorOptions {
  /** Numeric fields of a reading that the forest looks at. */
  features: readonly string[];
  numberOfTrees: number;
  /** Points that one tree keeps. */
  sampleSize: number;
  /** Per reading; a sample's age fades as exp(-timeDecay × age). */
  timeDecay: number;
  /** Consecutive readings that make one point of the forest. */
  shingleSize: number;
  /** Readings before scores are given; at least 9. */
  outputAfter: number;
  seed: number;
}

export const DETECTOR_DEFAULTS: Readonly<DetectorOptions> = {
  features: ["speed"],
  numberOfTrees: 50,
  sampleSize: 256,
  timeDecay: 1 / 2560,
  shingleSize: 1,
  outputAfter: 32,
  seed: 42,
};

/** A reading: epoch milliseconds (NaN if unknown) and the numeric fields that `features` names; missing ones NaN or absent. */
export interface DetectorReading {
  timestampMs: number;
  [numeric: string]: number;
}

export interface Scored {
  /** Calibrated: about 1 at the edge of ordinary, 2 and more for an anomaly, 0 during warm-up. */
  score: number;
  /** The forest's raw score; its scale depends on the forest's settings. */
  rcfScore: number;
  /** 0 to 1: how much of the warm-up is done. */
  warmup: number;
}

const MAGIC = 0x44435257;
const VERSION = 3;
/** Weight of the level where the forest's memory covers this long, s: days, so that it knows the daily cycle. */
const LEVEL_WEIGHT = 0.7;
const LEVEL_MEMORY = 3 * 86_400;

/** The streaming anomaly detector of one turbine. */
export class Detector {
  readonly options: Readonly<DetectorOptions>;
  #forest: Forest;
  #calibration = new Calibration();
  #clock = new Clock();
  #inputs: InputFeatures[];
  #count = 0;
  #latest: Scored = { score: 0, rcfScore: 0, warmup: 0 };
  #values: Float64Array;
  readonly #seen: Float64Array;
  readonly #learnt: Float64Array;

  constructor(options: Partial<DetectorOptions> = {}) {
    this.options = { ...DETECTOR_DEFAULTS, ...options };
    const { features, outputAfter, ...forest } = this.options;
    if (!(outputAfter > SETTLE)) throw new RangeError(`outputAfter must be more than ${SETTLE}, got ${outputAfter}`);
    const dimensions = FEATURES_PER_INPUT * features.length;
    this.#forest = new Forest({ ...forest, outputAfter: outputAfter - SETTLE, dimensions });
    this.#inputs = features.map(() => new InputFeatures());
    this.#values = new Float64Array(features.length).fill(Number.NaN);
    this.#seen = new Float64Array(dimensions);
    this.#learnt = new Float64Array(dimensions);
  }

  /**
   * Scores a reading against what came before, then learns it. Readings of one turbine, in order of time; a reading that
   * repeats the last one, time and all, gets the same answer again and isn't learnt twice.
   */
  next(reading: DetectorReading): Scored {
    if (this.#repeats(reading)) return { ...this.#latest };
    const { features, outputAfter, sampleSize, shingleSize, timeDecay } = this.options;
    const steps = this.#clock.next(reading.timestampMs);
    const memory = this.#clock.interval * (timeDecay > 0 ? 1 / timeDecay : this.#count);
    const levelWeight = LEVEL_WEIGHT * Math.min(1, memory / LEVEL_MEMORY);
    let present = false;
    for (let i = 0; i < features.length; i++) {
      const value = reading[features[i]!] ?? Number.NaN;
      this.#values[i] = value;
      if (Number.isFinite(value)) present = true;
      this.#inputs[i]!.next(value, steps, levelWeight, this.#seen, i * FEATURES_PER_INPUT);
    }
    if (present) this.#count++;
    let score = 0;
    let rcfScore = 0;
    if (present && this.#count > SETTLE) {
      const mass = Math.min(sampleSize, this.#forest.updates - shingleSize + 1);
      rcfScore = this.#process();
      if (this.#count > outputAfter && mass > 0)
        score = this.#calibration.next(rcfScore, Math.log2(mass + 1), this.#count, this.#clock.interval);
    }
    this.#latest = { score, rcfScore, warmup: Math.min(1, this.#count / outputAfter) };
    return { ...this.#latest };
  }

  #repeats(reading: DetectorReading): boolean {
    if (reading.timestampMs !== this.#clock.last) return false;
    return this.options.features.every((name, i) => Object.is(reading[name] ?? Number.NaN, this.#values[i]));
  }

  #process(): number {
    let held = false;
    for (const [i, input] of this.#inputs.entries())
      if (input.hold(this.#seen, this.#learnt, i * FEATURES_PER_INPUT)) held = true;
    if (!held) return this.#forest.process(this.#seen);
    const score = this.#forest.score(this.#seen);
    this.#forest.update(this.#learnt);
    return score;
  }

  /** The whole state, little-endian: a restored detector goes on bit for bit as this one would. */
  save(): Uint8Array {
    const { features, outputAfter } = this.options;
    const header = new TextEncoder().encode(JSON.stringify({ features, outputAfter }));
    const { score, rcfScore, warmup } = this.#latest;
    const numbers = [
      ...[this.#count, score, rcfScore, warmup],
      ...this.#clock.save(),
      ...this.#calibration.save(),
      ...this.#values,
      ...this.#inputs.flatMap((input) => input.save()),
    ];
    const forest = this.#forest.save();
    const bytes = new Uint8Array(12 + header.length + 8 * numbers.length + forest.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, VERSION, true);
    view.setUint32(8, header.length, true);
    bytes.set(header, 12);
    let at = 12 + header.length;
    for (const number of numbers) {
      view.setFloat64(at, number, true);
      at += 8;
    }
    bytes.set(forest, at);
    return bytes;
  }

  /** Throws a RangeError if the bytes aren't a detector of this version. */
  static restore(bytes: Uint8Array): Detector {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < 12 || view.getUint32(0, true) !== MAGIC) throw new RangeError("not a saved detector");
    const version = view.getUint32(4, true);
    if (version !== VERSION) throw new RangeError(`saved detector of version ${version}, expected ${VERSION}`);
    let at = 12 + view.getUint32(8, true);
    const { features, outputAfter } = JSON.parse(new TextDecoder().decode(bytes.subarray(12, at)));
    const take = (count: number): number[] =>
      Array.from({ length: count }, () => {
        at += 8;
        return view.getFloat64(at - 8, true);
      });
    const [count, score, rcfScore, warmup] = take(4);
    const clock = Clock.restore(take(Clock.stateSize));
    const calibration = Calibration.restore(take(Calibration.stateSize));
    const values = take(features.length);
    const inputs = values.map(() => InputFeatures.restore(take(InputFeatures.stateSize)));
    const forest = Forest.restore(bytes.subarray(at));
    const { numberOfTrees, sampleSize, timeDecay, shingleSize, seed } = forest.options;
    const options = { features, outputAfter, numberOfTrees, sampleSize, timeDecay, shingleSize, seed };
    const detector = new Detector(options);
    detector.#forest = forest;
    detector.#clock = clock;
    detector.#calibration = calibration;
    detector.#inputs = inputs;
    detector.#values = Float64Array.from(values);
    detector.#count = count!;
    detector.#latest = { score: score!, rcfScore: rcfScore!, warmup: warmup! };
    return detector;
  }
}
