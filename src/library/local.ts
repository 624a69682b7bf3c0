import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChaosFile } from "../local/chaos.ts";
import { confirmAll, type Mail, readInbox } from "../operate/inbox.ts";

export type { ChaosFile, ChaosRule } from "../local/chaos.ts";
export type { Mail } from "../operate/inbox.ts";

export interface LocalOptions {
  /** Folder with everything that the stack keeps; default: a temporary one, removed by `close`. */
  stateDir?: string;
  /** Default: any free one. */
  port?: number;
  /** The real services' rates (true). */
  limits?: boolean;
  /** Faults to play: docs/embedded-stack.md. */
  chaos?: ChaosFile;
  /** Gets what the stack logs, line by line. */
  log?(line: string): void;
}

/** An embedded stack that runs in this process. */
export interface LocalStack {
  /** For `AWS_ENDPOINT_URL`, an SDK client's `endpoint`, or `apply({ endpoint })`. */
  endpoint: string;
  port: number;
  stateDir: string;
  /** Mails that subscribers were sent, oldest first; `after`: only those after the mail of this id. */
  inbox(after?: string): Promise<Mail[]>;
  /** Opens the confirmation links of all subscribers by mail who wait; resolves to how many. */
  confirmSubscriptions(): Promise<number>;
  /** Stops it; resolves when nothing of it is left running. */
  close(): Promise<void>;
}

/**
 * Starts AWS as far as the pipeline needs it, on 127.0.0.1 and in this process: for test suites. Throws a `WindopsError`
 * E_STACK_RUNNING where another process has the folder open.
 */
export async function startLocal(options: LocalOptions = {}): Promise<LocalStack> {
  const { startStack } = await import("../local/stack.ts");
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), "windops-"));
  const temporary = options.stateDir === undefined;
  const remove = async () => {
    if (temporary) await rm(stateDir, { recursive: true, force: true });
  };
  const stack = await startStack({ ...options, stateDir }).catch(async (error) => {
    await remove();
    throw error;
  });
  return {
    endpoint: stack.endpoint,
    port: stack.port,
    stateDir,
    inbox: (after) => readInbox(stack.endpoint, after),
    confirmSubscriptions: async () => (await confirmAll(stack.endpoint)).length,
    close: async () => {
      await stack.close();
      await remove();
    },
  };
}
