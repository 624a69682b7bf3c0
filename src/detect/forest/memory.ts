import { Heap, roundUp } from "./heap.ts";
import { KERNEL } from "./kernel.wasm.ts";

/** The functions that kernel/index.ts exports; a forest is the address of its header. */
interface KernelExports {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  lineClear(forest: number): void;
  lineProcess(forest: number, scoring: boolean, learning: boolean): number;
  treesClear(forest: number): void;
  treesProcess(forest: number, scoring: boolean, learning: boolean): number;
  treesAdoptPoint(forest: number): number;
  treesAdoptLeaf(forest: number, tree: number, point: number, mass: number): number;
  treesAdoptNode(forest: number, tree: number, dimension: number, cut: number, left: number, right: number): number;
}

const PAGE = 65_536;
/** Bytes that the memory grows by at most beyond need: to V8 each growth is garbage of the memory's whole size. */
const MOST_GROWTH = 16 << 20;
/** The kernel's loads may reach so far beyond a block. */
const BEYOND = 64;

/** What of the WebAssembly interface is used; the compiler's libraries declare it only with a browser's. */
const { Module, Instance } = (
  globalThis as unknown as {
    WebAssembly: { Module: new (bytes: Uint8Array) => object; Instance: new (module: object) => { exports: object } };
  }
).WebAssembly;

export const kernel = new Instance(new Module(Uint8Array.from(atob(KERNEL), (c) => c.charCodeAt(0))))
  .exports as KernelExports;

/** Views of the kernel's memory, replaced whenever it grows: read them from here each time. */
export const view = { data: new DataView(kernel.memory.buffer), f32: new Float32Array(kernel.memory.buffer) };

/** The kernel has no data of its own; the first kilobyte stays free so that reads just below a block stay in memory. */
const heap = new Heap(1024);
/** Memory beyond was never given away: it is zero. */
let used = heap.end;

/** A zeroed block of at least `size` bytes. All forests of a thread share one memory, so blocks are given back: see Blocks. */
export function allocate(size: number): number {
  const block = heap.allocate(size);
  const present = kernel.memory.buffer.byteLength;
  const missing = heap.end + BEYOND - present;
  if (missing > 0) {
    kernel.memory.grow(Math.ceil(Math.max(missing, Math.min(present / 8, MOST_GROWTH)) / PAGE));
    view.data = new DataView(kernel.memory.buffer);
    view.f32 = new Float32Array(kernel.memory.buffer);
  }
  if (block < used) new Uint8Array(kernel.memory.buffer, block, Math.min(roundUp(size), used - block)).fill(0);
  used = Math.max(used, heap.end);
  return block;
}

/** Blocks that live as long as their owner: given back when it is disposed of, or else collected. */
export class Blocks {
  readonly #held = new Map<number, number>();

  constructor(owner: object) {
    abandoned.register(owner, this.#held, this);
  }

  allocate(size: number): number {
    const block = allocate(size);
    this.#held.set(block, size);
    return block;
  }

  /** Bytes held. */
  get bytes(): number {
    let sum = 0;
    for (const size of this.#held.values()) sum += size;
    return sum;
  }

  dispose(): void {
    abandoned.unregister(this);
    releaseAll(this.#held);
  }
}

function releaseAll(held: Map<number, number>): void {
  for (const [block, size] of held) heap.release(block, size);
  held.clear();
}

const abandoned = new FinalizationRegistry(releaseAll);
