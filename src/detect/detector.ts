import { Calibration } from "./calibration.ts";
import { Forest } from "./forest.ts";

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
  /** Readings before scores are given. */
  outputAfter: number;
  seed: number;
}

export const DETECTOR_DEFAULTS: Readonly<DetectorOptions> = {
  features: ["speed"],
  numberOfTrees: 100,
  sampleSize: 256,
  timeDecay: 1 / 2560,
  shingleSize: 1,
  outputAfter: 32,
  seed: 42,
};

/** A reading: epoch milliseconds and the numeric fields that `features` names; missing ones are NaN or absent. */
export interface DetectorReading {
  speed: number;
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
const VERSION = 1;
const CALIBRATION_FIELDS = 3;

/** The streaming anomaly detector of one turbine. */
export class Detector {
  readonly options: Readonly<DetectorOptions>;
  #forest: Forest;
  #calibration = new Calibration();
  readonly #values: Float64Array;
  readonly #last: Float64Array;

  constructor(options: Partial<DetectorOptions> = {}) {
    this.options = { ...DETECTOR_DEFAULTS, ...options };
    const { features, ...forest } = this.options;
    this.#forest = new Forest({ ...forest, dimensions: 2 * features.length });
    this.#values = new Float64Array(2 * features.length);
    this.#last = new Float64Array(features.length).fill(Number.NaN);
  }

  /** Scores a reading against what came before, then learns it. Readings of one turbine, in order of time. */
  next(reading: DetectorReading): Scored {
    const { features, outputAfter } = this.options;
    for (const [index, name] of features.entries()) {
      const value = reading[name] ?? Number.NaN;
      const last = this.#last[index]!;
      this.#values[2 * index] = value;
      this.#values[2 * index + 1] = Number.isNaN(last) ? 0 : value - last;
      if (Number.isFinite(value)) this.#last[index] = value;
    }
    const before = this.#forest.updates;
    const rcfScore = this.#forest.process(this.#values);
    const warmup = Math.min(1, this.#forest.updates / outputAfter);
    if (before < outputAfter || this.#forest.updates === before) return { score: 0, rcfScore, warmup };
    const score = this.#calibration.score(rcfScore);
    this.#calibration.update(rcfScore);
    return { score, rcfScore, warmup };
  }

  /** The whole state, little-endian: a restored detector goes on bit for bit as this one would. */
  save(): Uint8Array {
    const features = new TextEncoder().encode(JSON.stringify(this.options.features));
    const forest = this.#forest.save();
    const numbers = [...this.#calibration.save(), ...this.#last];
    const bytes = new Uint8Array(12 + features.length + 8 * numbers.length + forest.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, VERSION, true);
    view.setUint32(8, features.length, true);
    bytes.set(features, 12);
    let at = 12 + features.length;
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
    const namesEnd = 12 + view.getUint32(8, true);
    const features: string[] = JSON.parse(new TextDecoder().decode(bytes.subarray(12, namesEnd)));
    const numbers = Array.from({ length: CALIBRATION_FIELDS + features.length }, (_, index) =>
      view.getFloat64(namesEnd + 8 * index, true),
    );
    const forest = Forest.restore(bytes.subarray(namesEnd + 8 * numbers.length));
    const { dimensions: _, checkInvariants: __, ...options } = forest.options;
    const detector = new Detector({ ...options, features });
    detector.#forest = forest;
    detector.#calibration = Calibration.restore(numbers);
    detector.#last.set(numbers.slice(CALIBRATION_FIELDS));
    return detector;
  }
}
