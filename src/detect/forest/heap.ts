/** Blocks begin and end at cache lines. */
const ALIGNMENT = 64;
/** Blocks of a class that are looked at for one that fits; a larger class's first one always does. */
const TRIES = 16;

export const roundUp = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT;
const classOf = (size: number): number => 31 - Math.clz32(size);

/**
 * Which blocks of a growing memory are taken. Free neighbours become one block, because forests that warm up together
 * give back sizes that none of them ever asks for again.
 */
export class Heap {
  /** Everything from here on is free. */
  #end: number;
  readonly #sizes = new Map<number, number>();
  /** Free blocks by where they end. */
  readonly #before = new Map<number, number>();
  /** Free blocks by the power of two that their size reaches. */
  readonly #classes: Set<number>[] = Array.from({ length: 32 }, () => new Set());

  /** `start`: the first address to give away. */
  constructor(start: number) {
    this.#end = roundUp(start);
  }

  /** Where the last block ends: the memory has to reach so far. */
  get end(): number {
    return this.#end;
  }

  /** The address of at least `size` bytes. */
  allocate(size: number): number {
    const wanted = roundUp(size);
    const block = this.#fitting(wanted);
    if (block === undefined) {
      this.#end += wanted;
      return this.#end - wanted;
    }
    const rest = this.#take(block) - wanted;
    if (rest > 0) this.#put(block + wanted, rest);
    return block;
  }

  /** Gives back what `allocate(size)` gave. */
  release(block: number, size: number): void {
    let [from, to] = [block, block + roundUp(size)];
    const before = this.#before.get(from);
    if (before !== undefined) {
      this.#take(before);
      from = before;
    }
    if (this.#sizes.has(to)) to += this.#take(to);
    if (to === this.#end) this.#end = from;
    else this.#put(from, to - from);
  }

  #fitting(wanted: number): number | undefined {
    let tries = TRIES;
    for (const block of this.#classes[classOf(wanted)]!) {
      if (this.#sizes.get(block)! >= wanted) return block;
      if (--tries === 0) break;
    }
    for (let larger = classOf(wanted) + 1; larger < 32; larger++) {
      for (const block of this.#classes[larger]!) return block;
    }
    return undefined;
  }

  #put(block: number, size: number): void {
    this.#sizes.set(block, size);
    this.#before.set(block + size, block);
    this.#classes[classOf(size)]!.add(block);
  }

  /** Takes a free block off the free ones; gives its size. */
  #take(block: number): number {
    const size = this.#sizes.get(block)!;
    this.#sizes.delete(block);
    this.#before.delete(block + size);
    this.#classes[classOf(size)]!.delete(block);
    return size;
  }
}
