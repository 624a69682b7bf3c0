import { once } from "node:events";
import type { Writable } from "node:stream";

/** A slow reader of the pipe slows what writes to it: it mustn't fill the memory. Resolves also when the signal aborts. */
export async function drained(stdout: Writable, signal: AbortSignal): Promise<void> {
  if (stdout.writableNeedDrain) await once(stdout, "drain", { signal }).catch(() => {});
}
