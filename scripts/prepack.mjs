// Before npm packs: everything that the package holds is built from the sources as they are now. Without a JDK 17 and
// Maven it fails, because a package without the Flink job could set nothing up on AWS.
import { run } from "./prepare.mjs";
import { writeTypes } from "./types.mjs";

// stdout is npm's (`npm pack --json`).
const stdio = ["ignore", 2, "inherit"];
run(process.execPath, ["scripts/build.mjs"], { stdio });
writeTypes();
try {
  run(process.execPath, ["scripts/ts.mjs", "scripts/flink-job.ts"], { stdio });
} catch {
  process.exit(1);
}
