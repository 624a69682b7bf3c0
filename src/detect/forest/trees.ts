import type { ByteReader, ByteWriter } from "./bytes.ts";

/** What a forest asks of its trees; the kinds differ in how they are laid out. */
export interface Trees {
  /** Scores the point if asked (0 while the trees are empty), then learns it if asked. */
  process(point: Float32Array, scoring: boolean, learning: boolean): number;
  /** Bytes of the kernel's memory held. */
  readonly bytes: number;
  write(out: ByteWriter): void;
  /** Takes over a written state; only for new trees of the same options. */
  read(from: ByteReader): void;
  /** Throws unless every tree is one that its sample could have grown. */
  check(): void;
  /** Gives the memory back now rather than when the trees are collected. */
  dispose(): void;
}
