import { AwsError } from "../../errors.ts";
import type { Stack } from "../../service.ts";
import { count } from "../cloudwatch/count.ts";
import type { CodeStore } from "./code.ts";
import { conflict, type FunctionRecord } from "./model.ts";
import { type InvocationOptions, type InvocationResult, Sandbox } from "./sandbox.ts";

/** Processes a function at most: invocations beyond it wait, where AWS would start a thousand. */
const PROCESSES = 8;
/** Milliseconds that an idle process is kept warm. */
const IDLE_MS = 10 * 60_000;
/** Milliseconds that starting a process is taken to need until one has shown it. */
const START_MS = 300;

interface Warm {
  sandbox: Sandbox;
  idle: NodeJS.Timeout | undefined;
}

type Waiter = { take(sandbox: Sandbox | undefined): void; fail(error: Error): void };

/**
 * The execution environments of one function: kept warm, renewed when code or configuration change. While others are busy, an invocation waits
 * for one of them as long as a new process would take to start: a burst of short ones then shares the processes that are there, where a
 * machine's few cores would start eight at once and do nothing else meanwhile.
 */
export class Pool {
  #stack: Stack;
  #code: CodeStore;
  #revision = "";
  #idle: Warm[] = [];
  #all = new Set<Sandbox>();
  #running = 0;
  #waiting: (() => void)[] = [];
  /** Invocations that have their turn and look for an environment. */
  #seeking: Waiter[] = [];
  #startMs = START_MS;

  constructor(stack: Stack, code: CodeStore) {
    this.#stack = stack;
    this.#code = code;
  }

  /** The environments' processes, and whether each has an invocation in hand. */
  processes(): { pid: number; busy: boolean }[] {
    const idle = new Set(this.#idle.map(({ sandbox }) => sandbox));
    return [...this.#all].flatMap((sandbox) =>
      sandbox.pid === undefined || sandbox.ended ? [] : [{ pid: sandbox.pid, busy: !idle.has(sandbox) }],
    );
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
      const sandbox = await this.#environment(current);
      const f = current();
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

  async #environment(current: () => FunctionRecord): Promise<Sandbox> {
    const warm = this.#warm(current());
    if (warm) return warm;
    if (this.#running > 1) {
      const handed = await this.#handed();
      if (handed) return handed;
    }
    const f = current();
    const sandbox = this.#warm(f) ?? new Sandbox(this.#stack, f, this.#code.taskRoot(f.codeFile));
    this.#all.add(sandbox);
    return sandbox;
  }

  /** An idle environment of the function as it is now. */
  #warm(f: FunctionRecord): Sandbox | undefined {
    if (this.#revision !== f.revisionId) this.#renew(f.revisionId);
    for (let warm = this.#idle.pop(); warm; warm = this.#idle.pop()) {
      clearTimeout(warm.idle);
      if (!warm.sandbox.ended) return warm.sandbox;
      this.#all.delete(warm.sandbox);
    }
    return undefined;
  }

  /** The next environment that becomes free, if one does before a new one would be there. */
  #handed(): Promise<Sandbox | undefined> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        this.#seeking = this.#seeking.filter((one) => one !== waiter);
      };
      const waiter: Waiter = {
        take: (sandbox) => {
          leave();
          resolve(sandbox);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      const timer = setTimeout(() => waiter.take(undefined), this.#startMs);
      this.#seeking.push(waiter);
    });
  }

  #release(sandbox: Sandbox): void {
    this.#startMs = sandbox.startMs ?? this.#startMs;
    if (sandbox.ended || sandbox.revision !== this.#revision) {
      void this.#drop(sandbox);
      this.#seeking[0]?.take(undefined);
      return;
    }
    if (this.#seeking[0]) {
      this.#seeking[0].take(sandbox);
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
    for (const waiter of [...this.#seeking]) waiter.fail(new Error("the embedded stack ends"));
    for (const { idle } of this.#idle) clearTimeout(idle);
    await Promise.all([...this.#all].map((sandbox) => this.#drop(sandbox)));
  }
}
