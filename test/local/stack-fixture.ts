import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningStack, type StackOptions, startStack } from "../../src/local/stack.ts";

/** A new folder under the system's temporary one. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "windops-test-"));

/** A stack in this process on a folder of its own; `close` stops it and removes the folder, `stop` keeps that. */
export async function temporaryStack(
  options: Partial<StackOptions> = {},
): Promise<RunningStack & { stateDir: string; logged: string[]; stop(): Promise<void> }> {
  const stateDir = options.stateDir ?? temporaryFolder();
  const logged: string[] = [];
  const running = await startStack({ seed: 1, log: (line) => logged.push(line), ...options, stateDir });
  return {
    ...running,
    stateDir,
    logged,
    stop: running.close,
    close: async () => {
      await running.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** What every SDK client needs to talk to a stack. */
export const clientOptions = (endpoint: string) => ({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
});
