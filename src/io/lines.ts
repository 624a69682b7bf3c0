import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import type { Writable } from "node:stream";
import { WindopsError } from "./errors/errors.ts";
import type { Context } from "./terminal/command.ts";

export interface LineWriter {
  /** Takes a line; a promise where the writer has to be waited for. */
  write(line: string): Promise<unknown> | undefined;
  close(): Promise<void>;
}

/** Writes lines to `file`, or to stdout for `-`. Throws `WindopsError` where the file can't be opened. */
export async function lineWriter(file: string, ctx: Pick<Context, "cwd" | "io">): Promise<LineWriter> {
  const out: Writable = file === "-" ? ctx.io.stdout : createWriteStream(resolve(ctx.cwd, file));
  if (file !== "-") {
    try {
      await once(out, "open");
    } catch (error) {
      throw new WindopsError("E_OUT", `${file} can't be written: ${(error as Error).message}`, {
        hint: "Name a file in a folder that is there and yours.",
        cause: error,
      });
    }
  }
  return {
    write: (line) => (out.write(`${line}\n`) ? undefined : once(out, "drain")),
    close: async () => {
      if (file === "-") return;
      out.end();
      await once(out, "finish");
    },
  };
}
