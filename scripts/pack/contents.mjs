// What the package has to hold and must not hold, and that its types stand alone.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../prepare.mjs";

const LIMIT = 60e6;
const needed = [
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "bin/windops.js",
  "dist/cli.js",
  "dist/index.js",
  "dist/types/src/index.d.ts",
  "dist/library/local.js",
  "dist/types/src/library/local.d.ts",
  "dist/local/main.js",
  "dist/local/bootstrap.mjs",
  "dist/detect/worker.js",
  "dist/lambdas/destination/index.mjs",
  "dist/lambdas/delivery/index.mjs",
  "dist/ui/index.html",
  "dist/ui/main.js",
  "dist/ui/style.css",
  "schema/windops.schema.json",
  "docs/troubleshooting.md",
  // The job itself, and what `windops build` makes it of: `--engine flink` needs Flink beside it.
  "flink/target/AnomalyDetection.jar",
  "flink/pom.xml",
];

/** Throws where the package lacks something or holds what nobody needs; a line on it else. */
export function checkPackage({ filename, entryCount, files }, size) {
  const paths = files.map(({ path }) => path);
  const missing = needed.filter((path) => !paths.includes(path));
  const strays = paths.filter((path) =>
    /^(src|test|bench|scripts|lambdas|node_modules|flink\/src\/test)\/|\.map$|^flink\/target\/(?!AnomalyDetection\.jar$)/.test(
      path,
    ),
  );
  if (missing.length > 0) throw new Error(`the package lacks ${missing.join(", ")}`);
  if (strays.length > 0) throw new Error(`nobody needs ${strays.slice(0, 5).join(", ")} in the package`);
  if (size > LIMIT) throw new Error(`${size} bytes are more than ${LIMIT}`);
  return `${filename}: ${(size / 1e6).toFixed(1)} MB, ${entryCount} files`;
}

const consumer = `
import { apply, Detector, plan, simulate, type Plan, WindopsError } from "windops";
import { startLocal } from "windops/local";
const stack = await startLocal({ limits: false, chaos: { rules: [] } });
const planned: Plan = await plan({ stateDir: stack.stateDir, settings: { shards: 2 } });
const score: number = new Detector().next({ timestampMs: 0, speed: 8 }).score;
for (const { speed, label } of simulate({ anomalies: 1 })) if (label) console.log(speed, label.kind, score);
await apply({ endpoint: stack.endpoint }).catch((error: WindopsError) => error.hint);
await stack.close();
export { planned };
`;

/** Compiles a strict consumer against the installed package, its declarations checked too. */
export function checkTypes(folder) {
  writeFileSync(join(folder, "consumer.ts"), consumer);
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const flags =
    "--noEmit --strict --skipLibCheck false --module nodenext --target es2023 --lib es2023 --ignoreConfig".split(" ");
  const types = ["--typeRoots", join(root, "node_modules/@types"), "--types", "node"];
  return spawnSync(process.execPath, [tsc, ...flags, ...types, "consumer.ts"], { cwd: folder, encoding: "utf8" });
}
