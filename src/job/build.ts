import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { WindopsError } from "../io/errors/errors.ts";
import { type FlinkBuild, flinkBuild } from "./artifacts.ts";
import { java } from "./java.ts";

export interface Built extends Omit<FlinkBuild, "source"> {
  bytes: number;
}

/**
 * Builds the Flink job's jar and fetches Flink's runtime, by Maven.
 *
 * @param line gets what Maven says, line by line
 * @throws WindopsError E_NO_JAVA, E_NO_MAVEN, E_BUILD
 */
export async function buildFlink(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  line: (text: string) => void,
): Promise<Built> {
  await java("javac", env);
  const { source, ...build } = flinkBuild(env);
  const args = ["-B", "-ntp", "package", "-DskipTests", `-Dwindops.build.directory=${build.folder}`];
  const errors: string[] = [];
  const code = await new Promise<number | null>((resolve, reject) => {
    const maven = spawn("mvn", args, {
      cwd: source,
      env,
      signal,
      shell: process.platform === "win32",
      stdio: ["ignore", "pipe", "pipe"],
    });
    const take = (chunk: string) => {
      for (const text of chunk.split(/\r?\n/).filter(Boolean)) {
        if (text.startsWith("[ERROR]")) errors.push(text.slice("[ERROR] ".length));
        line(text);
      }
    };
    maven.stdout.setEncoding("utf8").on("data", take);
    maven.stderr.setEncoding("utf8").on("data", take);
    maven.on("error", (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === "ENOENT"
          ? new WindopsError("E_NO_MAVEN", "Maven is needed, and mvn can't be run", {
              hint: "Install Maven 3.8 or newer and put mvn on the PATH.",
            })
          : cause,
      ),
    );
    maven.on("close", resolve);
  });
  if (code !== 0)
    throw new WindopsError("E_BUILD", `Maven could not build the job: ${errors[0] ?? `exit code ${code}`}`, {
      hint: `Run mvn package in ${source} to see all of it.`,
    });
  return { ...build, bytes: statSync(build.jar).size };
}
