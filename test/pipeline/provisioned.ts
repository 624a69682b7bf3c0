import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientOptions, createClients, LOCAL_CREDENTIALS, type MadeCall } from "../../src/aws/clients.ts";
import type { Context } from "../../src/io/terminal/command.ts";
import type { IO, Task } from "../../src/io/terminal/io.ts";
import { zipBytes } from "../../src/io/zip.ts";
import { type StackOptions, startStack } from "../../src/local/stack.ts";
import { placeholderJar } from "../../src/pipeline/flink/jar.ts";
import type { Pace } from "../../src/pipeline/plan/pace.ts";
import type { Provisioning } from "../../src/pipeline/plan/provision.ts";
import { pipelineOf } from "../../src/pipeline/resource.ts";
import { names, type Settings, settingsSchema } from "../../src/pipeline/settings/config.ts";
import type { Session } from "../../src/pipeline/settings/session.ts";

const ACCOUNT = "000000000000";

/** An embedded stack in this process, on a folder and a port of its own. */
export async function testStack(options: Partial<StackOptions> = {}) {
  const stateDir = mkdtempSync(join(tmpdir(), "windops-provision-"));
  const stack = await startStack({ stateDir, port: 0, limits: false, ...options });
  return {
    endpoint: stack.endpoint,
    async close() {
      await stack.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** Asks again almost at once: the stack's states last milliseconds. */
export const quickPace: Pace = {
  first: 2,
  most: 20,
  now: () => performance.now(),
  async sleep(milliseconds) {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  },
};

export interface TestPipelineOptions {
  settings?: Partial<Settings>;
  clients?: Partial<ClientOptions>;
  account?: string;
  partition?: string;
  jar?: Uint8Array;
  code?: string;
}

/** A pipeline on `endpoint`, with every call that it makes noted in `calls`. */
export function testPipeline(endpoint: string, options: TestPipelineOptions = {}) {
  const parsed = settingsSchema.parse({});
  const settings: Settings = { ...parsed, region: "us-east-1", ...options.settings };
  const account = options.account ?? ACCOUNT;
  const calls: MadeCall[] = [];
  const clients = createClients({
    region: settings.region,
    endpoint,
    credentials: LOCAL_CREDENTIALS,
    retryDelay: () => 1,
    onCall: (call) => calls.push(call),
    ...options.clients,
  });
  const session: Session = {
    target: { kind: "local", endpoint, region: settings.region, account, partition: options.partition ?? "aws" },
    settings,
    names: names(settings, account),
    clients,
  };
  const code = options.code ?? "export const handler = async () => ({ batchItemFailures: [] });\n";
  const what: Provisioning = {
    pipeline: pipelineOf(session),
    artifacts: {
      jar: async () => (options.jar ? { bytes: options.jar, kind: "job" } : placeholderJar()),
      functionCode: async () => zipBytes({ "index.mjs": new TextEncoder().encode(code) }),
    },
    pace: quickPace,
  };
  return { what, session, calls };
}

/** A terminal that keeps what it is told. */
export function testContext(options: { signal?: AbortSignal } = {}): Context & { lines: string[]; tasks: string[] } {
  const lines: string[] = [];
  const tasks: string[] = [];
  const same = (s: string) => s;
  const style = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };
  const task = (title: string): Task => {
    const end = (how: string) => (detail?: string) => void tasks.push(`${how} ${title}${detail ? `: ${detail}` : ""}`);
    return { title, update: () => {}, done: end("done"), skip: end("skip"), fail: end("fail") };
  };
  const io = {
    json: false,
    outIsTTY: false,
    errIsTTY: false,
    width: 120,
    style,
    errStyle: style,
    out: (line: string) => void lines.push(line),
    err: (line: string) => void lines.push(line),
    task,
  } as unknown as IO;
  return {
    io,
    env: {},
    cwd: tmpdir(),
    globals: { json: false, color: false, verbose: false },
    signal: options.signal ?? new AbortController().signal,
    now: () => new Date(),
    lines,
    tasks,
  };
}
