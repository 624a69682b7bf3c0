// Bundles the CLI (one chunk a command, loaded when called), the embedded stack's processes and the two functions.
import { rmSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { build } from "esbuild";

const { version } = JSON.parse(await readFile("package.json", "utf8"));
const common = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  minify: true,
  keepNames: true,
  legalComments: "none",
  logLevel: "warning",
  // CommonJS packages inside ES module bundles need a `require`.
  banner: { js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);' },
  define: { __VERSION__: JSON.stringify(version) },
};

rmSync("dist", { recursive: true, force: true });
await mkdir("dist/ui", { recursive: true });
const functions = (await readdir("lambdas", { withFileTypes: true })).filter(
  (d) => d.isDirectory() && d.name !== "shared",
);
await Promise.all([
  build({
    bundle: true,
    minify: true,
    target: "es2022",
    format: "esm",
    legalComments: "none",
    logLevel: "warning",
    entryPoints: { main: "src/ui/page/main.ts", style: "src/ui/page/page.css" },
    outdir: "dist/ui",
  }),
  copyFile("src/ui/page/index.html", "dist/ui/index.html"),
  build({
    ...common,
    entryPoints: {
      cli: "src/cli.ts",
      index: "src/index.ts",
      "library/local": "src/library/local.ts",
      "local/main": "src/local/process/main.ts",
      "detect/worker": "src/detect/worker.ts",
    },
    outdir: "dist",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    // Native addon inside: resolved at run time.
    external: ["classic-level", "dynalite"],
  }),
  // Runs in the functions' processes: its own file, beside the stack's.
  build({
    ...common,
    banner: {},
    entryPoints: ["src/local/services/lambda/bootstrap.mjs"],
    outfile: "dist/local/bootstrap.mjs",
  }),
  ...functions.map(({ name }) =>
    build({ ...common, entryPoints: [`lambdas/${name}/handler.ts`], outfile: `dist/lambdas/${name}/index.mjs` }),
  ),
]);
