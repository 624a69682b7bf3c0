// What `npm start` and `npm test` share: dependencies as locked, and a build that is newer than its sources.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export function run(command, args, options = {}) {
  execFileSync(command, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32", ...options });
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(
    stat.mtimeMs,
    ...readdirSync(path)
      .filter((n) => n !== "node_modules")
      .map((n) => newest(join(path, n))),
  );
}

/** Installs (only when the lock file changed since) and builds (only when a source changed since). */
export function prepare() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`windops needs Node 20.19 or newer; this is ${process.versions.node}.`);
    process.exit(1);
  }
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  const mark = join(root, "node_modules", ".installed-lock");
  if (!existsSync(mark) || readFileSync(mark, "utf8") !== lock) {
    console.error("Installing dependencies …");
    run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { stdio: ["ignore", "ignore", "inherit"] });
    writeFileSync(mark, lock);
  }
  const built = join(root, "dist", "cli.js");
  const sources = ["src", "lambdas", "scripts", "package.json"].map((p) => newest(join(root, p)));
  if (!existsSync(built) || statSync(built).mtimeMs < Math.max(...sources)) {
    console.error("Building …");
    run(process.execPath, ["scripts/build.mjs"]);
  }
}
