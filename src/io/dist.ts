import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of built files (the page, the embedded stack's program, the functions): beside this code when it is
 * bundled, under the project's root when it runs from source.
 */
export function distFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    if (existsSync(join(folder, "package.json"))) return join(folder, "dist");
    const parent = dirname(folder);
    if (parent === folder) throw new Error("windops' own folder was not found");
    folder = parent;
  }
}
