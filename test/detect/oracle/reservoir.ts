/**
 * A tree's sample: a max-heap of (weight, leaf), as in Efraimidis and Spirakis with time decay. A point seen when the
 * decay's growth factor is g gets weight e / g, e exponential; the smallest weights are the sample.
 */
export class Reservoir {
  readonly weight: Float32Array;
  readonly leaf: Uint32Array;
  size = 0;
  /** The forest's cumulative hazard at which the next point is accepted. */
  target = 0;

  constructor(sampleSize: number) {
    this.weight = new Float32Array(sampleSize);
    this.leaf = new Uint32Array(sampleSize);
  }

  push(weight: number, leaf: number): void {
    let at = this.size++;
    const w = Math.fround(weight);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (this.weight[up]! >= w) break;
      this.weight[at] = this.weight[up]!;
      this.leaf[at] = this.leaf[up]!;
      at = up;
    }
    this.weight[at] = w;
    this.leaf[at] = leaf;
  }

  /** Puts the entry in place of the heaviest; returns the leaf that this one stood for. */
  replaceHeaviest(weight: number, leaf: number): number {
    const evicted = this.leaf[0]!;
    const w = Math.fround(weight);
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.weight[child + 1]! > this.weight[child]!) child++;
      if (this.weight[child]! <= w) break;
      this.weight[at] = this.weight[child]!;
      this.leaf[at] = this.leaf[child]!;
      at = child;
    }
    this.weight[at] = w;
    this.leaf[at] = leaf;
    return evicted;
  }
}
