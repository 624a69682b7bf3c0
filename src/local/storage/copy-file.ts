import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { writeRefused } from "./store-file.ts";

/**
 * Copies a file by way of `part`, on the same file system: the copy is there whole or not at all. Throws `AwsError` (500,
 * which clients retry) when the disk refuses.
 */
export async function copyWhole(from: string, to: string, part = `${to}.part`): Promise<void> {
  try {
    for (const path of [part, to]) await mkdir(dirname(path), { recursive: true });
    await copyFile(from, part);
    await rename(part, to);
  } catch (error) {
    // It would lie there for ever, on a disk that may be full.
    await rm(part, { force: true });
    throw writeRefused(error);
  }
}
