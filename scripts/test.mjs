// npm test: everything. Java's tests where a JDK 17 and Maven are; elsewhere it says that they were skipped, and with
// CI=true a skip is a failure. Arguments go to vitest.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { javaTests } from "./java-tests.mjs";
import { prepare, root } from "./prepare.mjs";

prepare();
const args = process.argv.slice(2);
const passes = (command, words, options = {}) =>
  spawnSync(command, words, { cwd: root, stdio: "inherit", ...options }).status === 0;
const has = (command, flag) => passes(command, [flag], { stdio: "ignore" });
const {
  run,
  skipped,
  failed: skipFails,
} = javaTests({
  all: args.length === 0,
  java: has("javac", "-version") && has("mvn", "-version"),
  ci: process.env.CI === "true",
});

let failed = skipFails;
if (run) {
  // Before all tests: a jar that comes up in the middle of them changes what `setup` uploads.
  console.log("Building the Flink job …");
  failed = !passes(process.execPath, [join(root, "bin/windops.js"), "build"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}
failed = !passes(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...args]) || failed;
if (run) failed = !passes("mvn", ["-B", "-q", "verify"], { cwd: join(root, "flink") }) || failed;
if (skipped) console.error(skipped);
process.exit(failed ? 1 : 0);
