import { randomBytes } from "node:crypto";
import { createWriteStream, readdirSync, rmSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import type { Writable } from "node:stream";
import type { Stack, Store } from "../../service.ts";
import type { FileOptions } from "../../storage/store-file.ts";
import type { StoredChecksum } from "./checksums.ts";
import { s3Error } from "./errors.ts";
import { compareKeys, lowerBound } from "./key-order.ts";

export interface Bucket {
  name: string;
  region: string;
  created: number;
  versioning: "Enabled" | "Suspended" | undefined;
  /** Configurations by subresource name ("lifecycle", "policy" …) as they came. */
  configurations: Record<string, string>;
}

/** One version of an object, or a delete marker (which has no file). */
export interface Version {
  bucket: string;
  key: string;
  /** "null" where the bucket wasn't versioned. */
  versionId: string;
  /** Ascending over the whole store: later is newer. */
  sequence: number;
  modified: number;
  deleteMarker: boolean;
  /** Relative to the store's folder; empty for a delete marker. */
  file: string;
  size: number;
  /** Without quotes. */
  etag: string;
  checksum: StoredChecksum | undefined;
  /** Content-Type, Cache-Control …, `x-amz-meta-*` and server-side encryption: sent back as they came. */
  headers: Record<string, string>;
  tags: Record<string, string>;
  /** Sizes of the parts of a multipart upload. */
  parts: number[] | undefined;
}

export interface Part {
  number: number;
  file: string;
  size: number;
  etag: string;
  checksum: { algorithm: StoredChecksum["algorithm"]; value: string };
  modified: number;
}

export interface Upload {
  uploadId: string;
  bucket: string;
  key: string;
  started: number;
  headers: Record<string, string>;
  tags: Record<string, string>;
  algorithm: StoredChecksum["algorithm"];
  type: StoredChecksum["type"];
  parts: Record<number, Part>;
}

/** The keys of one bucket, sorted, each with its versions, newest first. */
interface Index {
  keys: string[];
  versions: Map<string, Version[]>;
}

const NEVER: Index = { keys: [], versions: new Map() };

/** Buckets, objects and uploads: documents in durable stores, bytes in files that exist before a document names them. */
export class S3State {
  readonly folder: string;
  readonly buckets: Store<Bucket>;
  readonly uploads: Store<Upload>;
  readonly now: () => number;
  readonly #fileOptions: FileOptions;
  readonly #versions: Store<Version>;
  readonly #index = new Map<string, Index>();
  #sequence = 0;

  constructor(stack: Stack) {
    this.folder = stack.folder("s3");
    this.buckets = stack.store<Bucket>("s3-buckets");
    this.uploads = stack.store<Upload>("s3-uploads");
    this.#versions = stack.store<Version>("s3-objects");
    this.now = () => stack.now();
    this.#fileOptions = stack.fileOptions;
    for (const [, version] of this.#versions.entries()) {
      this.#enter(version);
      this.#sequence = Math.max(this.#sequence, version.sequence);
    }
    for (const { versions } of this.#index.values())
      for (const list of versions.values()) list.sort((a, b) => b.sequence - a.sequence);
    this.#sweep();
  }

  bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw s3Error("NoSuchBucket", { BucketName: name });
    return bucket;
  }

  path(entry: { file: string }): string {
    return join(this.folder, entry.file);
  }

  /** A stream into a new file; its end waits for the disk itself where the stack's writes do. */
  create(path: string): Writable {
    const { fault, fsync } = this.#fileOptions;
    const file = createWriteStream(path, { flags: "wx", flush: fsync ?? false });
    if (!fault) return file;
    const write = file._write.bind(file);
    file._write = (bytes, encoding, done) => {
      if (fault(path, bytes.length) === undefined) write(bytes, encoding, done);
      else done(Object.assign(new Error("ENOSPC: no space left on device (injected)"), { code: "ENOSPC" }));
    };
    file._writev = undefined;
    return file;
  }

  /** The path of a received file as documents hold it. */
  relative(path: string): string {
    return path.slice(this.folder.length + sep.length);
  }

  /** Sorted by UTF-8; includes keys whose newest version is a delete marker. */
  keys(bucket: string): string[] {
    return (this.#index.get(bucket) ?? NEVER).keys;
  }

  /** Newest first. */
  versions(bucket: string, key: string): Version[] {
    return (this.#index.get(bucket) ?? NEVER).versions.get(key) ?? [];
  }

  latest(bucket: string, key: string): Version | undefined {
    return this.versions(bucket, key)[0];
  }

  /** Makes a version visible; in a bucket that isn't versioned it replaces the one before. */
  add(version: Omit<Version, "versionId" | "sequence" | "modified">): Version {
    const enabled = this.bucket(version.bucket).versioning === "Enabled";
    const added: Version = {
      ...version,
      versionId: enabled ? randomBytes(24).toString("base64url") : "null",
      sequence: ++this.#sequence,
      modified: this.now(),
    };
    const replaced = enabled
      ? undefined
      : this.versions(version.bucket, version.key).find((v) => v.versionId === "null");
    this.#versions.put(documentKey(added), added);
    if (replaced) this.#leave(replaced);
    this.#enter(added);
    if (replaced) this.#unlink(replaced);
    return added;
  }

  /** A version with other tags; same place in the order. */
  replace(old: Version, changed: Version): void {
    this.#versions.put(documentKey(changed), changed);
    const list = this.versions(old.bucket, old.key);
    list[list.indexOf(old)] = changed;
  }

  remove(version: Version): void {
    this.#versions.delete(documentKey(version));
    this.#leave(version);
    this.#unlink(version);
  }

  discard(entry: { file: string }): void {
    this.#unlink(entry);
  }

  #enter(version: Version): void {
    let index = this.#index.get(version.bucket);
    if (!index) {
      index = { keys: [], versions: new Map() };
      this.#index.set(version.bucket, index);
    }
    const list = index.versions.get(version.key);
    if (list) {
      list.unshift(version);
      return;
    }
    index.versions.set(version.key, [version]);
    const last = index.keys[index.keys.length - 1];
    if (last === undefined || compareKeys(last, version.key) < 0) index.keys.push(version.key);
    else index.keys.splice(lowerBound(index.keys, version.key), 0, version.key);
  }

  #leave(version: Version): void {
    const index = this.#index.get(version.bucket)!;
    const left = index.versions.get(version.key)!.filter((v) => v !== version);
    if (left.length > 0) {
      index.versions.set(version.key, left);
      return;
    }
    index.versions.delete(version.key);
    index.keys.splice(lowerBound(index.keys, version.key), 1);
  }

  #unlink(entry: { file: string }): void {
    try {
      if (entry.file) rmSync(this.path(entry), { force: true });
    } catch {
      // No document names it any more: the next start sweeps it away.
    }
  }

  /** Removes files that no document names: what a killed process was still receiving. */
  #sweep(): void {
    const named = new Set<string>();
    for (const [, version] of this.#versions.entries()) named.add(version.file);
    for (const [, upload] of this.uploads.entries())
      for (const part of Object.values(upload.parts)) named.add(part.file);
    for (const directory of readdirSync(this.folder)) {
      if (!/^[0-9a-f]{2}$/.test(directory) || !statSync(join(this.folder, directory)).isDirectory()) continue;
      for (const file of readdirSync(join(this.folder, directory)))
        if (!named.has(join(directory, file))) rmSync(join(this.folder, directory, file));
    }
  }
}

function documentKey(version: Version): string {
  return `${version.bucket}/${version.key}\u0000${version.versionId}`;
}
