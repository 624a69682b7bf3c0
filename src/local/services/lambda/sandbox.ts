import { randomUUID } from "node:crypto";
import type { Stack } from "../../service.ts";
import { processEnvironment, traceId } from "./environment.ts";
import { LogStream } from "./logs.ts";
import { type FunctionRecord, logGroup } from "./model.ts";
import { FunctionProcess, type Outcome, type RuntimeError } from "./process.ts";

/** Bytes of a synchronous answer. */
const ANSWER_LIMIT = 6_291_556;
const INIT_TIMEOUT_MS = 10_000;

export interface InvocationResult {
  requestId: string;
  /** JSON. */
  payload: string;
  functionError?: "Unhandled";
  /** What the invocation logged, with START, END and REPORT. */
  log: string;
}

export interface InvocationOptions {
  requestId?: string;
  clientContext?: string;
}

/** One execution environment of a function: its process and log stream, one invocation at a time. */
export class Sandbox {
  #stack: Stack;
  #f: FunctionRecord;
  #process: FunctionProcess;
  #stream: LogStream;
  #lines: string[] = [];
  #startedAt: number;
  #startMs: number | undefined;
  /** Of the function, when the process began. */
  readonly revision: string;
  /** Fatal error, timeout or exit: takes no more invocations. */
  spent = false;

  constructor(stack: Stack, f: FunctionRecord, taskRoot: string) {
    this.#stack = stack;
    this.#f = f;
    this.revision = f.revisionId;
    this.#stream = new LogStream(stack, f.region, logGroup(f));
    this.#startedAt = performance.now();
    this.#process = new FunctionProcess({
      taskRoot,
      memorySize: f.memorySize,
      environment: processEnvironment(f, { endpoint: stack.endpoint, taskRoot, logStream: this.#stream.name }),
      log: (text) => this.#write(text),
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Milliseconds from the start of its process until its handler was loaded; undefined before. */
  get startMs(): number | undefined {
    return this.#startMs;
  }

  get ended(): boolean {
    return this.spent || this.#process.ended;
  }

  #write(text: string): void {
    const line = text.endsWith("\n") ? text : `${text}\n`;
    this.#lines.push(line);
    this.#stream.write(line);
  }

  async invoke(payload: string, options: InvocationOptions): Promise<InvocationResult> {
    const requestId = options.requestId ?? randomUUID();
    const initialised = await this.#initialised();
    const cold = this.#startMs === undefined;
    this.#startMs ??= performance.now() - this.#startedAt;
    if (!cold) this.#lines.length = 0;
    this.#write(`START RequestId: ${requestId} Version: $LATEST`);
    const started = performance.now();
    const outcome = initialised ?? (await this.#run(payload, requestId, options));
    const duration = performance.now() - started;
    const answer = this.#answer(outcome, requestId);
    const rss = outcome !== "timeout" && outcome !== "init-timeout" && "rss" in outcome ? outcome.rss : 0;
    this.#write(`END RequestId: ${requestId}`);
    this.#write(
      `REPORT RequestId: ${requestId}\tDuration: ${duration.toFixed(2)} ms\tBilled Duration: ${Math.ceil(duration)} ms\t` +
        `Memory Size: ${this.#f.memorySize} MB\tMax Memory Used: ${Math.ceil(rss / 2 ** 20)} MB` +
        `${cold ? `\tInit Duration: ${this.#startMs.toFixed(2)} ms` : ""}`,
    );
    return { requestId, ...answer, log: this.#lines.join("") };
  }

  /** What stood in the way of loading the handler, if anything. */
  async #initialised(): Promise<InitFailure | undefined> {
    const late = timer(INIT_TIMEOUT_MS);
    const why = await Promise.race([this.#process.ready, late.passed]);
    late.clear();
    if (why === undefined) return undefined;
    this.spent = true;
    this.#process.kill();
    if (why === "timeout") return "init-timeout";
    return "kind" in why ? why : { kind: "error", error: why, rss: 0 };
  }

  async #run(payload: string, requestId: string, options: InvocationOptions): Promise<Outcome | "timeout"> {
    const limit = this.#f.timeout * 1000;
    const late = timer(limit);
    const outcome = await Promise.race([
      this.#process.invoke({
        requestId,
        payload,
        deadlineMs: Date.now() + limit,
        arn: this.#f.arn,
        traceId: traceId(this.#stack.now()),
        clientContext: options.clientContext,
      }),
      late.passed,
    ]);
    late.clear();
    if (outcome === "timeout" || outcome.kind === "exit" || (outcome.kind === "error" && outcome.fatal)) {
      this.spent = true;
      this.#process.kill();
    }
    return outcome;
  }

  #answer(
    outcome: Outcome | "timeout" | "init-timeout",
    requestId: string,
  ): Pick<InvocationResult, "payload" | "functionError"> {
    const unhandled = (error: RuntimeError) => ({
      payload: JSON.stringify(error),
      functionError: "Unhandled" as const,
    });
    const prefix = `RequestId: ${requestId} Error: `;
    if (outcome === "timeout" || outcome === "init-timeout") {
      const seconds = outcome === "timeout" ? this.#f.timeout : INIT_TIMEOUT_MS / 1000;
      const text = `Task timed out after ${seconds.toFixed(2)} seconds`;
      this.#write(`${new Date(this.#stack.now()).toISOString()} ${requestId} ${text}`);
      return unhandled({ errorType: "Sandbox.Timedout", errorMessage: `${prefix}${text}` });
    }
    if (outcome.kind === "exit") {
      const { code, signal } = outcome;
      const how = signal ? `signal: ${SIGNALS[signal] ?? signal}` : `exit status ${code}`;
      const text = code === 0 ? "Runtime exited without providing a reason" : `Runtime exited with error: ${how}`;
      this.#write(`${prefix}${text}\nRuntime.ExitError`);
      return unhandled({ errorType: "Runtime.ExitError", errorMessage: `${prefix}${text}` });
    }
    if (outcome.kind === "error") return unhandled(outcome.error);
    if (Buffer.byteLength(outcome.payload) > ANSWER_LIMIT) {
      return unhandled({
        errorType: "Function.ResponseSizeTooLarge",
        errorMessage: `Response payload size exceeded maximum allowed payload size (${ANSWER_LIMIT} bytes).`,
      });
    }
    return { payload: outcome.payload };
  }

  async end(): Promise<void> {
    this.spent = true;
    await this.#process.end();
    await this.#stream.flush();
  }
}

type InitFailure = Outcome | "init-timeout";

const SIGNALS: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: "killed",
  SIGABRT: "aborted",
  SIGTERM: "terminated",
};

function timer(ms: number): { passed: Promise<"timeout">; clear(): void } {
  let handle: NodeJS.Timeout | undefined;
  const passed = new Promise<"timeout">((resolve) => {
    handle = setTimeout(resolve, ms, "timeout");
  });
  return { passed, clear: () => clearTimeout(handle) };
}
