import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

export interface FailingDisk {
  /** Writes so far. */
  readonly writes: number;
  restore(): void;
}

/**
 * Lets the write with the number `failing` put half of its bytes on the disk and fail, as on a full one. With `killed`
 * nothing reaches the disk from then on, not even what tidies up: what lies there is what a process leaves that dies
 * in this write. Counts whole-file writes, copies and writes by file handle below `folder`; of this process only.
 */
export async function failingDisk(folder: string, failing: number, { killed = false } = {}): Promise<FailingDisk> {
  let writes = 0;
  let dead = false;
  const undo: (() => void)[] = [];
  const refusal = () => Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  const replace = (owner: any, name: string, wrap: (real: any) => any) => {
    const real = owner[name];
    owner[name] = wrap(real);
    undo.push(() => {
      owner[name] = real;
    });
  };
  /** Whether this write fails, for which `half` has then written half of it. */
  const fails = (half: () => void): boolean => {
    if (dead) return true;
    if (writes++ !== failing) return false;
    half();
    dead = killed;
    return true;
  };
  const { writeFileSync, readFileSync } = fs;
  const firstHalf = (bytes: string | Uint8Array) => Buffer.from(bytes as string).subarray(0, bytes.length >> 1);
  const below = (path: unknown) => String(path).startsWith(folder);

  replace(fs, "writeFileSync", (real) => (path: string, bytes: Uint8Array, ...rest: unknown[]) => {
    if (below(path) && fails(() => real(path, firstHalf(bytes), ...rest))) throw refusal();
    return real(path, bytes, ...rest);
  });
  replace(fs.promises, "copyFile", (real) => async (from: string, to: string) => {
    if (below(to) && fails(() => writeFileSync(to, firstHalf(readFileSync(from))))) throw refusal();
    return real(from, to);
  });
  for (const name of ["rmSync", "renameSync"]) {
    replace(fs, name, (real) => (path: string, ...rest: unknown[]) => {
      if (dead && below(path)) throw refusal();
      return real(path, ...rest);
    });
  }
  for (const name of ["rm", "rename"]) {
    replace(fs.promises, name, (real) => async (path: string, ...rest: unknown[]) => {
      if (dead && below(path)) throw refusal();
      return real(path, ...rest);
    });
  }
  const handle = await fs.promises.open(process.execPath);
  replace(
    Object.getPrototypeOf(handle),
    "writeFile",
    (real) =>
      async function (this: unknown, bytes: Uint8Array) {
        if (fails(() => {})) {
          await real.call(this, firstHalf(bytes));
          throw refusal();
        }
        return real.call(this, bytes);
      },
  );
  await handle.close();
  syncBuiltinESMExports();
  return {
    get writes() {
      return writes;
    },
    restore: () => {
      for (const back of undo) back();
      syncBuiltinESMExports();
    },
  };
}
