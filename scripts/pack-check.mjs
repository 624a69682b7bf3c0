// npm run pack:check [VERSION …]: packs the project, installs the tarball in an empty folder (no compiler, no install scripts)
// under each supported Node, and uses it there with nothing but Node on the PATH and an empty HOME: the demo, and the
// README's commands word for word. Other Nodes than this one come from npm's `node-<platform>-<arch>` packages, which are
// the binaries alone and need no install script.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { checkPackage, checkTypes } from "./pack/contents.mjs";
import { story } from "./pack/story.mjs";
import { prepare, root } from "./prepare.mjs";

const versions = process.argv.slice(2).length ? process.argv.slice(2) : ["20", "22", "24"];

prepare();
const work = mkdtempSync(join(tmpdir(), "windops-pack-"));
const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
// npm itself, whichever Node runs it.
const npmFolder = dirname(
  resolve(execFileSync("npm", ["root", "-g"], { encoding: "utf8" }).trim(), "npm/bin/npx-cli.js"),
);

/** The folder with a Node of this major version: this one where it is, else npm's. */
function nodeOf(version) {
  if (process.versions.node.startsWith(`${version}.`)) return process.execPath;
  const folder = join(work, `node-${version}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{"private":true}\n');
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  npm(["install", ...quiet, `${name}@${version}`], folder);
  return join(folder, "node_modules", name, "bin", "node");
}

/** An installation, and a HOME and PATH that hold it and Node, nothing else. */
function install(version, tarball) {
  const node = nodeOf(version);
  const folder = join(work, `on-${version}`);
  const [bin, home] = [join(folder, "bin"), join(folder, "home")];
  mkdirSync(bin, { recursive: true });
  mkdirSync(home);
  symlinkSync(node, join(bin, "node"));
  if (!existsSync(join(npmFolder, "npx-cli.js"))) throw new Error(`npm isn't in ${npmFolder}`);
  symlinkSync(join(npmFolder, "npx-cli.js"), join(bin, "npx"));
  // npx starts what it runs through a shell.
  symlinkSync("/bin/sh", join(bin, "sh"));
  writeFileSync(join(folder, "package.json"), '{"private":true,"type":"module"}\n');
  npm(["install", ...quiet, tarball], folder);
  const env = {
    PATH: `${join(folder, "node_modules/.bin")}:${bin}`,
    HOME: home,
    NO_COLOR: "1",
    npm_config_update_notifier: "false",
  };
  return { node, folder, env };
}

let failed = 0;
const report = (title, { status, stdout, stderr }, since) => {
  const seconds = ((performance.now() - since) / 1000).toFixed(0);
  if (status === 0) console.log(`  ✔ ${title} (${seconds} s)`);
  else {
    failed++;
    console.error(`  ✖ ${title} ended with ${status}\n${stdout}\n${stderr}`);
  }
};
try {
  const started = performance.now();
  const [packed] = JSON.parse(npm(["pack", "--json", "--pack-destination", work], root));
  const tarball = join(work, packed.filename);
  console.log(checkPackage(packed, statSync(tarball).size), `(${((performance.now() - started) / 1000).toFixed(0)} s)`);

  for (const [i, version] of versions.entries()) {
    let since = performance.now();
    const { node, folder, env } = install(version, tarball);
    const name = execFileSync(node, ["-v"], { env, encoding: "utf8" }).trim();
    console.log(`Node ${name}: installed (${((performance.now() - since) / 1000).toFixed(0)} s)`);
    since = performance.now();
    report(
      "npx windops demo",
      spawnSync(join(folder, "bin/npx"), ["--no-install", "windops", "demo"], { cwd: folder, env, encoding: "utf8" }),
      since,
    );
    since = performance.now();
    report("README's commands", await story(folder, env), since);
    if (i === 0) report("types without the AWS SDK", checkTypes(folder), performance.now());
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit(failed > 0 ? 1 : 0);
