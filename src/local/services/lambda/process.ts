import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface ProcessOptions {
  /** Folder of the unpacked code. */
  taskRoot: string;
  /** Megabytes. */
  memorySize: number;
  environment: Record<string, string>;
  log(text: string): void;
}

export interface InvokeMessage {
  requestId: string;
  /** JSON. */
  payload: string;
  deadlineMs: number;
  arn: string;
  traceId: string;
  clientContext?: string;
}

/** As the runtime reports it. */
export interface RuntimeError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

export type Outcome =
  | { kind: "result"; payload: string; rss: number }
  | { kind: "error"; error: RuntimeError; rss: number; fatal?: boolean }
  /** The process ended without an answer. */
  | { kind: "exit"; code: number | null; signal: NodeJS.Signals | null };

type FromChild =
  | { type: "ready" }
  | { type: "log"; text: string }
  | { type: "result"; payload: string; rss: number }
  | { type: "error" | "init-error"; error: RuntimeError; rss?: number; fatal?: boolean };

// Beside this file in the sources; in the build this code is in a chunk, and the bootstrap beside the stack's main file.
const bootstrap = ["./bootstrap.mjs", "../local/bootstrap.mjs"]
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path));

/** One execution environment: a Node process that runs one invocation at a time. */
export class FunctionProcess {
  /** Resolves with undefined when the handler is loaded, or with why it could not be. */
  readonly ready: Promise<RuntimeError | Outcome | undefined>;
  readonly pid: number | undefined;
  #child: ChildProcess;
  #ended: Extract<Outcome, { kind: "exit" }> | undefined;
  #settle: ((outcome: Outcome) => void) | undefined;

  constructor(options: ProcessOptions) {
    if (!bootstrap) throw new Error("the functions' bootstrap.mjs is missing from this installation");
    this.#child = spawn(process.execPath, [`--max-old-space-size=${options.memorySize}`, bootstrap], {
      cwd: options.taskRoot,
      env: options.environment,
      // Advanced: payloads of megabytes aren't escaped twice.
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.pid = this.#child.pid;
    // The runtime sends output over the channel, in order with the answers; what comes here is Node's own, as it dies.
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => options.log(text));
    }
    let loaded: (why: RuntimeError | Outcome | undefined) => void = () => {};
    this.ready = new Promise((resolve) => {
      loaded = resolve;
    });
    this.#child.on("message", (message: FromChild) => {
      if (message.type === "log") options.log(message.text);
      else if (message.type === "ready") loaded(undefined);
      else if (message.type === "init-error") loaded(message.error);
      else if (message.type === "result") this.#finish({ kind: "result", payload: message.payload, rss: message.rss });
      else this.#finish({ kind: "error", error: message.error, rss: message.rss ?? 0, fatal: message.fatal === true });
    });
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      if (this.#ended) return;
      this.#ended = { kind: "exit", code, signal };
      loaded(this.#ended);
      this.#finish(this.#ended);
    };
    this.#child.on("close", end);
    // A grandchild that keeps the pipes open must not keep the invocation.
    this.#child.on("exit", (code, signal) => setTimeout(end, 1000, code, signal).unref());
    this.#child.on("error", (error) => {
      options.log(`the function's process: ${error.message}\n`);
      end(null, null);
    });
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  #finish(outcome: Outcome): void {
    this.#settle?.(outcome);
    this.#settle = undefined;
  }

  /** One at a time. Resolves with the outcome; a kill from outside ends it as an exit. */
  invoke(message: InvokeMessage): Promise<Outcome> {
    if (this.#ended) return Promise.resolve(this.#ended);
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#child.send(message, (error) => {
        if (error) this.kill();
      });
    });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Kills the process and resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.kill();
    await gone;
  }
}
