import * as at from "../kernel-assemblyscript/layout.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { ForestOptions } from "./forest.ts";
import { aligned, Header } from "./header.ts";
import { kernel, view } from "./memory.ts";
import type { Trees } from "./trees.ts";

const VALUES = 16;
const SENTINEL = -1;

/** One tree's arrays, read from the kernel's memory: kernel/line.ts describes them. */
interface LineTree {
  values: Float32Array;
  masses: Uint16Array;
  /** Of the gaps between the values: one fewer. */
  cuts: Float32Array;
  depths: Int16Array;
  weights: Float32Array;
  /** Value of each heap entry. */
  entries: Float32Array;
}

/** Trees over one coordinate. */
export class LineTrees implements Trees {
  readonly #header: Header;
  readonly #count: number;

  constructor(options: ForestOptions) {
    this.#count = options.numberOfTrees;
    const header = new Header(this, options);
    this.#header = header;
    const places = options.sampleSize + 16;
    const cuts = aligned(VALUES + 4 * places);
    const depths = aligned(cuts + 4 * places);
    const masses = aligned(depths + 2 * places);
    const weights = aligned(masses + 2 * places);
    const entries = aligned(weights + 4 * (options.sampleSize + 1));
    header.set(at.CUTS, cuts);
    header.set(at.DEPTHS, depths);
    header.set(at.MASSES, masses);
    header.set(at.HEAP_WEIGHTS, weights);
    header.set(at.HEAP_LEAVES, entries);
    header.allocateTrees(aligned(entries + 4 * (options.sampleSize + 1)));
    kernel.lineClear(header.address);
  }

  get bytes(): number {
    return this.#header.blocks.bytes;
  }

  process(point: Float32Array, scoring: boolean, learning: boolean): number {
    this.#header.setPoint(point);
    return kernel.lineProcess(this.#header.address, scoring, learning);
  }

  dispose(): void {
    this.#header.blocks.dispose();
  }

  /** Values once for all trees, sorted; then each tree's values as steps along them. */
  write(out: ByteWriter): void {
    this.#header.write(out);
    if (this.#header.size === 0) return;
    const trees = Array.from({ length: this.#count }, (_, t) => this.#tree(t));
    const all = Float32Array.from(new Set(trees.flatMap(({ values }) => [...values]))).sort();
    const ordinal = new Map(Array.from(all, (value, i) => [value, i]));
    out.varint(all.length);
    for (const value of all) out.f32(value);
    for (const { values, masses, cuts, depths, weights, entries } of trees) {
      const places = new Map(Array.from(values, (value, i) => [value, i]));
      out.varint(values.length);
      let before = 0;
      values.forEach((value, i) => {
        const step = ordinal.get(value)! - before;
        before += step;
        // Most values are there once: the lowest bit says that a mass follows.
        out.varint(2 * step + (masses[i]! > 1 ? 1 : 0));
        if (masses[i]! > 1) out.varint(masses[i]!);
      });
      for (const cut of cuts) out.f32(cut);
      for (const depth of depths) out.varint(depth);
      for (const weight of weights) out.f32(weight);
      for (const entry of entries) out.varint(places.get(entry)!);
    }
  }

  read(from: ByteReader): void {
    this.#header.read(from);
    const { size } = this.#header;
    if (size === 0) return;
    const all = Float32Array.from({ length: from.varint() }, () => from.f32());
    for (let t = 0; t < this.#count; t++) {
      const count = from.varint();
      const tree = this.#arrays(t, count, size);
      let place = 0;
      for (let i = 0; i < count; i++) {
        const step = from.varint();
        place += step >> 1;
        tree.values[i] = all[place]!;
        tree.masses[i] = step % 2 === 1 ? from.varint() : 1;
      }
      for (let i = 0; i < count - 1; i++) tree.cuts[i] = from.f32();
      for (let i = 0; i < count - 1; i++) tree.depths[i] = from.varint();
      for (let i = 0; i < size; i++) tree.weights[i] = from.f32();
      for (let i = 0; i < size; i++) tree.entries[i] = tree.values[from.varint()]!;
      view.data.setUint32(this.#header.tree(t), count, true);
    }
  }

  check(): void {
    for (let t = 0; t < this.#count; t++) checkTree(this.#tree(t));
  }

  #tree(t: number): LineTree {
    return this.#arrays(t, view.data.getUint32(this.#header.tree(t), true), this.#header.size);
  }

  /** Views of tree t's arrays for `count` values and `size` samples; good until the memory grows. */
  #arrays(t: number, count: number, size: number): LineTree {
    const tree = this.#header.tree(t);
    const { buffer } = kernel.memory;
    const place = (array: number): number => tree + this.#header.get(array);
    const gaps = Math.max(0, count - 1);
    return {
      values: new Float32Array(buffer, tree + VALUES, count),
      masses: new Uint16Array(buffer, place(at.MASSES), count),
      cuts: new Float32Array(buffer, place(at.CUTS) + 4, gaps),
      depths: new Int16Array(buffer, place(at.DEPTHS) + 2, gaps),
      weights: new Float32Array(buffer, place(at.HEAP_WEIGHTS), size),
      entries: new Float32Array(buffer, place(at.HEAP_LEAVES), size),
    };
  }
}

function checkTree({ values, masses, cuts, depths, weights, entries }: LineTree): void {
  const fail = (what: string): never => {
    throw new Error(`forest invariant broken: ${what}`);
  };
  for (let i = 0; i < cuts.length; i++) {
    if (!(values[i]! < values[i + 1]!)) fail("values out of order");
    if (!(values[i]! <= cuts[i]! && cuts[i]! < values[i + 1]!)) fail("cut outside its gap");
  }
  // A node's parent is the deeper of the nearest shallower gaps, and one above it.
  const open: number[] = [];
  const shallowerLeft = Array.from(depths, (depth) => {
    while (open.length > 0 && open[open.length - 1]! > depth) open.pop();
    const nearest = open[open.length - 1] ?? SENTINEL;
    open.push(depth);
    return nearest;
  });
  open.length = 0;
  for (let i = depths.length - 1; i >= 0; i--) {
    while (open.length > 0 && open[open.length - 1]! > depths[i]!) open.pop();
    const shallowerRight = open[open.length - 1] ?? SENTINEL;
    open.push(depths[i]!);
    if (depths[i] !== Math.max(shallowerLeft[i]!, shallowerRight) + 1) fail("depths are no tree");
  }
  const massOf = new Map<number, number>();
  entries.forEach((value, i) => {
    massOf.set(value, (massOf.get(value) ?? 0) + 1);
    if (i > 0 && weights[(i - 1) >> 1]! < weights[i]!) fail("heap out of order");
  });
  if (massOf.size !== values.length) fail("tree and sample differ in their values");
  values.forEach((value, i) => {
    if (massOf.get(value) !== masses[i]) fail("mass differs from the sample");
  });
}
