import type { Random } from "../../../src/detect/forest/random.ts";

const NONE = -1;

/**
 * One random cut tree over f32 points. Node ids: internal nodes 0..capacity-1, leaf k is capacity + k.
 * Arithmetic on coordinates is in single precision, summed in four lanes as a SIMD unit does it.
 */
export class Tree {
  readonly dimensions: number;
  readonly capacity: number;
  root = NONE;
  readonly cut: Float32Array;
  readonly cutDimension: Uint16Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly parent: Int32Array;
  readonly mass: Uint32Array;
  /** Of leaf k: its point, from k × dimensions. */
  readonly points: Float32Array;
  /** Of internal node i: lowest and highest corner. */
  readonly low: Float32Array;
  readonly high: Float32Array;
  readonly #freeNodes: number[] = [];
  readonly #freeLeaves: number[] = [];
  #out = 0;
  #range = 0;
  /** Depth of the leaf that the last `descend` ended in. */
  depth = 0;

  constructor(dimensions: number, sampleSize: number) {
    const capacity = sampleSize + 1;
    this.dimensions = dimensions;
    this.capacity = capacity;
    this.cut = new Float32Array(capacity);
    this.cutDimension = new Uint16Array(capacity);
    this.left = new Int32Array(capacity);
    this.right = new Int32Array(capacity);
    this.parent = new Int32Array(2 * capacity).fill(NONE);
    this.mass = new Uint32Array(capacity);
    this.points = new Float32Array(capacity * dimensions);
    this.low = new Float32Array(capacity * dimensions);
    this.high = new Float32Array(capacity * dimensions);
    for (let i = capacity - 1; i >= 0; i--) {
      this.#freeNodes.push(i);
      this.#freeLeaves.push(i);
    }
  }

  descend(point: Float32Array): number {
    let node = this.root;
    let depth = 0;
    while (node < this.capacity) {
      node = point[this.cutDimension[node]!]! <= this.cut[node]! ? this.left[node]! : this.right[node]!;
      depth++;
    }
    this.depth = depth;
    return node;
  }

  /** Score before normalisation, as AWS's AnomalyScoreVisitor computes it from the leaf upwards. */
  score(point: Float32Array, treeMass: number, log2Of: Float64Array): number {
    const leaf = this.descend(point);
    let depth = this.depth;
    if (this.#equals(leaf, point)) {
      const mass = this.mass[leaf - this.capacity]!;
      return (1 - mass / (2 * treeMass)) / (depth + log2Of[mass + 1]!);
    }
    let score = 1 / (depth + 1);
    for (let node = this.parent[leaf]!; node !== NONE; node = this.parent[node]!) {
      depth--;
      this.#measure(node, point);
      if (this.#out === 0) break;
      const p = this.#out / (this.#out + this.#range);
      score = p * (1 / (depth + 1)) + (1 - p) * score;
    }
    return score;
  }

  /** Adds the point; returns the leaf that holds it. */
  insert(point: Float32Array, random: Random): number {
    if (this.root === NONE) {
      this.root = this.#newLeaf(point);
      return this.root;
    }
    const leaf = this.descend(point);
    if (this.#equals(leaf, point)) {
      this.mass[leaf - this.capacity]!++;
      return leaf;
    }
    let below = leaf;
    for (let node = this.parent[leaf]!; node !== NONE; node = this.parent[node]!) {
      this.#measure(node, point);
      if (this.#out === 0) break;
      if (random.uniform() < this.#out / (this.#out + this.#range)) below = node;
    }
    const added = this.#newLeaf(point);
    const node = this.#freeNodes.pop()!;
    const above = this.parent[below]!;
    const toLeft = this.#chooseCut(node, below, point, random);
    this.left[node] = toLeft ? added : below;
    this.right[node] = toLeft ? below : added;
    this.parent[node] = above;
    this.parent[added] = node;
    this.parent[below] = node;
    if (above === NONE) this.root = node;
    else this.#replaceChild(above, below, node);
    this.#rebuildBox(node);
    for (let up = above; up !== NONE && this.#growBox(up, point); ) up = this.parent[up]!;
    return added;
  }

  /** Takes one occurrence of the leaf's point out of the tree. */
  remove(leaf: number): void {
    const slot = leaf - this.capacity;
    this.mass[slot]!--;
    if (this.mass[slot]! > 0) return;
    this.#freeLeaves.push(slot);
    const node = this.parent[leaf]!;
    if (node === NONE) {
      this.root = NONE;
      return;
    }
    const sibling = this.left[node] === leaf ? this.right[node]! : this.left[node]!;
    const above = this.parent[node]!;
    this.parent[sibling] = above;
    this.#freeNodes.push(node);
    if (above === NONE) this.root = sibling;
    else this.#replaceChild(above, node, sibling);
    for (let up = above; up !== NONE && this.#rebuildBox(up); ) up = this.parent[up]!;
  }

  #newLeaf(point: Float32Array): number {
    const slot = this.#freeLeaves.pop()!;
    this.points.set(point, slot * this.dimensions);
    this.mass[slot] = 1;
    this.parent[slot + this.capacity] = NONE;
    return slot + this.capacity;
  }

  #equals(leaf: number, point: Float32Array): boolean {
    const base = (leaf - this.capacity) * this.dimensions;
    for (let d = 0; d < this.dimensions; d++) if (this.points[base + d] !== point[d]) return false;
    return true;
  }

  #replaceChild(node: number, from: number, to: number): void {
    if (this.left[node] === from) this.left[node] = to;
    else this.right[node] = to;
  }

  #lowest(node: number, d: number): number {
    return node < this.capacity
      ? this.low[node * this.dimensions + d]!
      : this.points[(node - this.capacity) * this.dimensions + d]!;
  }

  #highest(node: number, d: number): number {
    return node < this.capacity
      ? this.high[node * this.dimensions + d]!
      : this.points[(node - this.capacity) * this.dimensions + d]!;
  }

  /** Leaves in #out how far the point lies outside the node's box, and in #range the box's side lengths' sum. */
  #measure(node: number, point: Float32Array): void {
    const out = [0, 0, 0, 0];
    const range = [0, 0, 0, 0];
    const base = node * this.dimensions;
    for (let d = 0; d < this.dimensions; d++) {
      const low = this.low[base + d]!;
      const high = this.high[base + d]!;
      const lane = d & 3;
      out[lane] = Math.fround(out[lane]! + Math.fround(Math.max(low - point[d]!, point[d]! - high, 0)));
      range[lane] = Math.fround(range[lane]! + Math.fround(high - low));
    }
    this.#out = acrossLanes(out);
    this.#range = acrossLanes(range);
  }

  /** A cut uniform over the gaps between `below` and the point; true if the point comes left of it. */
  #chooseCut(node: number, below: number, point: Float32Array, random: Random): boolean {
    let total = 0;
    for (let d = 0; d < this.dimensions; d++) total += this.#gap(below, d, point);
    let rest = random.uniform() * total;
    let dimension = 0;
    for (let d = 0; d < this.dimensions; d++) {
      const gap = this.#gap(below, d, point);
      if (gap === 0) continue;
      dimension = d;
      if (rest < gap) break;
      rest -= gap;
    }
    const value = point[dimension]!;
    const toLeft = value < this.#lowest(below, dimension);
    const from = toLeft ? value : this.#highest(below, dimension);
    const to = toLeft ? this.#lowest(below, dimension) : value;
    const cut = Math.fround(from + rest);
    this.cut[node] = cut < to ? cut : from;
    this.cutDimension[node] = dimension;
    return toLeft;
  }

  #gap(below: number, d: number, point: Float32Array): number {
    return Math.fround(Math.max(this.#lowest(below, d) - point[d]!, point[d]! - this.#highest(below, d), 0));
  }

  #growBox(node: number, point: Float32Array): boolean {
    const base = node * this.dimensions;
    let changed = false;
    for (let d = 0; d < this.dimensions; d++) {
      if (point[d]! < this.low[base + d]!) {
        this.low[base + d] = point[d]!;
        changed = true;
      }
      if (point[d]! > this.high[base + d]!) {
        this.high[base + d] = point[d]!;
        changed = true;
      }
    }
    return changed;
  }

  #rebuildBox(node: number): boolean {
    const base = node * this.dimensions;
    const a = this.left[node]!;
    const b = this.right[node]!;
    let changed = false;
    for (let d = 0; d < this.dimensions; d++) {
      const low = Math.min(this.#lowest(a, d), this.#lowest(b, d));
      const high = Math.max(this.#highest(a, d), this.#highest(b, d));
      if (low !== this.low[base + d] || high !== this.high[base + d]) changed = true;
      this.low[base + d] = low;
      this.high[base + d] = high;
    }
    return changed;
  }
}

function acrossLanes(lanes: number[]): number {
  return Math.fround(Math.fround(lanes[0]! + lanes[2]!) + Math.fround(lanes[1]! + lanes[3]!));
}
