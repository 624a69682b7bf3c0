import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { WindopsError } from "../../io/errors/errors.ts";
import { makeFolder } from "../../io/folder.ts";

/** What a running stack leaves in its state folder, so that the next command finds it. */
export interface StackState {
  pid: number;
  port: number;
  /** Names this run of the stack: a health answer with another one is somebody else's. */
  instance: string;
  /** Allows `local down`; the file is readable by its owner only. */
  token: string;
  startedAt: string;
}

/** The state folder: `$WINDOPS_STATE_DIR`, else the platform's place for a program's state. */
export function stateFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  if (env.WINDOPS_STATE_DIR) return resolve(env.WINDOPS_STATE_DIR);
  const home = env.HOME || env.USERPROFILE || homedir();
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, "windops");
  if (platform === "darwin") return join(home, "Library", "Application Support", "windops");
  if (platform === "win32") return join(env.LOCALAPPDATA || join(home, "AppData", "Local"), "windops");
  return join(home, ".local", "state", "windops");
}

const stateFile = (folder: string) => join(folder, "stack.json");

/** The last stack that ran on this folder, whether or not it still does. */
export function readState(folder: string): StackState | undefined {
  try {
    const state = JSON.parse(readFileSync(stateFile(folder), "utf8"));
    return typeof state?.port === "number" && typeof state.instance === "string" ? state : undefined;
  } catch {
    return undefined;
  }
}

export function writeState(folder: string, state: StackState): void {
  const next = `${stateFile(folder)}.new`;
  rmSync(next, { force: true });
  writeFileSync(next, JSON.stringify(state), { mode: 0o600 });
  renameSync(next, stateFile(folder));
}

const heldHere = new Set<string>();

/**
 * Keeps a second process from opening the same data. The lock is the kernel's (LevelDB's LOCK file), so that a killed
 * holder's is gone with it. Throws `E_STACK_RUNNING` when another process has it, E_FOLDER.
 */
export async function lockFolder(folder: string): Promise<{ release(): Promise<void> }> {
  const path = resolve(folder, "lock");
  makeFolder(path, 0o700);
  const taken = (cause?: unknown) =>
    new WindopsError("E_STACK_RUNNING", `Another embedded stack has ${folder} open.`, {
      hint: "Use it (windops local status), stop it (windops local down), or pass another --state-dir.",
      cause,
    });
  // Opening it again in this process would drop the kernel's lock.
  if (heldHere.has(path)) throw taken();
  const { ClassicLevel } = await import("classic-level");
  if (heldHere.has(path)) throw taken();
  const lock = new ClassicLevel(path);
  heldHere.add(path);
  try {
    await lock.open();
  } catch (error) {
    heldHere.delete(path);
    if (/lock/i.test(String((error as Error & { cause?: Error }).cause?.message))) throw taken(error);
    throw error;
  }
  return {
    release: async () => {
      await lock.close();
      heldHere.delete(path);
    },
  };
}
