import type { Reservoir } from "./reservoir.ts";
import type { Tree } from "./tree.ts";

/** Little-endian bytes, growing as needed. */
export class ByteWriter {
  #view = new DataView(new ArrayBuffer(1 << 16));
  #at = 0;

  #reserve(count: number): number {
    const at = this.#at;
    this.#at += count;
    if (this.#at > this.#view.byteLength) {
      const larger = new Uint8Array(2 * this.#at);
      larger.set(new Uint8Array(this.#view.buffer, 0, at));
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  u8(n: number): void {
    const at = this.#reserve(1);
    this.#view.setUint8(at, n);
  }
  u16(n: number): void {
    const at = this.#reserve(2);
    this.#view.setUint16(at, n, true);
  }
  u32(n: number): void {
    const at = this.#reserve(4);
    this.#view.setUint32(at, n, true);
  }
  f32(n: number): void {
    const at = this.#reserve(4);
    this.#view.setFloat32(at, n, true);
  }
  f64(n: number): void {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, n, true);
  }
  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.#at).slice();
  }
}

/** Reads what ByteWriter wrote; a RangeError if the bytes end early. */
export class ByteReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  u8(): number {
    return this.#view.getUint8(this.#at++);
  }
  u16(): number {
    this.#at += 2;
    return this.#view.getUint16(this.#at - 2, true);
  }
  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }
  f32(): number {
    this.#at += 4;
    return this.#view.getFloat32(this.#at - 4, true);
  }
  f64(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }
}

const LEAF = 0xffff;

/** Nodes in depth-first order, leaves numbered as they come; then the heap as it stands. Boxes follow from the leaves. */
export function writeTree(out: ByteWriter, tree: Tree, sample: Reservoir): void {
  out.u16(sample.size);
  out.f64(sample.target);
  if (sample.size === 0) return;
  const ordinal = new Map<number, number>();
  const stack = [tree.root];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (node < tree.capacity) {
      out.u16(tree.cutDimension[node]!);
      out.f32(tree.cut[node]!);
      stack.push(tree.right[node]!, tree.left[node]!);
    } else {
      const slot = node - tree.capacity;
      ordinal.set(node, ordinal.size);
      out.u16(LEAF);
      out.u16(tree.mass[slot]!);
      for (let d = 0; d < tree.dimensions; d++) out.f32(tree.points[slot * tree.dimensions + d]!);
    }
  }
  for (let i = 0; i < sample.size; i++) {
    out.f32(sample.weight[i]!);
    out.u16(ordinal.get(sample.leaf[i]!)!);
  }
}

export function readTree(from: ByteReader, tree: Tree, sample: Reservoir): void {
  sample.size = from.u16();
  sample.target = from.f64();
  if (sample.size === 0) return;
  const leaves: number[] = [];
  const point = new Float32Array(tree.dimensions);
  // Nodes whose children are still being read; a tree can be as deep as it has leaves, so no recursion.
  const open: { dimension: number; cut: number; left: number }[] = [];
  for (;;) {
    const dimension = from.u16();
    if (dimension !== LEAF) {
      open.push({ dimension, cut: from.f32(), left: -1 });
      continue;
    }
    const mass = from.u16();
    for (let d = 0; d < point.length; d++) point[d] = from.f32();
    let done = tree.adoptLeaf(point, mass);
    leaves.push(done);
    while (open.length > 0 && open[open.length - 1]!.left !== -1) {
      const node = open.pop()!;
      done = tree.adoptNode(node.dimension, node.cut, node.left, done);
    }
    if (open.length === 0) {
      tree.root = done;
      break;
    }
    open[open.length - 1]!.left = done;
  }
  for (let i = 0; i < sample.size; i++) {
    sample.weight[i] = from.f32();
    sample.leaf[i] = leaves[from.u16()]!;
  }
}
