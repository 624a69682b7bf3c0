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
/** Blocks begin at cache lines. */
const ALIGNMENT = 64;

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
let end = 1024;
const released = new Map<number, number[]>();

/** A zeroed block of at least `size` bytes. All forests of a thread share one memory, so blocks are given back by `release`. */
export function allocate(size: number): number {
  const rounded = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
  const reused = released.get(rounded)?.pop();
  if (reused !== undefined) {
    new Uint8Array(kernel.memory.buffer, reused, rounded).fill(0);
    return reused;
  }
  const block = end;
  const missing = block + rounded - kernel.memory.buffer.byteLength;
  if (missing > 0) {
    kernel.memory.grow(Math.ceil(missing / PAGE));
    view.data = new DataView(kernel.memory.buffer);
    view.f32 = new Float32Array(kernel.memory.buffer);
  }
  end = block + rounded;
  return block;
}

function release(block: number, size: number): void {
  const rounded = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
  const blocks = released.get(rounded);
  if (blocks) blocks.push(block);
  else released.set(rounded, [block]);
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

  release(block: number): void {
    release(block, this.#held.get(block)!);
    this.#held.delete(block);
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
  for (const [block, size] of held) release(block, size);
  held.clear();
}

const abandoned = new FinalizationRegistry(releaseAll);
