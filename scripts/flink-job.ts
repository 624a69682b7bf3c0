// The Flink job's jar for the package: built unless it is newer than its sources.
import { statSync } from "node:fs";
import { flinkBuild, isUpToDate } from "../src/job/artifacts.ts";
import { buildFlink } from "../src/job/build.ts";

const { WINDOPS_FLINK_DIR: _, ...env } = process.env;
const build = flinkBuild(env);
try {
  if (!isUpToDate(build)) await buildFlink(env, new AbortController().signal, () => {});
  console.error(`${build.jar}: ${(statSync(build.jar).size / 1e6).toFixed(1)} MB`);
} catch (error) {
  console.error(`✖ ${(error as Error).message}`);
  console.error("  The package must hold the Flink job's jar: a JDK 17 and Maven are needed to pack it.");
  process.exitCode = 1;
}
