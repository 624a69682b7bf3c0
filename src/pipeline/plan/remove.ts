import { isAbsent, isConflict, isTransient } from "../../aws/failures.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import type { Task } from "../../io/terminal/io.ts";
import type { Resource } from "../resource.ts";
import { interrupted } from "./apply.ts";
import { delay, type Pace } from "./pace.ts";
import { foreignOwner, makePlan } from "./plan.ts";

export interface RemoveOptions {
  pipeline: string;
  keepData: boolean;
  pace: Pace;
  signal: AbortSignal;
  task(title: string): Task;
}

/** What of the pipeline is there, by whose it is. */
export interface Inventory {
  ours: Resource[];
  /** Kept because of `keepData`. */
  kept: Resource[];
  /** Of the same name, but not this pipeline's. */
  foreign: Resource[];
}

const DEADLINE_MS = 600_000;

/** Lists what is there. A part of another resource is whose that resource is. */
export async function inventory(resources: Resource[], pipeline: string, keepData: boolean): Promise<Inventory> {
  const { items } = await makePlan(resources);
  const found: Inventory = { ours: [], kept: [], foreign: [] };
  const foreignIds = new Set<string>();
  for (const { resource, state } of items) {
    if (state !== undefined && foreignOwner(resource, state, pipeline)) foreignIds.add(resource.id);
  }
  for (const { resource, state } of items) {
    if (state === undefined) continue;
    if (foreignIds.has(resource.partOf ?? resource.id)) {
      found.foreign.push(resource);
    } else if (keepData && resource.holdsData) found.kept.push(resource);
    else found.ours.push(resource);
  }
  return found;
}

/** Removes `resources`, each once nothing among them needs it any more. */
export async function removeAll(resources: Resource[], options: RemoveOptions): Promise<void> {
  const running = new Map<string, Promise<void>>();
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const run = (resource: Resource): Promise<void> => {
    let promise = running.get(resource.id);
    if (!promise) {
      const dependants = resources.filter((other) => other.needs.includes(resource.id)).map(run);
      promise = Promise.all(dependants).then(() => removeOne(resource, { ...options, signal }));
      promise.catch(() => failed.abort());
      running.set(resource.id, promise);
    }
    return promise;
  };
  const results = await Promise.allSettled(resources.map(run));
  const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (errors.length > 0) throw errors.find((error) => error.code !== "E_INTERRUPTED") ?? errors[0];
}

async function removeOne(resource: Resource, { pipeline, pace, signal, task: start }: RemoveOptions): Promise<void> {
  // It goes with what it is a part of.
  if (!resource.remove) return;
  if (signal.aborted) throw interrupted();
  const task = start(`${resource.type} ${resource.name}`);
  const end = pace.now() + (resource.deadline ?? DEADLINE_MS);
  let last = "";
  for (let attempt = 0; ; attempt++) {
    try {
      const state = await resource.read();
      if (state === undefined || foreignOwner(resource, state, pipeline)) break;
      last = resource.pending?.(state) ?? "";
      await resource.remove?.(state);
    } catch (error) {
      const e = error as Error;
      const passes = isTransient(e) || isConflict(e) || isAbsent(e) || resource.passes?.(e) === true;
      if (!passes) {
        task.fail(e.message);
        throw error;
      }
      last = e.message;
    }
    if (last) task.update(last);
    if (pace.now() > end) throw stuck(resource, last, task);
    await pace.sleep(delay(pace, attempt), signal);
    if (signal.aborted) throw interrupted();
  }
  task.done("removed");
}

function stuck(resource: Resource, last: string, task: Task): WindopsError {
  task.fail(last);
  return new WindopsError("E_TIMEOUT", `${resource.type} ${resource.name} isn't gone in time: ${last}`, {
    hint: "Run `windops destroy` again to go on.",
  });
}
