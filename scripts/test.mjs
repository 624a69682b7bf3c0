// npm test: everything. Java's tests where a JDK 17 and Maven are; elsewhere it says that they were skipped, and with
// CI=true a skip is a failure. Arguments go to vitest.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { prepare, root } from "./prepare.mjs";

prepare();
const args = process.argv.slice(2);
const vitest = spawnSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...args], {
  cwd: root,
  stdio: "inherit",
});
let failed = vitest.status !== 0;

const has = (command, flag) => spawnSync(command, [flag], { stdio: "ignore" }).status === 0;
if (args.length === 0 && existsSync(join(root, "flink/pom.xml"))) {
  if (has("javac", "-version") && has("mvn", "-version")) {
    const mvn = spawnSync("mvn", ["-B", "-q", "verify"], { cwd: join(root, "flink"), stdio: "inherit" });
    failed ||= mvn.status !== 0;
  } else {
    console.error("SKIPPED: the Flink job's tests (they need a JDK 17 and Maven on the PATH).");
    failed ||= process.env.CI === "true";
  }
}
process.exit(failed ? 1 : 0);
