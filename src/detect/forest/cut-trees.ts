import type { ForestOptions } from "../forest.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { checkCutTree } from "./cut-tree-check.ts";
import { readCutTrees, writeCutTrees } from "./cut-tree-state.ts";
import { aligned, Header, SLACK } from "./header.ts";
import * as at from "./kernel/layout.ts";
import { kernel, view } from "./memory.ts";
import type { Trees } from "./trees.ts";

/** Trees over points of several coordinates: kernel/cut-trees.ts describes their blocks. */
export class CutTrees implements Trees {
  readonly header: Header;
  readonly count: number;
  readonly sampleSize: number;
  readonly dimensions: number;
  #points = 0;
  #boxes = 0;

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
    header.set(at.SCRATCH, header.blocks.allocate(2 * this.pointSize + SLACK));
    header.set(at.PARTINGS, header.blocks.allocate(8 * (sampleSize + 2)));
    header.set(at.LEAVES, leaves);
    header.set(at.HEAP_WEIGHTS, weights);
    header.set(at.HEAP_LEAVES, entries);
    header.allocateTrees(aligned(entries + 2 * (sampleSize + 1)));
    header.set(at.POINT_SIZE, this.pointSize);
    kernel.treesClear(header.address);
    this.#growPoints(sampleSize + 64);
    this.#growBoxes(2 * numberOfTrees);
  }

  /** Bytes of a stored point: see kernel/cut-trees.ts. */
  get pointSize(): number {
    return this.dimensions === 2 ? 8 : aligned(4 * this.dimensions);
  }

  get bytes(): number {
    return this.header.blocks.bytes;
  }

  process(point: Float32Array, scoring: boolean, learning: boolean): number {
    this.header.setPoint(point);
    if (learning) this.reserve(1, 2 * this.count);
    return kernel.treesProcess(this.header.address, scoring, learning);
  }

  /** Sees to it that the slabs have room: a tree makes at most two boxes when it learns a point. */
  reserve(points: number, boxes: number): void {
    if (this.header.get(at.FREE_POINTS) < points) this.#growPoints(Math.ceil(this.#points * 1.1) + points);
    if (this.header.get(at.FREE_BOXES) < boxes) this.#growBoxes(Math.ceil(this.#boxes * 1.03) + boxes);
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

  #growPoints(count: number): void {
    const references = this.header.blocks.allocate(2 * count);
    this.#move(at.REFERENCES, references, 2 * this.#points);
    this.#enlarge(at.POINTS, at.FREE_POINT, this.pointSize, this.#points, count);
    this.#points = count;
  }

  #growBoxes(count: number): void {
    this.#enlarge(at.BOXES, at.FREE_BOX, 2 * this.pointSize, this.#boxes, count);
    this.#boxes = count;
  }

  /** Moves a slab to a larger block and chains the new entries before the old free ones. */
  #enlarge(slab: number, head: number, size: number, from: number, to: number): void {
    const block = this.header.blocks.allocate(size * to + SLACK);
    this.#move(slab, block, size * from);
    const next = this.header.get(head);
    for (let entry = from; entry < to; entry++) {
      view.data.setUint32(block + entry * size, entry + 1 < to ? entry + 1 : next, true);
    }
    this.header.set(head, from);
    this.header.set(head + 4, this.header.get(head + 4) + to - from);
  }

  #move(pointer: number, block: number, bytes: number): void {
    const old = this.header.get(pointer);
    if (old !== 0) {
      new Uint8Array(kernel.memory.buffer).copyWithin(block, old, old + bytes);
      this.header.blocks.release(old);
    }
    this.header.set(pointer, block);
  }
}
