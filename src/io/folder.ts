import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { WindopsError } from "./errors/errors.ts";

/**
 * Makes a folder of windops' own state, with those above it, where it isn't there. Throws `WindopsError` E_FOLDER where that can't be done or
 * the folder can't be written to.
 */
export function makeFolder(path: string, mode?: number): void {
  try {
    make(resolve(path), mode);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unwritable(path, cause as Error);
  }
}

export function unwritable(path: string, cause: Error): WindopsError {
  return new WindopsError("E_FOLDER", `Cannot write to the folder ${path}: ${cause.message}.`, {
    hint: "Pass a folder that you may write to as --state-dir, or in WINDOPS_STATE_DIR.",
    cause,
  });
}

/** Not `mkdirSync`'s own `recursive`: where a file system answers a new name with ENOENT, as /proc does, it tries for ever. */
function make(path: string, mode?: number): void {
  if (isFolder(path)) return;
  if (dirname(path) !== path) make(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process made it meanwhile.
    if (!isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
