import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ShardPosition } from "../../../kinesis/stream-reader.ts";
import type { SavedTurbine } from "./turbines.ts";

/** What a job is: where it has read to, with what it had learnt by then. */
export interface JobState {
  /** Of the input stream: positions mean nothing in a later one of the same name. */
  streamCreatedAt: number;
  /** Where shards without a position begin, epoch milliseconds; undefined for TRIM_HORIZON. */
  startAt: number | undefined;
  positions: Record<string, ShardPosition>;
}

interface Footer extends JobState {
  turbines: { id: string; lastSeen: number; warmup: number; offset: number; length: number }[];
}

/**
 * A checkpoint file: "WINDOPS1", the turbines' states one after another, the footer as JSON, its length (4 bytes, little
 * endian) and the SHA-256 of all before. Half-written or damaged ones are told by the hash.
 */
const MAGIC = Buffer.from("WINDOPS1");
const TAIL = 36;

export class CheckpointWriter {
  #path: string;
  #file: FileHandle;
  #hash = createHash("sha256").update(MAGIC);
  #offset = MAGIC.length;
  #turbines: Footer["turbines"] = [];
  #writing: Promise<unknown>;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
    this.#writing = file.writeFile(MAGIC);
    // Thrown where it is waited for: at the end.
    this.#writing.catch(() => {});
  }

  static async create(path: string): Promise<CheckpointWriter> {
    await mkdir(dirname(path), { recursive: true });
    return new CheckpointWriter(path, await open(`${path}.part`, "w"));
  }

  add({ id, lastSeen, warmup, state }: SavedTurbine): void {
    this.#turbines.push({ id, lastSeen, warmup, offset: this.#offset, length: state.length });
    this.#append(state);
  }

  #append(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#offset += bytes.length;
    this.#writing = this.#writing.then(() => this.#file.writeFile(bytes));
    this.#writing.catch(() => {});
  }

  /** Writes the rest; the file is there whole, or not at all. Answers its bytes. */
  async commit(state: JobState): Promise<number> {
    const footer = Buffer.from(JSON.stringify({ ...state, turbines: this.#turbines } satisfies Footer));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    this.#append(footer);
    this.#append(length);
    const digest = this.#hash.digest();
    await this.#writing;
    await this.#file.writeFile(digest);
    await this.#file.sync();
    await this.#file.close();
    await rename(`${this.#path}.part`, this.#path);
    return this.#offset + digest.length;
  }

  /** Leaves nothing of it on disk. */
  async abandon(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#file.close().catch(() => {});
    await rm(`${this.#path}.part`, { force: true });
  }
}

/** Reads a checkpoint. Throws an Error that says what is wrong with the file. */
export async function readCheckpoint(path: string): Promise<{ state: JobState; turbines: SavedTurbine[] }> {
  const bytes = await readFile(path);
  const end = bytes.length - 32;
  if (end < MAGIC.length + 4 || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new Error(`${path} is no checkpoint`);
  const digest = createHash("sha256").update(bytes.subarray(0, end)).digest();
  if (!digest.equals(bytes.subarray(end))) throw new Error(`the checkpoint ${path} is damaged`);
  const footerLength = bytes.readUInt32LE(end - 4);
  const footer: Footer = JSON.parse(bytes.toString("utf8", bytes.length - TAIL - footerLength, bytes.length - TAIL));
  const { turbines, ...state } = footer;
  return {
    state,
    turbines: turbines.map(({ id, lastSeen, warmup, offset, length }) => {
      // Aligned and its own: a view would keep the whole file in memory.
      return { id, lastSeen, warmup, state: new Uint8Array(bytes.subarray(offset, offset + length)) };
    }),
  };
}

const NAME = /^checkpoint-(\d{8})$/;

/** Ids of the whole checkpoints in a folder, newest first. */
export async function checkpointIds(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  return names
    .flatMap((name) => Number(NAME.exec(name)?.[1] ?? Number.NaN))
    .filter((id) => !Number.isNaN(id))
    .sort((a, b) => b - a);
}

export const checkpointPath = (folder: string, id: number): string =>
  join(folder, `checkpoint-${String(id).padStart(8, "0")}`);
