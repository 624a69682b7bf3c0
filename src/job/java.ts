import { execFile } from "node:child_process";
import { join } from "node:path";
import { WindopsError } from "../io/errors/errors.ts";

const OLDEST = 17;

/**
 * The `java` or `javac` to run: `JAVA_HOME`'s, else the one on the PATH.
 *
 * @throws WindopsError E_NO_JAVA if there is none or it is older than 17
 */
export async function java(program: "java" | "javac", env: NodeJS.ProcessEnv): Promise<string> {
  const command = env.JAVA_HOME ? join(env.JAVA_HOME, "bin", program) : program;
  const what = program === "javac" ? `JDK ${OLDEST}` : `Java ${OLDEST}`;
  const hint = `Install a ${what} or newer and put it on the PATH, or point JAVA_HOME to it.`;
  const version = await new Promise<string>((resolve, reject) => {
    execFile(command, ["-version"], { env }, (error, stdout, stderr) => {
      if (error) reject(new WindopsError("E_NO_JAVA", `${what} is needed, and ${command} can't be run`, { hint }));
      else resolve(stdout + stderr);
    });
  });
  const major = majorVersion(version);
  if (major === undefined || major < OLDEST)
    throw new WindopsError("E_NO_JAVA", `${what} is needed; ${command} is ${major ?? version.trim()}`, { hint });
  return command;
}

/** `openjdk version "17.0.15" …` → 17, `java version "1.8.0_392"` → 8, `javac 21` → 21. */
function majorVersion(text: string): number | undefined {
  const match = /(?:version "|javac )(\d+)(?:\.(\d+))?/.exec(text);
  if (!match) return undefined;
  return Number(match[1] === "1" ? match[2] : match[1]);
}
