import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { unzipSync } from "fflate";
import { WindopsError } from "../../io/errors/errors.ts";
import { zipBytes } from "../../io/zip.ts";
import type { Target } from "../settings/session.ts";

/** What is uploaded as the Flink job. */
export interface Jar {
  bytes: Uint8Array;
  /** `placeholder`: holds no job, only says so. The embedded engine scores by itself and never runs it. */
  kind: "job" | "placeholder";
}

/**
 * The jar that `windops build` made, else the one that the package came with; where there is none, a placeholder for the embedded stack, and none for AWS and other endpoints:
 * there a job has to be in it.
 */
export async function loadJar(target: Pick<Target, "kind">, env: NodeJS.ProcessEnv): Promise<Jar | undefined> {
  const { flinkBuild } = await import("../../job/artifacts.ts");
  const jar = [flinkBuild(env).jar, flinkBuild({}).jar].find((path) => existsSync(path));
  if (jar !== undefined) return { bytes: await readFile(jar), kind: "job" };
  return target.kind === "local" ? placeholderJar() : undefined;
}

export function notBuilt(): WindopsError {
  return new WindopsError("E_NO_JAR", "The Flink job's jar isn't built.", {
    hint: "Run `windops build` (it needs a JDK 17 and Maven).",
  });
}

export function placeholderJar(): Jar {
  const text = (lines: string[]) => new TextEncoder().encode(`${lines.join("\r\n")}\r\n`);
  const bytes = zipBytes({
    "META-INF/MANIFEST.MF": text(["Manifest-Version: 1.0", "Windops-Placeholder: true"]),
    "README.txt": text([
      "This is no Flink job. windops' embedded stack scores readings with its own engine and doesn't run this jar.",
      "The job itself is made by `windops build`.",
    ]),
  });
  return { bytes, kind: "placeholder" };
}

/** Managed Flink 2.2 runs on Java 17, whose class files have this version. */
const NEWEST_CLASS_FILE = 61;

/** What keeps a jar from running as the Flink job, a line a fault. */
export function jarFaults(bytes: Uint8Array): string[] {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, { filter: ({ name }) => /^META-INF\/MANIFEST\.MF$|\.class$/.test(name) });
  } catch (error) {
    return [`it is no jar: ${(error as Error).message}`];
  }
  const manifest = files["META-INF/MANIFEST.MF"];
  const main = manifest && /^Main-Class: *(\S+)/m.exec(new TextDecoder().decode(manifest))?.[1];
  if (!main) return ["its manifest names no main class"];
  const entry = files[`${main.replaceAll(".", "/")}.class`];
  if (!entry) return [`its main class ${main} isn't in it`];
  const version = (entry[6]! << 8) | entry[7]!;
  if (version <= NEWEST_CLASS_FILE) return [];
  return [`it is built for Java ${version - 44}, and Managed Flink runs Java ${NEWEST_CLASS_FILE - 44}`];
}
