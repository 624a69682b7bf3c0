import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { AwsError } from "../errors.ts";

/**
 * Called before each write with the bytes to come. Tests throw from it, or return how many bytes still reach the disk
 * before the write fails as on a full one.
 */
export type WriteFault = (path: string, bytes: number) => number | undefined;

export interface FileOptions {
  /** Each append reaches the disk itself, so that it survives a power cut and not just a killed process. */
  fsync?: boolean;
  fault?: WriteFault;
}

/**
 * A file that only grows: an append is there whole, in the operating system's hands, or not at all. What a failed
 * write left behind is cut off at once; while that fails too, every further append is refused.
 */
export class AppendFile {
  readonly path: string;
  readonly #options: FileOptions;
  #fd: number | undefined;
  #length: number;
  #torn = false;

  /** Opens or makes the file; appends go to `length` (its present end if not said), and what is after is cut off. */
  constructor(path: string, options: FileOptions, length?: number) {
    this.path = path;
    this.#options = options;
    this.#fd = openSync(path, "a+");
    const present = fstatSync(this.#fd).size;
    this.#length = length ?? present;
    if (present > this.#length) ftruncateSync(this.#fd, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  get fd(): number {
    if (this.#fd === undefined) throw new Error(`${this.path} is closed`);
    return this.#fd;
  }

  /** Throws `AwsError` (500, which clients retry) when the disk refuses; the file is then as before. */
  append(bytes: Uint8Array): void {
    const fd = this.fd;
    try {
      if (this.#torn) this.#cut(fd);
      const room = this.#options.fault?.(this.path, bytes.length);
      if (room !== undefined) {
        if (room > 0) writeSync(fd, bytes, 0, Math.min(room, bytes.length));
        throw Object.assign(new Error("ENOSPC: no space left on device (injected)"), { code: "ENOSPC" });
      }
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
      if (this.#options.fsync) fdatasyncSync(fd);
      this.#length += bytes.length;
    } catch (error) {
      this.#torn = true;
      try {
        this.#cut(fd);
      } catch {
        // Stays torn: cut off before the next append.
      }
      throw writeRefused(error);
    }
  }

  #cut(fd: number): void {
    ftruncateSync(fd, this.#length);
    this.#torn = false;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** A failed write as clients see it. */
export function writeRefused(error: unknown): AwsError {
  return new AwsError("InternalFailure", `The embedded stack could not write: ${(error as Error).message}`, 500);
}
