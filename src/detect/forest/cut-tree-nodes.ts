import * as at from "../kernel-assemblyscript/layout.ts";
import type { CutTrees } from "./cut-trees.ts";
import { kernel, view } from "./memory.ts";

export const NONE = 0xffff;
export const NO_BOX = 0;

/** One tree's nodes in the kernel's memory: kernel/cut-tree-nodes.ts describes the block. */
export class CutTreeNodes {
  readonly #trees: CutTrees;
  readonly address: number;
  readonly #leaves: number;

  constructor(trees: CutTrees, t: number) {
    this.#trees = trees;
    this.address = trees.header.tree(t);
    this.#leaves = this.address + trees.header.get(at.LEAVES);
  }

  isLeaf(id: number): boolean {
    return id > this.#trees.sampleSize;
  }

  get root(): number {
    return view.data.getUint32(this.address, true);
  }
  set root(id: number) {
    view.data.setUint32(this.address, id, true);
  }

  cut(id: number): number {
    return view.data.getFloat32(this.#node(id), true);
  }
  left(id: number): number {
    return view.data.getUint16(this.#node(id) + 4, true);
  }
  right(id: number): number {
    return view.data.getUint16(this.#node(id) + 6, true);
  }
  dimension(id: number): number {
    return view.data.getUint16(this.#node(id) + 8, true);
  }
  /** Address of the node's box, or NO_BOX. */
  box(id: number): number {
    return view.data.getUint32(this.#node(id) + 12, true);
  }
  parent(id: number): number {
    return view.data.getUint16(this.isLeaf(id) ? this.#leaf(id) + 6 : this.#node(id) + 10, true);
  }
  /** Address of the leaf's point. */
  point(id: number): number {
    return view.data.getUint32(this.#leaf(id), true);
  }
  mass(id: number): number {
    return view.data.getUint16(this.#leaf(id) + 4, true);
  }

  /** The sample as a heap: views that are good until the memory grows. */
  heap(): { weights: Float32Array; leaves: Uint16Array } {
    const { header } = this.#trees;
    const { buffer } = kernel.memory;
    return {
      weights: new Float32Array(buffer, this.address + header.get(at.HEAP_WEIGHTS), header.size),
      leaves: new Uint16Array(buffer, this.address + header.get(at.HEAP_LEAVES), header.size),
    };
  }

  /** Node ids, each before its children, the left child's before the right one's. */
  *walk(): Generator<number> {
    const stack = [this.root];
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      yield id;
      if (!this.isLeaf(id)) stack.push(this.right(id), this.left(id));
    }
  }

  /** A copy of the `count` coordinates at an address. */
  static coordinates(address: number, count: number): Float32Array {
    return new Float32Array(kernel.memory.buffer.slice(address, address + 4 * count));
  }

  #node(id: number): number {
    return this.address + 16 + 16 * id;
  }

  #leaf(id: number): number {
    return this.#leaves + 8 * (id - this.#trees.sampleSize - 1);
  }
}
