import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WindopsError } from "../../io/errors/errors.ts";
import { makeFolder, unwritable } from "../../io/folder.ts";
import type { Context } from "../../io/terminal/command.ts";
import { type Health, healthOn } from "./health.ts";
import { portHolder } from "./port-holder.ts";
import { isAlive } from "./process.ts";
import { lockFolder, readState, type StackState, stateFolder } from "./state.ts";

export const DEFAULT_PORT = 4577;
const READY_MS = 20_000;

export interface LaunchOptions {
  env: NodeJS.ProcessEnv;
  /** State folder; `stateFolder(env)` if not said. */
  stateDir?: string;
  /** Asked for by the user: taken is then an error. */
  port?: number;
  limits?: boolean;
  engine?: "embedded" | "flink";
  fsync?: boolean;
  /** Path of a chaos file. */
  chaos?: string;
  seed?: number;
  signal?: AbortSignal;
}

export interface LaunchedStack {
  endpoint: string;
  port: number;
  pid: number;
  stateDir: string;
  /** False if it was running already. */
  started: boolean;
}

/** The stack that runs on a state folder, if one does: its state file, and its own word that it is that one. */
export async function findStack(stateDir: string): Promise<StackState | undefined> {
  return (await askStack(stateDir))?.state;
}

/** `findStack`, with what the stack says of itself. */
export async function askStack(stateDir: string): Promise<{ state: StackState; health: Health } | undefined> {
  const state = readState(stateDir);
  if (!state) return undefined;
  const health = await healthOn(state);
  return health?.instance === state.instance ? { state, health } : undefined;
}

/**
 * Finds the running stack or starts it as a background process, and waits until it is ready. Throws `WindopsError`
 * E_PORT_TAKEN (a port that was asked for is taken), E_FOLDER (the state folder can't be written to), E_STACK_START (it didn't start; its log is named).
 */
export async function launchStack(options: LaunchOptions): Promise<LaunchedStack> {
  const stateDir = options.stateDir ?? stateFolder(options.env);
  const found = await findStack(stateDir);
  if (found) {
    if (options.port !== undefined && options.port !== 0 && options.port !== found.port) {
      throw new WindopsError("E_STACK_RUNNING", `The embedded stack already runs on port ${found.port}.`, {
        hint: "Leave --port out, stop it first (windops local down), or pass another --state-dir.",
      });
    }
    return launched(found, stateDir, false);
  }
  makeFolder(stateDir, 0o700);
  const ports = options.port === undefined ? wishedPorts(stateDir) : [options.port];
  for (const [i, port] of ports.entries()) {
    const outcome = await start(options, stateDir, port);
    if (outcome === "ready" || outcome === "other") {
      const state = await waitFor(stateDir, options.signal);
      return launched(state, stateDir, outcome === "ready");
    }
    if (i === ports.length - 1) throw await portTaken(port);
  }
  throw new Error("no port to try");
}

/**
 * The running embedded stack of `ctx`'s state folder and port; started (and said so on stderr) if it isn't running,
 * unless `start` is false: then throws `WindopsError` E_STACK_DOWN.
 */
export async function ensureStack(ctx: Context, options: { start: boolean }): Promise<LaunchedStack> {
  const { stateDir: wished, port } = ctx.globals;
  const stateDir = wished ? resolve(ctx.cwd, wished) : stateFolder(ctx.env);
  if (!options.start) {
    const state = await findStack(stateDir);
    if (!state) throw notRunning(stateDir);
    return launched(state, stateDir, false);
  }
  const stack = await launchStack({ env: ctx.env, stateDir, port, signal: ctx.signal });
  if (stack.started) ctx.io.err(`Started the embedded stack on ${stack.endpoint} (windops local down stops it).`);
  return stack;
}

/** Stops the stack of a state folder, if one runs; resolves when its process has gone. */
export async function stopStack(stateDir: string): Promise<{ stopped: boolean; pid?: number }> {
  const state = await findStack(stateDir);
  if (!state) return { stopped: false };
  await fetch(`http://127.0.0.1:${state.port}/_windops/shutdown`, {
    method: "POST",
    headers: { "x-windops-token": state.token },
    signal: AbortSignal.timeout(5_000),
  }).catch(() => {});
  const deadline = Date.now() + 10_000;
  while (isAlive(state.pid)) {
    if (Date.now() > deadline) {
      throw new WindopsError("E_STACK_STOP", `The embedded stack (pid ${state.pid}) did not stop within 10 s.`, {
        hint: `Its log is ${join(stateDir, "stack.log")}.`,
      });
    }
    await sleep(20);
  }
  return { stopped: true, pid: state.pid };
}

/** Removes what the stack keeps. Only what it made itself: the folder may be the user's own. */
export async function removeData(stateDir: string): Promise<void> {
  const lock = await lockFolder(stateDir);
  try {
    for (const name of ["data", "stack.json", "stack.log", "stack.log.1", "stack.out"]) {
      await rm(join(stateDir, name), { recursive: true, force: true });
    }
  } finally {
    await lock.release();
  }
}

export function notRunning(stateDir: string): WindopsError {
  return new WindopsError("E_STACK_DOWN", `No embedded stack runs on ${stateDir}.`, {
    hint: "Start it with `windops local up`.",
  });
}

const launched = (state: StackState, stateDir: string, started: boolean): LaunchedStack => ({
  endpoint: `http://127.0.0.1:${state.port}`,
  port: state.port,
  pid: state.pid,
  stateDir,
  started,
});

/** The last port this folder's stack had (endpoints that users have exported go on working), the usual one, any. */
function wishedPorts(stateDir: string): number[] {
  const last = readState(stateDir)?.port;
  return [...new Set([...(last === undefined ? [] : [last]), DEFAULT_PORT, 0])];
}

async function waitFor(stateDir: string, signal?: AbortSignal): Promise<StackState> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    signal?.throwIfAborted();
    const state = await findStack(stateDir);
    if (state) return state;
    if (Date.now() > deadline) throw notStarted(stateDir, "It did not answer in time.");
    await sleep(25);
  }
}

type Message = { ready?: true; failed?: { code?: string; message: string; hint?: string } };

/** "other" when another command's stack had the folder first. */
async function start(options: LaunchOptions, stateDir: string, port: number): Promise<"ready" | "other" | "taken"> {
  const args = [stackProgram(), "--state-dir", stateDir, "--port", String(port)];
  if (options.limits === false) args.push("--no-limits");
  if (options.fsync) args.push("--fsync");
  if (options.engine) args.push("--engine", options.engine);
  if (options.chaos) args.push("--chaos", options.chaos);
  if (options.seed !== undefined) args.push("--seed", String(options.seed));
  const out = outputFile(stateDir);
  const child = spawn(process.execPath, args, {
    detached: true,
    windowsHide: true,
    cwd: stateDir,
    env: options.env,
    stdio: ["ignore", out, out, "ipc"],
  });
  closeSync(out);
  const message = await firstMessage(child, options.signal);
  if (child.connected) child.disconnect();
  child.unref();
  if (message.ready) return "ready";
  const { code, message: why, hint } = message.failed!;
  if (code === "E_STACK_RUNNING") return "other";
  if (code === "EADDRINUSE") return "taken";
  throw code === "E_STACK_START" || !code ? notStarted(stateDir, why) : new WindopsError(code, why, { hint });
}

function outputFile(stateDir: string): number {
  try {
    return openSync(join(stateDir, "stack.out"), "w", 0o600);
  } catch (error) {
    throw unwritable(stateDir, error as Error);
  }
}

function firstMessage(child: ChildProcess, signal: AbortSignal | undefined): Promise<Message> {
  return new Promise((resolveMessage) => {
    const timer = setTimeout(() => done({ failed: { message: "It was not ready in time." } }), READY_MS);
    const aborted = () => done({ failed: { message: "Interrupted." } });
    const done = (message: Message) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      if (!message.ready && child.exitCode === null) child.kill();
      resolveMessage(message);
    };
    signal?.addEventListener("abort", aborted, { once: true });
    child.once("message", (message) => done(message as Message));
    child.once("error", (error) => done({ failed: { message: error.message } }));
    child.once("exit", (code, by) =>
      done({ failed: { message: `Its process ended (${by ?? `exit code ${code}`}).` } }),
    );
  });
}

/** The bundled stack: beside this file when bundled itself, else in the project's dist. */
function stackProgram(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = ["local/main.js", "../local/main.js", "../../../dist/local/main.js", "main.js"];
  const program = candidates.map((c) => join(here, c)).find((path) => existsSync(path));
  if (program) return program;
  throw new WindopsError("E_NOT_BUILT", "The embedded stack's program is not built.", { hint: "Run `npm run build`." });
}

function notStarted(stateDir: string, why: string): WindopsError {
  return new WindopsError("E_STACK_START", `The embedded stack did not start. ${why}`, {
    hint: `Its logs are ${join(stateDir, "stack.log")} and ${join(stateDir, "stack.out")}.`,
  });
}

async function portTaken(port: number): Promise<WindopsError> {
  const holder = await portHolder(port);
  return new WindopsError("E_PORT_TAKEN", `Port ${port} is taken${holder ? ` by ${holder}` : ""}.`, {
    hint: "Stop that program, or leave --port out for a free one.",
  });
}
