import * as at from "../kernel-assemblyscript/layout.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { checkCutTree } from "./cut-tree-check.ts";
import { readCutTrees, writeCutTrees } from "./cut-tree-state.ts";
import type { ForestOptions } from "./forest.ts";
import { aligned, Header } from "./header.ts";
import { kernel } from "./memory.ts";
import { Slab } from "./slab.ts";
import type { Trees } from "./trees.ts";

/** Trees over points of several coordinates: kernel/cut-tree-nodes.ts describes their blocks. */
export class CutTrees implements Trees {
  readonly header: Header;
  readonly count: number;
  readonly sampleSize: number;
  readonly dimensions: number;
  readonly #points: Slab;
  readonly #boxes: Slab;

  constructor(options: ForestOptions) {
    const { numberOfTrees, sampleSize } = options;
    this.count = numberOfTrees;
    this.sampleSize = sampleSize;
    this.dimensions = options.dimensions * options.shingleSize;
    const header = new Header(this, options);
    this.header = header;
    const leaves = 16 + 16 * (sampleSize + 1);
    const weights = aligned(leaves + 8 * (sampleSize + 1));
    const entries = aligned(weights + 4 * (sampleSize + 1));
    const pointSize = 4 * this.dimensions;
    header.set(at.SCRATCH, header.blocks.allocate(2 * pointSize));
    header.set(at.PARTINGS, header.blocks.allocate(8 * (sampleSize + 2)));
    header.set(at.LEAVES, leaves);
    header.set(at.HEAP_WEIGHTS, weights);
    header.set(at.HEAP_LEAVES, entries);
    header.allocateTrees(aligned(entries + 2 * (sampleSize + 1)));
    for (let lane = 0; lane < 4; lane++) {
      header.set(at.TAIL_MASK + 4 * lane, lane <= (this.dimensions - 1) % 4 ? 0xffff_ffff : 0);
    }
    kernel.treesClear(header.address);
    this.#points = new Slab(header, at.FREE_POINT, pointSize + 2);
    this.#boxes = new Slab(header, at.FREE_BOX, 2 * pointSize);
  }

  get bytes(): number {
    return this.header.blocks.bytes;
  }

  process(point: Float32Array, scoring: boolean, learning: boolean): number {
    this.header.setPoint(point);
    if (learning) this.reserve(1, this.count);
    return kernel.treesProcess(this.header.address, scoring, learning);
  }

  /** Sees to it that the slabs have room: a tree makes at most one box when it learns a point. */
  reserve(points: number, boxes: number): void {
    this.#points.reserve(points);
    this.#boxes.reserve(boxes);
  }

  dispose(): void {
    this.header.blocks.dispose();
  }

  write(out: ByteWriter): void {
    this.header.write(out);
    if (this.header.size > 0) writeCutTrees(this, out);
  }

  read(from: ByteReader): void {
    this.header.read(from);
    if (this.header.size > 0) readCutTrees(this, from);
  }

  check(): void {
    if (this.header.size === 0) return;
    for (let t = 0; t < this.count; t++) checkCutTree(this, t);
  }
}
