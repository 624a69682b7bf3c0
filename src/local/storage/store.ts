import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { Store } from "../service.ts";
import { AppendFile, type FileOptions } from "./store-file.ts";

/** What was found wrong when a log was opened. */
export interface Damage {
  path: string;
  /** Bytes of a last record that was being written when the process died. */
  tornBytes: number;
  /** Records in the middle whose checksum is wrong: left out. */
  corrupt: number;
}

const COMPACT_FROM = 1 << 20;

/**
 * A durable map: a line a change, `<crc32> ["key",value]` or `<crc32> ["key"]` for a deletion, so that the log can be
 * read with the naked eye. It is rewritten when it has grown to four times what is live.
 */
export class LogStore<V> implements Store<V> {
  readonly #path: string;
  readonly #options: FileOptions;
  readonly #values = new Map<string, V>();
  readonly #sizes = new Map<string, number>();
  readonly damage: Damage | undefined;
  #file: AppendFile;
  #live = 0;

  constructor(path: string, options: FileOptions = {}) {
    this.#path = path;
    this.#options = options;
    const { end, damage } = this.#load();
    this.damage = damage;
    this.#file = new AppendFile(path, options, end);
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  get size(): number {
    return this.#values.size;
  }

  entries(): IterableIterator<[string, V]> {
    return this.#values.entries();
  }

  put(key: string, value: V): void {
    const bytes = line([key, value]);
    this.#file.append(bytes);
    this.#values.set(key, value);
    this.#resize(key, bytes.length);
    this.#compactIfDue();
  }

  delete(key: string): boolean {
    if (!this.#values.has(key)) return false;
    this.#file.append(line([key]));
    this.#values.delete(key);
    this.#resize(key, 0);
    this.#compactIfDue();
    return true;
  }

  close(): void {
    this.#file.close();
  }

  #resize(key: string, bytes: number): void {
    this.#live += bytes - (this.#sizes.get(key) ?? 0);
    if (bytes > 0) this.#sizes.set(key, bytes);
    else this.#sizes.delete(key);
  }

  #load(): { end: number; damage: Damage | undefined } {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return { end: 0, damage: undefined };
      throw error;
    }
    let end = 0;
    let corrupt = 0;
    let sinceEnd = 0;
    for (let at = 0; at < bytes.length; ) {
      const newline = bytes.indexOf(10, at);
      const next = newline < 0 ? bytes.length : newline + 1;
      if (newline >= 0 && this.#apply(bytes.subarray(at, newline), next - at)) {
        corrupt += sinceEnd;
        sinceEnd = 0;
        end = next;
      } else sinceEnd++;
      at = next;
    }
    const tornBytes = bytes.length - end;
    return { end, damage: tornBytes > 0 || corrupt > 0 ? { path: this.#path, tornBytes, corrupt } : undefined };
  }

  #apply(text: Buffer, size: number): boolean {
    const json = text.subarray(9);
    if (text.length < 9 || text.toString("latin1", 0, 8) !== checksum(json)) return false;
    const [key, ...value] = JSON.parse(json.toString("utf8")) as [string, V?];
    if (value.length > 0) this.#values.set(key, value[0] as V);
    else this.#values.delete(key);
    this.#resize(key, value.length > 0 ? size : 0);
    return true;
  }

  #compactIfDue(): void {
    if (this.#file.length < COMPACT_FROM || this.#file.length < 4 * this.#live) return;
    const next = `${this.#path}.new`;
    try {
      this.#options.fault?.(next, this.#live);
      const fd = openSync(next, "w");
      try {
        for (const entry of this.#values) writeAll(fd, line(entry));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(next, this.#path);
    } catch {
      // No room for the copy: the present log goes on, and the next change tries again.
      rmSync(next, { force: true });
      return;
    }
    this.#file.close();
    this.#file = new AppendFile(this.#path, this.#options);
  }
}

const checksum = (bytes: Uint8Array) => crc32(bytes).toString(16).padStart(8, "0");

function line(change: unknown[]): Buffer {
  const json = Buffer.from(JSON.stringify(change));
  return Buffer.concat([Buffer.from(`${checksum(json)} `), json, Buffer.from("\n")]);
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
}
