import { count } from "../cloudwatch/count.ts";
import { AwsError } from "../errors.ts";
import type { Stack } from "../service.ts";
import type { CodeStore } from "./code.ts";
import { conflict, type FunctionRecord } from "./model.ts";
import { type InvocationOptions, type InvocationResult, Sandbox } from "./sandbox.ts";

/** Processes a function at most: invocations beyond it wait, where AWS would start a thousand. */
const PROCESSES = 8;
/** Milliseconds that an idle process is kept warm. */
const IDLE_MS = 10 * 60_000;

interface Warm {
  sandbox: Sandbox;
  idle: NodeJS.Timeout | undefined;
}

/** The execution environments of one function: kept warm, renewed when code or configuration change. */
export class Pool {
  #stack: Stack;
  #code: CodeStore;
  #revision = "";
  #idle: Warm[] = [];
  #all = new Set<Sandbox>();
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(stack: Stack, code: CodeStore) {
    this.#stack = stack;
    this.#code = code;
  }

  /** Process ids of the environments. */
  pids(): number[] {
    return [...this.#all].flatMap((sandbox) => sandbox.pid ?? []);
  }

  /**
   * Runs the function as `current` gives it when its turn comes. Throws `AwsError` TooManyRequestsException at the
   * function's reserved concurrency, ResourceConflictException before it is active.
   */
  async invoke(
    current: () => FunctionRecord,
    payload: string,
    options: InvocationOptions = {},
  ): Promise<InvocationResult> {
    const { reservedConcurrency, state } = current();
    if (state !== "Active") {
      throw conflict(
        `The operation cannot be performed at this time. The function is currently in the following state: ${state}`,
      );
    }
    if (reservedConcurrency !== undefined && this.#running + this.#waiting.length >= reservedConcurrency) {
      throw new AwsError("TooManyRequestsException", "Rate Exceeded.", 429, {
        Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
        Type: "User",
      });
    }
    if (this.#running >= PROCESSES) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      const f = current();
      const sandbox = this.#take(f);
      const result = await sandbox.invoke(payload, options);
      this.#release(sandbox);
      const Errors = result.functionError ? 1 : 0;
      count(this.#stack, f.region, "AWS/Lambda", { Name: "FunctionName", Value: f.name }, { Invocations: 1, Errors });
      return result;
    } finally {
      // The turn goes on to the next in line, or back.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  #take(f: FunctionRecord): Sandbox {
    if (this.#revision !== f.revisionId) this.#renew(f.revisionId);
    for (let warm = this.#idle.pop(); warm; warm = this.#idle.pop()) {
      clearTimeout(warm.idle);
      if (!warm.sandbox.ended) return warm.sandbox;
      this.#all.delete(warm.sandbox);
    }
    const sandbox = new Sandbox(this.#stack, f, this.#code.taskRoot(f.codeFile));
    this.#all.add(sandbox);
    return sandbox;
  }

  #release(sandbox: Sandbox): void {
    if (sandbox.ended || sandbox.revision !== this.#revision) {
      void this.#drop(sandbox);
      return;
    }
    const idle = setTimeout(() => {
      this.#idle = this.#idle.filter((warm) => warm.sandbox !== sandbox);
      void this.#drop(sandbox);
    }, IDLE_MS);
    this.#idle.push({ sandbox, idle: idle.unref() });
  }

  /** Code or configuration changed: idle environments go, busy ones finish first. */
  #renew(revision: string): void {
    this.#revision = revision;
    for (const { sandbox, idle } of this.#idle.splice(0)) {
      clearTimeout(idle);
      void this.#drop(sandbox);
    }
  }

  async #drop(sandbox: Sandbox): Promise<void> {
    await sandbox.end();
    this.#all.delete(sandbox);
  }

  /** Kills every process. */
  async close(): Promise<void> {
    for (const { idle } of this.#idle) clearTimeout(idle);
    await Promise.all([...this.#all].map((sandbox) => this.#drop(sandbox)));
  }
}
