/** Share of the peaks that exceed the first and the second mark of the tail. */
const FIRST_SHARE = 1 / 4;
const SECOND_SHARE = 1 / 16;
/** A mark that a share p of an exponential tail exceeds is at ln(1/p) of its mean, where its density times itself is p ln(1/p). */
const FIRST_DENSITY = FIRST_SHARE * Math.log(4);
const SECOND_DENSITY = SECOND_SHARE * Math.log(16);
/** The second mark is no less than this many times the first: twice it is in an exponential tail. */
const LEAST_RATIO = 1.5;
const PEAK_MEMORY = 500;

export interface TailOptions {
  /** Share of ordinary values above the running quantile, where the tail begins. */
  share: number;
  /** First guess of the quantile and of the excesses that a quarter and a sixteenth of the peaks exceed. */
  quantile: number;
  excess: readonly [number, number];
  /** Weight of the first guess, in values and in peaks. */
  guess: readonly [number, number];
  /** Of the generalised Pareto law; 0 is the exponential. */
  shape: number;
  /** The second mark is at most this many times the first. */
  ratio: number;
}

const VALUE_MEMORY = 10_000;

/**
 * Peaks over threshold, streaming: a running quantile of a positive quantity and the width of the tail above it
 * (Pickands-Balkema-de Haan). Quantile and marks are followed by counting what lies above and what below (Robbins-Monro), not
 * by averaging sizes: a few peaks widen the tail no more for being huge. Five numbers of state.
 */
export class Tail {
  readonly #options: TailOptions;
  /** Nats of the quantile, and where the two marks of the law of scale 1 are. */
  readonly #edge: number;
  readonly #unit: readonly [number, number];
  #quantile: number;
  #first: number;
  #second: number;
  #values = 0;
  #peaks = 0;

  constructor(options: TailOptions) {
    const { share, shape } = options;
    this.#options = options;
    this.#edge = -Math.log(share);
    this.#unit = shape > 0 ? [(4 ** shape - 1) / shape, (16 ** shape - 1) / shape] : [Math.log(4), Math.log(16)];
    this.#quantile = options.quantile;
    [this.#first, this.#second] = options.excess;
  }

  get quantile(): number {
    return this.#quantile;
  }

  /** Nats by which a value is less probable than one at the quantile; negative below it. */
  beyond(value: number): number {
    const above = value - this.#quantile;
    const { shape } = this.#options;
    if (above <= 0) return this.#edge * (value / this.#quantile - 1);
    return shape > 0 ? Math.log(1 + (shape * above) / this.#scale) / shape : above / this.#scale;
  }

  /** Of the Pareto law through that mark which makes it wider. */
  get #scale(): number {
    return Math.max(this.#first / this.#unit[0], this.#second / this.#unit[1]);
  }

  learn(value: number): void {
    const { share, guess, ratio } = this.#options;
    const above = value - this.#quantile;
    // The density of an exponential tail at its quantile is share / scale.
    const step = ((above > 0 ? 1 - share : -share) * this.#scale) / share;
    this.#quantile += step / (Math.min(this.#values, VALUE_MEMORY) + guess[0]);
    this.#values++;
    if (above <= 0) return;
    const memory = Math.min(this.#peaks, PEAK_MEMORY) + guess[1];
    this.#first *= 1 + ((above > this.#first ? 1 : 0) - FIRST_SHARE) / FIRST_DENSITY / memory;
    this.#second *= 1 + ((above > this.#second ? 1 : 0) - SECOND_SHARE) / SECOND_DENSITY / memory;
    this.#second = Math.min(ratio * this.#first, Math.max(this.#second, LEAST_RATIO * this.#first));
    this.#peaks++;
  }

  save(): number[] {
    return [this.#quantile, this.#first, this.#second, this.#values, this.#peaks];
  }

  static readonly stateSize = 5;

  /** Puts back what save gave. */
  load(state: readonly number[]): void {
    const [quantile, first, second, values, peaks] = state;
    this.#quantile = quantile!;
    this.#first = first!;
    this.#second = second!;
    this.#values = values!;
    this.#peaks = peaks!;
  }
}
