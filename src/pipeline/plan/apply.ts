import { isAbsent, isConflict, isQuota, isTransient } from "../../aws/failures.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import type { Task } from "../../io/terminal/io.ts";
import type { Change, Resource } from "../resource.ts";
import { delay, type Pace } from "./pace.ts";
import { checkPlan, foreignOwner, notOurs, type Plan, type PlanItem, refuseImmutable } from "./plan.ts";

export interface ApplyOptions {
  pipeline: string;
  adopt: boolean;
  pace: Pace;
  signal: AbortSignal;
  task(title: string): Task;
}

/** What was done to one resource. */
export interface Applied {
  id: string;
  type: string;
  name: string;
  action: "created" | "changed" | "unchanged";
  changes: Change[];
}

const DEADLINE_MS = 300_000;
/** More successful changes than any resource needs: the service undoes them, or they aren't seen. */
const MOST_UPDATES = 20;

/**
 * Brings every resource of the plan to what is wanted: independent ones at once, each once those it needs are
 * there. Whatever happens in between (conflict, throttling, a state that takes time) is answered by reading again.
 */
export async function applyPlan(plan: Plan, options: ApplyOptions): Promise<Applied[]> {
  checkPlan(plan, options.pipeline, options.adopt);
  const running = new Map<string, Promise<Applied>>();
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const items = new Map(plan.items.map((item) => [item.resource.id, item]));

  const run = (item: PlanItem): Promise<Applied> => {
    const { id } = item.resource;
    let promise = running.get(id);
    if (!promise) {
      const needed = item.resource.needs.flatMap((need) => items.get(need) ?? []).map(run);
      promise = Promise.all(needed).then(() => applyItem(item, plan, { ...options, signal }));
      promise.catch(() => failed.abort());
      running.set(id, promise);
    }
    return promise;
  };
  const results = await Promise.allSettled(plan.items.map(run));
  const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (errors.length > 0) throw errors.find((error) => error.code !== "E_INTERRUPTED") ?? errors[0];
  return results.map((result) => (result as PromiseFulfilledResult<Applied>).value);
}

async function applyItem(item: PlanItem, plan: Plan, options: ApplyOptions): Promise<Applied> {
  const { resource } = item;
  const { id, type, name } = resource;
  // What it needs may have changed since the plan was made (a jar has a new version): compare again, without reading.
  const changes = item.state === undefined ? [] : resource.diff(item.state, plan.world);
  const idle = item.state !== undefined && changes.length === 0 && resource.pending?.(item.state) === undefined;
  if (idle) return { id, type, name, action: "unchanged", changes: [] };
  if (options.signal.aborted) throw interrupted();

  const task = options.task(`${type} ${name}`);
  try {
    const state = await converge(item, plan, options, task);
    await resource.afterwards?.(state);
    plan.world.settled(id, state);
    const action = item.state === undefined ? "created" : changes.length > 0 ? "changed" : "unchanged";
    task.done([action, resource.note?.(state)].filter(Boolean).join(", "));
    return { id, type, name, action, changes };
  } catch (error) {
    task.fail((error as Error).message);
    throw isQuota(error) ? overQuota(resource, error as Error) : error;
  }
}

/** Reads, compares and acts until nothing is left to do; returns the state then. */
async function converge(item: PlanItem, plan: Plan, options: ApplyOptions, task: Task): Promise<unknown> {
  const { resource } = item;
  const { pace, signal } = options;
  const end = pace.now() + (resource.deadline ?? DEADLINE_MS);
  let { state } = item;
  let attempt = 0;
  let updates = 0;
  let last = "";
  for (;;) {
    try {
      if (updates > 0 || attempt > 0) state = await resource.read();
      const step = await act(resource, state, plan, options);
      if (step === "done") return state;
      if (step === "acted") {
        updates++;
        attempt = 0;
        if (updates <= MOST_UPDATES) continue;
        throw unsettled(resource, state, plan);
      }
      last = step;
    } catch (error) {
      if (!passes(resource, error as Error)) throw error;
      last = (error as Error).message;
    }
    task.update(last);
    if (signal.aborted) throw interrupted();
    if (pace.now() > end) throw late(resource, last);
    await pace.sleep(delay(pace, attempt++), signal);
    if (signal.aborted) throw interrupted();
  }
}

/** One step: "done", "acted", or the state being waited for. */
async function act(resource: Resource, state: unknown, plan: Plan, options: ApplyOptions): Promise<string> {
  if (state === undefined) {
    await resource.create(plan.world);
    return "acted";
  }
  const owner = foreignOwner(resource, state, options.pipeline);
  if (owner !== undefined && !options.adopt) throw notOurs([`${resource.type} ${resource.name} (${owner})`]);
  const pending = resource.pending?.(state);
  if (pending !== undefined) return pending;
  const changes = resource.diff(state, plan.world);
  if (changes.length === 0) return "done";
  refuseImmutable(resource, changes);
  await resource.update?.(state, changes, plan.world);
  return "acted";
}

/** Also what isn't there: it was made a moment ago and isn't known everywhere, or somebody removes it. Reading again tells. */
function passes(resource: Resource, error: Error): boolean {
  return isTransient(error) || isConflict(error) || isAbsent(error) || resource.passes?.(error) === true;
}

export function interrupted(): WindopsError {
  return new WindopsError("E_INTERRUPTED", "Interrupted.", {
    hint: "Run the same command again: it goes on from here.",
    exitCode: 130,
  });
}

function overQuota({ type, name }: Resource, cause: Error): WindopsError {
  return new WindopsError("E_QUOTA", `${type} ${name}: the account's quota is reached: ${cause.message}`, {
    hint: "Ask for a higher quota (AWS console, Service Quotas) or remove what isn't needed, then run the command again.",
    cause,
  });
}

function late(resource: Resource, last: string): WindopsError {
  return new WindopsError("E_TIMEOUT", `${resource.type} ${resource.name} isn't ready in time: ${last}`, {
    hint: "Run the same command again to go on waiting; `windops doctor` looks for a cause.",
  });
}

function unsettled(resource: Resource, state: unknown, plan: Plan): WindopsError {
  const what =
    state === undefined
      ? "existence"
      : resource
          .diff(state, plan.world)
          .map((c) => c.property)
          .join(", ");
  return new WindopsError("E_UNSETTLED", `${resource.type} ${resource.name} doesn't keep what is set: ${what}.`, {
    hint: "Something else may be changing it: look at its history (CloudTrail), then run the command again.",
  });
}
