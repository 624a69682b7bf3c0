import type { ForestOptions } from "../../../src/detect/forest/forest.ts";
import { exp, log2, Random } from "../../../src/detect/forest/random.ts";
import { Reservoir } from "./reservoir.ts";
import { Tree } from "./tree.ts";

/** Readings are held to ± this, so that sums of side lengths stay finite in single precision. */
const LARGEST = 1e30;
/** The growth factor at which weights are rescaled. */
const RESCALE_AT = 2 ** 30;

/** The forest in plain TypeScript, slow and simple: what the kernel must equal bit for bit. */
export class PlainForest {
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
        candidate[base + d] = Math.fround(Math.max(-LARGEST, Math.min(LARGEST, value))) + 0;
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
}
