// npm run check: what needs no test run and holds for every change. All at once; each one's output only if it fails.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { licenceProblems } from "./check/licences.mjs";
import { root } from "./prepare.mjs";

const bin = (name) => join(root, "node_modules", name);
const checks = {
  "types of the program": [bin("typescript/bin/tsc"), "--noEmit"],
  "types of the page": [bin("typescript/bin/tsc"), "--noEmit", "-p", "src/ui/page"],
  "lint and format": [bin("@biomejs/biome/bin/biome"), "check", "."],
  "unused exports and dependencies": [bin("knip/bin/knip.js"), "--no-progress", "--no-config-hints"],
};

function run([script, ...args]) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("close", (code) => done(code === 0 ? undefined : output));
  });
}

const started = performance.now();
const licences = async () => licenceProblems().join("\n") || undefined;
let failed = false;
await Promise.all(
  [...Object.entries(checks).map(([title, command]) => [title, () => run(command)]), ["licences", licences]].map(
    async ([title, check]) => {
      const problem = await check();
      failed ||= problem !== undefined;
      console.log(problem === undefined ? `✔ ${title}` : `✖ ${title}\n${problem}`);
    },
  ),
);
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
process.exit(failed ? 1 : 0);
