// npm run pack:check: packs the project, installs the tarball in an empty folder (no compiler, no scripts) under each
// supported Node, and runs the demo from there. The `node` npm package brings the other Nodes.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepare, root } from "./prepare.mjs";

const versions = process.argv.slice(2).length ? process.argv.slice(2) : ["20", "22", "24"];
const LIMIT = 60e6;

prepare();
const work = mkdtempSync(join(tmpdir(), "windops-pack-"));
const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
let failed = 0;
try {
  const [packed] = JSON.parse(npm(["pack", "--json", "--pack-destination", work], root));
  const tarball = join(work, packed.filename);
  const { size } = statSync(tarball);
  console.log(`${packed.filename}: ${(size / 1e6).toFixed(1)} MB, ${packed.entryCount} files`);
  const strays = packed.files.map((f) => f.path).filter((p) => /^(src|test|bench|flink\/src|node_modules)\//.test(p));
  if (size > LIMIT || strays.length > 0) throw new Error(`too large, or with sources: ${strays.slice(0, 5)}`);

  for (const version of versions) {
    const folder = join(work, `node-${version}`);
    const home = join(folder, "home");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"private":true}\n');
    npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", tarball], folder);
    let path = process.env.PATH;
    if (!process.versions.node.startsWith(`${version}.`)) {
      const nodes = join(folder, "node-itself");
      mkdirSync(nodes);
      writeFileSync(join(nodes, "package.json"), '{"private":true}\n');
      // Its install script puts the binary in place.
      npm(
        ["install", "--no-audit", "--no-fund", "--loglevel=error", "--foreground-scripts=false", `node@${version}`],
        nodes,
      );
      path = `${join(nodes, "node_modules/node/bin")}:${path}`;
    }
    const env = { PATH: path, HOME: home, NO_COLOR: "1" };
    const node = execFileSync("node", ["-v"], { env, encoding: "utf8" }).trim();
    const demo = spawnSync("npx", ["--no-install", "windops", "demo"], { cwd: folder, env, encoding: "utf8" });
    if (demo.status === 0) console.log(`✔ Node ${node}: installed, demo passed`);
    else {
      failed++;
      console.error(`✖ Node ${node}: the demo ended with ${demo.status}\n${demo.stdout}\n${demo.stderr}`);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(failed > 0 ? 1 : 0);
