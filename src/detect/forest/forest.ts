import { ByteReader, ByteWriter } from "./bytes.ts";
import { CutTrees } from "./cut-trees.ts";
import { LineTrees } from "./line-trees.ts";
import type { Trees } from "./trees.ts";

export interface ForestOptions {
  /** Input features of one reading. */
  dimensions: number;
  /** Consecutive readings that make one point. */
  shingleSize: number;
  numberOfTrees: number;
  /** Points that one tree keeps. */
  sampleSize: number;
  /** Per reading; a sample's age fades as exp(-timeDecay × age). 1 / (10 × sampleSize) is usual, 0 keeps all ages alike. */
  timeDecay: number;
  /** Readings before scores are given. */
  outputAfter: number;
  /** Any integer up to 2^53; equal seeds and readings give equal scores on every platform. */
  seed: number;
  /** Verify trees, boxes and samples after every update (slow; throws on the first fault). */
  checkInvariants?: boolean;
}

const MAGIC = 0x46435257;
const VERSION = 2;
/** Coordinates that a point may have: a cut names its own in 16 bits. */
const LARGEST_POINT = 65_535;
/** Readings are held to ± this, so that sums of side lengths stay finite in single precision. */
const LARGEST = 1e30;
/**
 * Streaming Random Cut Forest. The score is that of AWS's randomcutforest-core 4.3 (`getAnomalyScore`): for each tree the
 * expected inverse depth at which a random cut would part the point from the sample, averaged, times log2(mass + 1).
 *
 * A reading's non-finite values are taken as missing: the feature's last value stands in. A reading whose features are all
 * missing, or that has a missing feature never seen before, scores 0 and is not learnt.
 */
export class Forest {
  readonly options: Readonly<ForestOptions>;
  readonly #trees: Trees;
  readonly #shingle: Float32Array;
  readonly #candidate: Float32Array;
  #seen = false;
  #updates = 0;

  constructor(options: ForestOptions) {
    checkOptions(options);
    this.options = { ...options };
    const dimensions = options.dimensions * options.shingleSize;
    this.#trees = dimensions === 1 ? new LineTrees(options) : new CutTrees(options);
    this.#shingle = new Float32Array(dimensions);
    this.#candidate = new Float32Array(dimensions);
  }

  /** Readings learnt. */
  get updates(): number {
    return this.#updates;
  }

  /** Bytes of memory that the trees hold, outside JavaScript's heap. */
  get bytes(): number {
    return this.#trees.bytes;
  }

  /** Anomaly score of the (shingled) point that `values` would complete, before it is learnt; 0 until outputAfter updates. */
  score(values: ArrayLike<number>): number {
    return this.#take(values, true, false);
  }

  update(values: ArrayLike<number>): void {
    this.#take(values, false, true);
  }

  /** Score, then update, sharing the way down the trees. */
  process(values: ArrayLike<number>): number {
    return this.#take(values, true, true);
  }

  #take(values: ArrayLike<number>, scoring: boolean, learning: boolean): number {
    if (!this.#complete(values)) return 0;
    const scored = scoring && this.#updates >= this.options.outputAfter;
    if (!learning) return scored ? this.#trees.process(this.#candidate, true, false) : 0;
    this.#shingle.set(this.#candidate);
    this.#seen = true;
    this.#updates++;
    const score = this.#trees.process(this.#candidate, scored, this.#updates >= this.options.shingleSize);
    if (this.options.checkInvariants) this.checkInvariants();
    return score;
  }

  /** Lays the point that the values complete into #candidate; false if the reading is to be passed over. */
  #complete(values: ArrayLike<number>): boolean {
    const { dimensions } = this.options;
    if (values.length !== dimensions) throw new RangeError(`expected ${dimensions} values, got ${values.length}`);
    const candidate = this.#candidate;
    candidate.set(this.#shingle.subarray(dimensions));
    const base = candidate.length - dimensions;
    let present = 0;
    for (let d = 0; d < dimensions; d++) {
      const value = values[d]!;
      if (Number.isFinite(value)) {
        // Adding 0 turns -0 into 0.
        candidate[base + d] = Math.fround(Math.max(-LARGEST, Math.min(LARGEST, value))) + 0;
        present++;
      } else if (this.#seen) candidate[base + d] = this.#shingle[base + d]!;
      else return false;
    }
    return present > 0;
  }

  /** Throws unless every tree is one that its sample could have grown. */
  checkInvariants(): void {
    this.#trees.check();
  }

  /** Gives the memory back at once; without it that happens when the forest is garbage-collected. */
  dispose(): void {
    this.#trees.dispose();
  }

  /** The whole state, little-endian: a restored forest goes on bit for bit as this one would. */
  save(): Uint8Array {
    const out = new ByteWriter();
    const o = this.options;
    out.u32(MAGIC);
    out.u32(VERSION);
    for (const n of [o.dimensions, o.shingleSize, o.numberOfTrees, o.sampleSize]) out.u32(n);
    for (const n of [o.timeDecay, o.outputAfter, o.seed, this.#updates]) out.f64(n);
    for (const n of this.#shingle) out.f32(n);
    this.#trees.write(out);
    return out.bytes();
  }

  static restore(bytes: Uint8Array): Forest {
    const from = new ByteReader(bytes);
    if (from.u32() !== MAGIC) throw new RangeError("not a saved forest");
    const version = from.u32();
    if (version !== VERSION) throw new RangeError(`saved forest of version ${version}, expected ${VERSION}`);
    const [dimensions, shingleSize, numberOfTrees, sampleSize] = [from.u32(), from.u32(), from.u32(), from.u32()];
    const [timeDecay, outputAfter, seed] = [from.f64(), from.f64(), from.f64()];
    const forest = new Forest({ dimensions, shingleSize, numberOfTrees, sampleSize, timeDecay, outputAfter, seed });
    forest.#updates = from.f64();
    for (let i = 0; i < forest.#shingle.length; i++) forest.#shingle[i] = from.f32();
    forest.#seen = forest.#updates > 0;
    forest.#trees.read(from);
    return forest;
  }
}

function checkOptions(o: ForestOptions): void {
  const wholeNumber = (name: keyof ForestOptions, from: number, to: number): void => {
    const n = o[name] as number;
    if (!Number.isSafeInteger(n) || n < from || n > to)
      throw new RangeError(`${name} must be a whole number from ${from} to ${to}, got ${n}`);
  };
  wholeNumber("dimensions", 1, 1000);
  wholeNumber("shingleSize", 1, 1000);
  if (o.dimensions * o.shingleSize > LARGEST_POINT)
    throw new RangeError(
      `dimensions × shingleSize must be at most ${LARGEST_POINT}, got ${o.dimensions * o.shingleSize}`,
    );
  wholeNumber("numberOfTrees", 1, 10_000);
  wholeNumber("sampleSize", 2, 32_000);
  wholeNumber("outputAfter", 0, Number.MAX_SAFE_INTEGER);
  wholeNumber("seed", 0, Number.MAX_SAFE_INTEGER);
  if (!(o.timeDecay >= 0 && o.timeDecay <= 1))
    throw new RangeError(`timeDecay must be from 0 to 1, got ${o.timeDecay}`);
}
