// Declarations of the library's two entries, by tsc; only what they reach is kept, so that a consumer's compiler sees the
// public surface and nothing of the AWS SDK. Imports are written as Node's resolution has them (.js).
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { root } from "./prepare.mjs";

export const entries = ["src/index.d.ts", "src/library/local.d.ts"];

/** Writes dist/types. */
export function writeTypes() {
  const out = join(root, "dist", "types");
  rmSync(out, { recursive: true, force: true });
  const folder = mkdtempSync(join(root, "node_modules", ".types-"));
  try {
    const project = join(folder, "tsconfig.json");
    const compilerOptions = {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      // The functions' shared files too, which src imports.
      rootDir: root,
      outDir: out,
    };
    const files = entries.map((entry) => join(root, entry.replace(/\.d\.ts$/, ".ts")));
    writeFileSync(
      project,
      JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions, files, include: [] }),
    );
    execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], {
      stdio: ["ignore", 2, "inherit"],
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const reached = new Set();
  const visit = (file) => {
    if (reached.has(file) || !existsSync(file)) return;
    reached.add(file);
    const text = readFileSync(file, "utf8").replace(/(from |import\()"(\.[^"]+)\.ts"/g, '$1"$2.js"');
    writeFileSync(file, text);
    for (const [, target] of text.matchAll(/(?:from |import\()"(\.[^"]+)\.js"/g))
      visit(resolve(dirname(file), `${target}.d.ts`));
  };
  for (const entry of entries) visit(join(out, entry));
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !reached.has(path)) rmSync(path);
  }
}

if (process.argv[1] === import.meta.filename) writeTypes();
