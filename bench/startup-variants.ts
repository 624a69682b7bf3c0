import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";

export interface Variant {
  name: string;
  /** What is started instead of bin/windops.js. */
  bin: string;
}

const START = `
import module from "node:module";
module.enableCompileCache?.();
const { main } = await import("./cli.js");
process.exit(await main(process.argv.slice(2), process));
`;

/** The command line built without one of what makes it start fast, each in a folder below `folder` (inside the project, for its packages). */
export async function variants(folder: string): Promise<Variant[]> {
  const common: BuildOptions = {
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    minify: true,
    splitting: true,
    logLevel: "warning",
    external: ["classic-level", "dynalite"],
    banner: { js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);' },
  };
  const eager = [...readdirSync("src/commands").map((file) => `src/commands/${file}`), "src/index.ts"]
    .map((file) => `import ${JSON.stringify(resolve(file))};`)
    .concat(`export { main } from ${JSON.stringify(resolve("src/cli.ts"))};`)
    .join("\n");
  const built: [name: string, options: BuildOptions][] = [
    ["with its packages from node_modules, not bundled", { entryPoints: { cli: "src/cli.ts" }, packages: "external" }],
    [
      "with all of it loaded at the start, not when called",
      { stdin: { contents: eager, resolveDir: resolve("."), sourcefile: "cli.ts", loader: "ts" } },
    ],
  ];
  return Promise.all(
    built.map(async ([name, options], i) => {
      const outdir = join(folder, String(i));
      mkdirSync(outdir, { recursive: true });
      await build({ ...common, ...options, outdir, entryNames: "cli" });
      const bin = join(outdir, "bin.mjs");
      writeFileSync(bin, START);
      return { name, bin };
    }),
  );
}
