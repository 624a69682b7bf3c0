import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Checkpoints lie in `<folder>/<job>/chk-<n>`; a whole one has its `_metadata`, written last. */
export function latestCheckpoint(folder: string): string | undefined {
  const whole = jobs(folder)
    .flatMap((job) => readdirSync(job).map((name) => join(job, name)))
    .filter((path) => /[/\\]chk-\d+$/.test(path) && existsSync(join(path, "_metadata")))
    .map((path) => ({ path, at: statSync(join(path, "_metadata")).mtimeMs }));
  return whole.sort((a, b) => b.at - a.at)[0]?.path;
}

/** Removes the checkpoints of all runs but that of `checkpoint`, on which a run may still lean; of all without it. */
export function pruneCheckpoints(folder: string, checkpoint?: string): void {
  const keep = checkpoint && dirname(checkpoint);
  for (const job of jobs(folder)) if (job !== keep) rmSync(job, { recursive: true, force: true });
}

function jobs(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/** Size of all files in a folder. */
export function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
