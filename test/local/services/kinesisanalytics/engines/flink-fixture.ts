import { existsSync, mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { flinkBuild, isUpToDate } from "../../../../../src/job/artifacts.ts";
import { buildFlink } from "../../../../../src/job/build.ts";
import { java } from "../../../../../src/job/java.ts";

export const build = flinkBuild(process.env);

const hasMaven = (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "mvn")));

/** Where there is no JDK, or nothing is built and no Maven to build it, `npm test` says that the Flink parts were skipped. */
export const hasJdk = await java("javac", process.env).then(
  () => hasMaven || isUpToDate(build),
  () => false,
);

/** Builds the job unless it is up to date; test files that run side by side build it once. */
export async function ensureBuilt(): Promise<void> {
  const lock = `${build.folder}.lock`;
  while (!isUpToDate(build)) {
    try {
      mkdirSync(lock);
    } catch {
      await delay(500);
      continue;
    }
    try {
      if (isUpToDate(build)) return;
      await buildFlink(process.env, new AbortController().signal, () => {});
      if (!isUpToDate(build)) throw new Error("a build that isn't up to date when it is done");
    } finally {
      rmSync(lock, { recursive: true });
    }
  }
}

/** Waits for a condition, as long as the test may take. */
export async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await delay(100);
}
