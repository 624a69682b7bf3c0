import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { distFolder } from "../io/dist.ts";
import { WindopsError } from "../io/errors/errors.ts";
import { java } from "./java.ts";

/** What `windops build` makes, and where. */
export interface FlinkBuild {
  /** Maven's project. */
  source: string;
  folder: string;
  /** The job, as it is uploaded. */
  jar: string;
  /** Starts a Flink of its own with any job's jar. */
  launcher: string;
  /** Flink itself: a folder of jars. */
  runtime: string;
}

/** In the package's own folder, or in `WINDOPS_FLINK_DIR` where that one can't be written to. */
export function flinkBuild(env: NodeJS.ProcessEnv): FlinkBuild {
  const source = join(dirname(distFolder()), "flink");
  const folder = env.WINDOPS_FLINK_DIR || join(source, "target");
  return {
    source,
    folder,
    jar: join(folder, "AnomalyDetection.jar"),
    launcher: join(folder, "AnomalyDetection-launcher.jar"),
    runtime: join(folder, "runtime"),
  };
}

const newest = (path: string): number =>
  statSync(path).isDirectory()
    ? Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))))
    : statSync(path).mtimeMs;

/** Whether all of it is there. */
export function isBuilt(build: FlinkBuild): boolean {
  return [build.jar, build.launcher, build.runtime].every((path) => existsSync(path));
}

/** Whether all of it is there and newer than the job's sources. */
export function isUpToDate(build: FlinkBuild): boolean {
  if (!isBuilt(build)) return false;
  // The jar is written by every build; Maven leaves the launcher's alone where nothing of it changed.
  const sources = [join(build.source, "pom.xml"), join(build.source, "src", "main")];
  return statSync(build.jar).mtimeMs >= Math.max(...sources.map(newest));
}

/**
 * What the engine needs to run anything: Java and a build.
 *
 * @throws WindopsError E_NOT_BUILT, E_NO_JAVA
 */
export async function requireFlink(env: NodeJS.ProcessEnv): Promise<{ build: FlinkBuild; command: string }> {
  const build = flinkBuild(env);
  if (!isBuilt(build))
    throw new WindopsError("E_NOT_BUILT", `There is no Flink in ${build.folder}.`, {
      hint: "Run `windops build` (it needs a JDK 17 and Maven).",
    });
  return { build, command: await java("java", env) };
}
