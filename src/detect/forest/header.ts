import * as at from "../kernel-assemblyscript/layout.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { ForestOptions } from "./forest.ts";
import { Blocks, view } from "./memory.ts";
import { exp, Random } from "./random.ts";
import { tables } from "./tables.ts";

const SIZE = 192;
/** Kernel loads are 16 bytes wide and may begin at a block's last value. */
const SLACK = 64;
export const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** A forest's header in the kernel's memory, and what all its kinds of trees have in common. */
export class Header {
  readonly address: number;
  readonly blocks: Blocks;

  /** The blocks live as long as `owner`. */
  constructor(owner: object, options: ForestOptions) {
    this.blocks = new Blocks(owner);
    this.address = this.blocks.allocate(SIZE);
    const dimensions = options.dimensions * options.shingleSize;
    this.set(at.DIMENSIONS, dimensions);
    this.set(at.TREES, options.numberOfTrees);
    this.set(at.SAMPLE_SIZE, options.sampleSize);
    this.set(at.TARGETS, this.blocks.allocate(8 * options.numberOfTrees));
    this.set(at.POINT, this.blocks.allocate(4 * dimensions + SLACK));
    const { log2, inverse } = tables(options.sampleSize);
    this.set(at.LOG2, log2);
    this.set(at.INVERSE, inverse);
    this.#setDouble(at.GROWTH, 1);
    this.#setDouble(at.GROWTH_PER_POINT, exp(options.timeDecay));
    new Random(options.seed).state.forEach((word, i) => {
      this.set(at.RANDOM + 4 * i, word);
    });
  }

  get(offset: number): number {
    return view.data.getUint32(this.address + offset, true);
  }

  set(offset: number, value: number): void {
    view.data.setUint32(this.address + offset, value, true);
  }

  /** Samples that each tree holds. */
  get size(): number {
    return this.get(at.SIZE);
  }

  setPoint(point: Float32Array): void {
    view.f32.set(point, this.get(at.POINT) >> 2);
  }

  allocateTrees(stride: number): void {
    this.set(at.TREE_STRIDE, stride);
    this.set(at.TREE_BLOCKS, this.blocks.allocate(stride * this.get(at.TREES) + SLACK));
  }

  /** Address of tree t's block. */
  tree(t: number): number {
    return this.get(at.TREE_BLOCKS) + t * this.get(at.TREE_STRIDE);
  }

  /** Random numbers, time and the trees' next acceptances. */
  write(out: ByteWriter): void {
    out.varint(this.size);
    for (let i = 0; i < 4; i++) out.u32(this.get(at.RANDOM + 4 * i));
    out.f64(this.#double(at.GROWTH));
    out.f64(this.#double(at.HAZARD));
    if (this.size < this.get(at.SAMPLE_SIZE)) return;
    const targets = this.get(at.TARGETS);
    for (let t = 0; t < this.get(at.TREES); t++) out.f64(view.data.getFloat64(targets + 8 * t, true));
  }

  read(from: ByteReader): void {
    this.set(at.SIZE, from.varint());
    for (let i = 0; i < 4; i++) this.set(at.RANDOM + 4 * i, from.u32());
    this.#setDouble(at.GROWTH, from.f64());
    this.#setDouble(at.HAZARD, from.f64());
    if (this.size < this.get(at.SAMPLE_SIZE)) return;
    const targets = this.get(at.TARGETS);
    for (let t = 0; t < this.get(at.TREES); t++) view.data.setFloat64(targets + 8 * t, from.f64(), true);
  }

  #double(offset: number): number {
    return view.data.getFloat64(this.address + offset, true);
  }

  #setDouble(offset: number, value: number): void {
    view.data.setFloat64(this.address + offset, value, true);
  }
}
