import type { Header } from "./header.ts";
import { view } from "./memory.ts";

/**
 * Bytes that a slab grows by. They are the same for every forest: blocks of a forest's own sizes, each a little larger than the
 * one that it grew out of, would be of use to nobody else once left, and many forests that grow together would leave several
 * times what they hold.
 */
const BLOCK = 4096;

/** Entries of one size that a forest's trees share: kernel/slab.ts takes and gives them. */
export class Slab {
  readonly #header: Header;
  readonly #head: number;
  readonly #size: number;

  /** `head` is where in the header the chain of free entries begins. */
  constructor(header: Header, head: number, size: number) {
    this.#header = header;
    this.#head = head;
    this.#size = size;
  }

  /** Sees to it that so many entries can be taken. */
  reserve(entries: number): void {
    while (this.#header.get(this.#head + 4) < entries) this.#grow();
  }

  #grow(): void {
    const count = Math.max(1, Math.floor(BLOCK / this.#size));
    const block = this.#header.blocks.allocate(Math.max(BLOCK, count * this.#size));
    let next = this.#header.get(this.#head);
    for (let i = count - 1; i >= 0; i--) {
      const entry = block + i * this.#size;
      view.data.setUint32(entry, next, true);
      next = entry;
    }
    this.#header.set(this.#head, next);
    this.#header.set(this.#head + 4, this.#header.get(this.#head + 4) + count);
  }
}
