// node scripts/ts.mjs FILE.ts [ARGS]: runs a TypeScript program of this project on any supported Node (20 can't by itself).
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { prepare, root } from "./prepare.mjs";

const [file, ...args] = process.argv.slice(2);
if (!file) {
  console.error("usage: node scripts/ts.mjs FILE.ts [ARGS]");
  process.exit(2);
}
prepare();
const folder = join(root, "build", `run-${process.pid}`);
mkdirSync(folder, { recursive: true });
try {
  await build({
    entryPoints: [file],
    outfile: join(folder, "main.mjs"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    sourcemap: "inline",
    logLevel: "warning",
  });
  const { status } = spawnSync(
    process.execPath,
    ["--enable-source-maps", ...process.execArgv, join(folder, "main.mjs"), ...args],
    {
      stdio: "inherit",
    },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
