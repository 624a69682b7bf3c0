import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Stack, Store } from "../../service.ts";
import { deliver } from "./destination.ts";
import type { Functions } from "./functions.ts";
import type { FunctionRecord } from "./model.ts";
import type { InvocationResult } from "./sandbox.ts";

interface QueuedEvent {
  requestId: string;
  region: string;
  function: string;
  payload: string;
  queuedAt: number;
  /** Attempts that the function ended in an error. */
  failures: number;
  /** Not before. */
  dueAt: number;
}

/** Milliseconds before the second and third attempt, as AWS waits. */
const RETRY_DELAYS: readonly number[] = [60_000, 120_000];
const MAXIMUM_AGE_S = 21_600;

/** The events of asynchronous invocations: durable, delivered at least once, retried twice unless told otherwise. */
export class AsyncQueue {
  #stack: Stack;
  #functions: Functions;
  #store: Store<QueuedEvent>;
  #delays: readonly number[];
  #stop = new AbortController();
  #running = new Set<Promise<void>>();

  constructor(stack: Stack, functions: Functions, delays: readonly number[] = RETRY_DELAYS) {
    this.#stack = stack;
    this.#functions = functions;
    this.#store = stack.store("lambda-events");
    this.#delays = delays;
  }

  /** Goes on with what an earlier process left. */
  start(): void {
    for (const [id] of this.#store.entries()) this.#work(id);
  }

  add(f: FunctionRecord, payload: string, requestId: string): void {
    const now = this.#stack.now();
    const id = randomUUID();
    this.#store.put(id, {
      requestId,
      region: f.region,
      function: f.name,
      payload,
      queuedAt: now,
      failures: 0,
      dueAt: now,
    });
    this.#work(id);
  }

  #work(id: string): void {
    const work = this.#deliver(id)
      .catch((error) => {
        if (!this.#stop.signal.aborted) this.#stack.log(`asynchronous invocation: ${(error as Error).message}`);
      })
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async #deliver(id: string): Promise<void> {
    const { signal } = this.#stop;
    let throttled = 0;
    for (let event = this.#store.get(id); event; event = this.#store.get(id)) {
      const delay = event.dueAt - this.#stack.now();
      if (delay > 0) await wait(delay, undefined, { signal, ref: false });
      const f = this.#functions.store.get(`${event.region}/${event.function}`);
      // The function was deleted: its events go with it.
      if (!f) return void this.#store.delete(id);
      const { maximumRetryAttempts = 2, maximumEventAgeInSeconds = MAXIMUM_AGE_S } = f.eventInvoke ?? {};
      if (this.#stack.now() - event.queuedAt > maximumEventAgeInSeconds * 1000) {
        return this.#finish(id, f, event, "EventAgeExceeded", undefined);
      }
      let result: InvocationResult;
      try {
        const current = () => this.#functions.get(f.name, f.region);
        result = await this.#functions.pool(f).invoke(current, event.payload, { requestId: event.requestId });
      } catch {
        // Throttled or not active yet: that isn't the function's failure.
        await wait(Math.min(30_000, 100 * 2 ** throttled++), undefined, { signal, ref: false });
        continue;
      }
      // The stack's end killed the function: the next process delivers the event again.
      if (signal.aborted) return;
      if (!result.functionError) return this.#finish(id, f, event, "Success", result);
      const failures = event.failures + 1;
      if (failures > maximumRetryAttempts) {
        return this.#finish(id, f, { ...event, failures }, "RetriesExhausted", result);
      }
      const again = this.#delays[Math.min(failures, this.#delays.length) - 1] ?? 0;
      this.#store.put(id, { ...event, failures, dueAt: this.#stack.now() + again });
    }
  }

  async #finish(
    id: string,
    f: FunctionRecord,
    event: QueuedEvent,
    condition: "Success" | "RetriesExhausted" | "EventAgeExceeded",
    result: InvocationResult | undefined,
  ): Promise<void> {
    const { OnSuccess, OnFailure } = f.eventInvoke?.destinationConfig ?? {};
    const destination = (condition === "Success" ? OnSuccess : OnFailure)?.Destination;
    if (destination) {
      const timestamp = new Date(this.#stack.now()).toISOString();
      const report = {
        version: "1.0",
        timestamp,
        requestContext: {
          requestId: event.requestId,
          functionArn: `${f.arn}:$LATEST`,
          condition,
          approximateInvokeCount: event.failures + (condition === "Success" ? 1 : 0),
        },
        requestPayload: JSON.parse(event.payload),
        responseContext: result && { statusCode: 200, executedVersion: "$LATEST", functionError: result.functionError },
        responsePayload: result && JSON.parse(result.payload),
      };
      const key = `aws/lambda/async/${f.name}/${timestamp.slice(0, 10).replaceAll("-", "/")}/${timestamp}-${randomUUID()}`;
      await deliver(this.#stack, destination, report, f.region, key);
    }
    this.#store.delete(id);
  }

  /** Stops retrying; what is queued stays for the next process. */
  stop(): void {
    this.#stop.abort();
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.all(this.#running);
  }
}
