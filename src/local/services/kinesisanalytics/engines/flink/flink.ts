import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { requireFlink } from "../../../../../job/artifacts.ts";
import type { Stack } from "../../../../service.ts";
import type { ApplicationStart, Engine, RunningApplication } from "../engine.ts";
import { FlinkApplication } from "./application.ts";

/** Runs the uploaded jar on a real Flink. */
export function flinkEngine(stack: Stack): Engine {
  const running = new Set<FlinkApplication>();
  return {
    name: "flink",
    async start(application: ApplicationStart): Promise<RunningApplication> {
      const { build, command } = await requireFlink(process.env);
      await checkJar(application);
      const started = new FlinkApplication(application, command, build, jvmEnvironment(stack, application.region));
      running.add(started);
      try {
        await started.start();
      } catch (error) {
        running.delete(started);
        throw error;
      }
      return started;
    },
    async close() {
      await Promise.all([...running].map((application) => application.kill()));
    },
  };
}

/** The jar is the one that was uploaded, byte for byte. */
async function checkJar({ jarPath, jarSha256 }: ApplicationStart): Promise<void> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(jarPath), hash);
  const found = hash.digest("hex");
  if (found !== jarSha256)
    throw new Error(`the jar's bytes are not those that were uploaded: SHA-256 ${found}, expected ${jarSha256}`);
}

/** On AWS the role gives credentials and the region its endpoints; here the stack stands for both. */
function jvmEnvironment(stack: Stack, region: string): NodeJS.ProcessEnv {
  const { PATH, JAVA_HOME, JAVA_TOOL_OPTIONS, LANG, HOME, TMPDIR, TEMP, SystemRoot } = process.env;
  return {
    ...{ PATH, JAVA_HOME, JAVA_TOOL_OPTIONS, LANG, HOME, TMPDIR, TEMP, SystemRoot },
    AWS_ENDPOINT_URL: stack.endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_EC2_METADATA_DISABLED: "true",
  };
}
