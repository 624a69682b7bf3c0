import { rmSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import { type RunningStack, type StackOptions, startStack } from "../../src/local/stack.ts";
import { clientOptions, temporaryFolder } from "./stack-fixture.ts";

/** A stack for the tests of one file, and SDK clients that are closed with it. */
export function serveStack(options: Partial<StackOptions> = {}) {
  const stateDir = temporaryFolder();
  const opened: { destroy(): void }[] = [];
  let running: RunningStack | undefined;
  const start = async () => {
    running = await startStack({ stateDir, ...options });
  };
  const stop = async () => {
    for (const client of opened.splice(0)) client.destroy();
    await running?.close();
  };
  beforeAll(start);
  afterAll(async () => {
    await stop();
    rmSync(stateDir, { recursive: true, force: true });
  });
  return {
    stateDir,
    get running(): RunningStack {
      return running!;
    },
    get endpoint(): string {
      return running!.endpoint;
    },
    /** A client of the real SDK. */
    client<C extends { destroy(): void }>(Client: new (configuration: any) => C, configuration: object = {}): C {
      const client = new Client({ ...clientOptions(running!.endpoint), ...configuration });
      opened.push(client);
      return client;
    },
    /** Ends the stack and starts another on the same folder. */
    async restart(): Promise<void> {
      await stop();
      await start();
    },
  };
}

/** What a rejected call says of itself. */
export async function failure(promise: Promise<unknown>): Promise<{ name: string; message: string; status?: number }> {
  try {
    await promise;
  } catch (error: any) {
    return { name: error.name, message: error.message, status: error.$metadata?.httpStatusCode };
  }
  throw new Error("The call succeeded, where it should have failed");
}
