import { WindopsError } from "../../io/errors/errors.ts";
import type { Change, Resource, World } from "../resource.ts";
import { OWNER_TAG } from "../settings/tags.ts";

export type Action = "create" | "change" | "wait" | "keep";

/** A resource with what was read of it and what is to be done about it. */
export interface PlanItem {
  resource: Resource;
  state: unknown;
  action: Action;
  changes: Change[];
}

export interface Plan {
  /** In an order in which each comes after those that it needs. */
  items: PlanItem[];
  world: PlanWorld;
}

class PlanWorld implements World {
  readonly #states: Map<string, unknown>;
  readonly #changing = new Set<string>();

  constructor(states: Iterable<readonly [string, unknown]>) {
    this.#states = new Map(states);
  }

  get(id: string): unknown {
    return this.#states.get(id);
  }

  changing(id: string): boolean {
    return this.#changing.has(id);
  }

  willChange(id: string): void {
    this.#changing.add(id);
  }

  settled(id: string, state: unknown): void {
    this.#states.set(id, state);
    this.#changing.delete(id);
  }
}

/**
 * Reads all resources at once and compares: calls nothing but reads.
 *
 * @param applied those that will be brought to what is wanted (all if left out); the others stay as they are, and what needs them
 *   has to take them so
 */
export async function makePlan(resources: Resource[], applied = new Set(resources)): Promise<Plan> {
  const states = await Promise.all(resources.map(async (resource) => [resource.id, await resource.read()] as const));
  const world = new PlanWorld(states);
  const items = inOrder(resources).map((resource) => {
    const item = planItem(resource, world);
    if (applied.has(resource) && (item.action === "create" || item.action === "change")) world.willChange(resource.id);
    return item;
  });
  return { items, world };
}

/** Each after those that it needs; else as listed. */
export function inOrder(resources: Resource[]): Resource[] {
  const byId = new Map(resources.map((resource) => [resource.id, resource]));
  const ordered = new Set<Resource>();
  const visit = (resource: Resource) => {
    for (const need of resource.needs) if (byId.has(need)) visit(byId.get(need)!);
    ordered.add(resource);
  };
  resources.forEach(visit);
  return [...ordered];
}

function planItem(resource: Resource, world: World): PlanItem {
  const state = world.get(resource.id);
  if (state === undefined) return { resource, state, action: "create", changes: [] };
  const changes = resource.diff(state, world);
  const pending = resource.pending?.(state);
  const action = changes.length > 0 ? "change" : pending === undefined ? "keep" : "wait";
  return { resource, state, action, changes };
}

/** What has this resource's name without being this pipeline's: whose it is, or undefined where it's ours. */
export function foreignOwner(resource: Resource, state: unknown, pipeline: string): string | undefined {
  const tags = resource.tags?.(state);
  if (tags === undefined || tags[OWNER_TAG] === pipeline) return undefined;
  return tags[OWNER_TAG] === undefined ? "it has no windops:pipeline tag" : `it belongs to "${tags[OWNER_TAG]}"`;
}

/** Throws where something in the plan isn't ours (unless `adopt`) or can't be changed in place. */
export function checkPlan(plan: Plan, pipeline: string, adopt: boolean): void {
  const present = plan.items.filter(({ state }) => state !== undefined);
  const foreign = present.flatMap(({ resource, state }) => {
    const owner = foreignOwner(resource, state, pipeline);
    return owner === undefined ? [] : [`${resource.type} ${resource.name} (${owner})`];
  });
  if (foreign.length > 0 && !adopt) throw notOurs(foreign);
  for (const { resource, state } of plan.items) resource.check?.(state);
  for (const { resource, changes } of present) refuseImmutable(resource, changes);
}

export function notOurs(foreign: string[]): WindopsError {
  return new WindopsError("E_NOT_OURS", `Not made by this pipeline, so left alone: ${foreign.join("; ")}.`, {
    hint: "Choose another --prefix, or take them over with --adopt.",
  });
}

export function refuseImmutable(resource: Resource, changes: Change[]): void {
  const fixed = changes.find((change) => change.immutable);
  if (!fixed) return;
  throw new WindopsError(
    "E_IMMUTABLE",
    `${resource.type} ${resource.name}: its ${fixed.property} is ${fixed.from ?? "none"} and can't be made ${fixed.to}.`,
    { hint: "Save its data, remove it (`windops destroy`) and set up again, or choose another name or --prefix." },
  );
}
