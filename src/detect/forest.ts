import { checkTree } from "./forest/invariants.ts";
import { exp, log2, Random } from "./forest/random.ts";
import { Reservoir } from "./forest/reservoir.ts";
import { ByteReader, ByteWriter, readTree, writeTree } from "./forest/state.ts";
import { Tree } from "./forest/tree.ts";

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
const VERSION = 1;
/** Readings are held to ± this, so that sums of side lengths stay finite in single precision. */
const LARGEST = 1e30;
/** The growth factor at which weights are rescaled. */
const RESCALE_AT = 2 ** 30;

/**
 * Streaming Random Cut Forest. The score is that of AWS's randomcutforest-core 4.3 (`getAnomalyScore`): for each tree the
 * expected inverse depth at which a random cut would part the point from the sample, averaged, times log2(mass + 1).
 *
 * A reading's non-finite values are taken as missing: the feature's last value stands in. A reading whose features are all
 * missing, or that has a missing feature never seen before, scores 0 and is not learnt.
 */
export class Forest {
  readonly options: Readonly<ForestOptions>;
  readonly #trees: Tree[] = [];
  readonly #samples: Reservoir[] = [];
  readonly #random: Random;
  readonly #log2: Float64Array;
  readonly #shingle: Float32Array;
  readonly #candidate: Float32Array;
  #seen: Uint8Array;
  #updates = 0;
  /** exp(timeDecay) to the power of learnt points since the last rescaling, and the sum of it over full samples. */
  #growth = 1;
  #hazard = 0;
  readonly #growthPerPoint: number;

  constructor(options: ForestOptions) {
    checkOptions(options);
    this.options = { ...options };
    const dimensions = options.dimensions * options.shingleSize;
    for (let t = 0; t < options.numberOfTrees; t++) {
      this.#trees.push(new Tree(dimensions, options.sampleSize));
      this.#samples.push(new Reservoir(options.sampleSize));
    }
    this.#random = new Random(options.seed);
    this.#growthPerPoint = exp(options.timeDecay);
    this.#log2 = Float64Array.from({ length: options.sampleSize + 2 }, (_, i) => (i === 0 ? 0 : log2(i)));
    this.#shingle = new Float32Array(dimensions);
    this.#candidate = new Float32Array(dimensions);
    this.#seen = new Uint8Array(options.dimensions);
  }

  /** Readings learnt. */
  get updates(): number {
    return this.#updates;
  }

  /** Anomaly score of the (shingled) point that `values` would complete, before it is learnt; 0 until outputAfter updates. */
  score(values: ArrayLike<number>): number {
    return this.#complete(values) ? this.#scoreCandidate() : 0;
  }

  update(values: ArrayLike<number>): void {
    if (this.#complete(values)) this.#learnCandidate();
  }

  /** Score, then update. */
  process(values: ArrayLike<number>): number {
    if (!this.#complete(values)) return 0;
    const score = this.#scoreCandidate();
    this.#learnCandidate();
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
        candidate[base + d] = Math.max(-LARGEST, Math.min(LARGEST, value)) + 0;
        present++;
      } else if (this.#seen[d]) candidate[base + d] = this.#shingle[base + d]!;
      else return false;
    }
    return present > 0;
  }

  #scoreCandidate(): number {
    const mass = this.#samples[0]!.size;
    if (this.#updates < this.options.outputAfter || mass === 0) return 0;
    let sum = 0;
    for (const tree of this.#trees) sum += tree.score(this.#candidate, mass, this.#log2);
    return (sum * this.#log2[mass + 1]!) / this.#trees.length;
  }

  #learnCandidate(): void {
    const point = this.#candidate;
    this.#shingle.set(point);
    this.#seen.fill(1);
    this.#updates++;
    if (this.#updates < this.options.shingleSize) return;
    const before = this.#hazard;
    const full = this.#samples[0]!.size === this.options.sampleSize;
    if (full) this.#hazard += this.#growth;
    for (let t = 0; t < this.#trees.length; t++) {
      const sample = this.#samples[t]!;
      const tree = this.#trees[t]!;
      if (!full) {
        sample.push(this.#random.exponential() / this.#growth, tree.insert(point, this.#random));
        if (sample.size === this.options.sampleSize) this.#drawTarget(sample);
      } else if (sample.target <= this.#hazard) {
        const leaf = tree.insert(point, this.#random);
        const weight = (sample.weight[0]! * (sample.target - before)) / this.#growth;
        tree.remove(sample.replaceHeaviest(weight, leaf));
        this.#drawTarget(sample);
      }
    }
    this.#growth *= this.#growthPerPoint;
    if (this.#growth > RESCALE_AT) this.#rescale();
    if (this.options.checkInvariants) this.checkInvariants();
  }

  /** Throws if any tree isn't one that its sample could have grown. */
  checkInvariants(): void {
    for (let t = 0; t < this.#trees.length; t++) checkTree(this.#trees[t]!, this.#samples[t]!);
  }

  /** A point is accepted if its weight is below the heaviest; the wait for that is exponential in cumulative hazard. */
  #drawTarget(sample: Reservoir): void {
    sample.target = this.#hazard + this.#random.exponential() / sample.weight[0]!;
  }

  #rescale(): void {
    for (const sample of this.#samples) {
      for (let i = 0; i < sample.size; i++) sample.weight[i] = sample.weight[i]! * this.#growth;
      sample.target = (sample.target - this.#hazard) / this.#growth;
    }
    this.#hazard = 0;
    this.#growth = 1;
  }

  /** The whole state, little-endian: a restored forest goes on bit for bit as this one would. */
  save(): Uint8Array {
    const out = new ByteWriter();
    const o = this.options;
    out.u32(MAGIC);
    out.u32(VERSION);
    for (const n of [o.dimensions, o.shingleSize, o.numberOfTrees, o.sampleSize]) out.u32(n);
    for (const n of [o.timeDecay, o.outputAfter, o.seed, this.#updates, this.#growth, this.#hazard]) out.f64(n);
    for (const n of this.#random.state) out.u32(n);
    for (const n of this.#shingle) out.f32(n);
    for (const n of this.#seen) out.u8(n);
    for (let t = 0; t < this.#trees.length; t++) writeTree(out, this.#trees[t]!, this.#samples[t]!);
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
    forest.#growth = from.f64();
    forest.#hazard = from.f64();
    for (let i = 0; i < 4; i++) forest.#random.state[i] = from.u32();
    for (let i = 0; i < forest.#shingle.length; i++) forest.#shingle[i] = from.f32();
    for (let i = 0; i < forest.#seen.length; i++) forest.#seen[i] = from.u8();
    for (let t = 0; t < numberOfTrees; t++) readTree(from, forest.#trees[t]!, forest.#samples[t]!);
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
  wholeNumber("numberOfTrees", 1, 10_000);
  wholeNumber("sampleSize", 2, 32_000);
  wholeNumber("outputAfter", 0, Number.MAX_SAFE_INTEGER);
  wholeNumber("seed", 0, Number.MAX_SAFE_INTEGER);
  if (!(o.timeDecay >= 0 && o.timeDecay <= 1))
    throw new RangeError(`timeDecay must be from 0 to 1, got ${o.timeDecay}`);
}
