import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { distFolder } from "../../io/dist.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import type { Context } from "../../io/terminal/command.ts";
import { zipBytes } from "../../io/zip.ts";
import { loadJar } from "../flink/jar.ts";
import { type Change, type Pipeline, pipelineOf, type Resource, type Step } from "../resource.ts";
import { type Artifacts, pipelineResources } from "../resources/index.ts";
import { ids } from "../settings/identities.ts";
import type { Session } from "../settings/session.ts";
import { type Applied, applyPlan, interrupted } from "./apply.ts";
import { type Pace, paceOf } from "./pace.ts";
import { checkPlan, makePlan, type Plan, type PlanItem } from "./plan.ts";

/** What a command needs to provision: pipeline, resources and how fast to ask. */
export interface Provisioning {
  pipeline: Pipeline;
  artifacts: Artifacts;
  pace: Pace;
}

export function provisioning(session: Session, env: NodeJS.ProcessEnv): Provisioning {
  return {
    pipeline: pipelineOf(session),
    artifacts: {
      jar: () => loadJar(session.target, env),
      functionCode: async (folder) =>
        zipBytes({ "index.mjs": await readFile(join(distFolder(), "lambdas", folder, "index.mjs")) }),
    },
    pace: paceOf(session.target.kind),
  };
}

export interface SetupOptions {
  steps: Step[];
  dryRun: boolean;
  adopt: boolean;
  /** Asked before the first change, where there is one to make; false leaves everything as it is. */
  agree?(): Promise<boolean>;
}

export interface SetupResult {
  pipeline: string;
  dryRun: boolean;
  resources: { id: string; type: string; name: string; action: string; changes: Applied["changes"] }[];
  changed: number;
}

/** What is planned, and what it needs of other steps though that differs from what is wanted: used as it is. */
interface SetupPlan extends Plan {
  usedAsIs: PlanItem[];
}

/**
 * The plan for the resources of `wanted` steps (all where none is named). Throws a `WindopsError` where something of another step that
 * they need isn't there.
 */
export async function planSetup({ pipeline, artifacts }: Provisioning, wanted: Step[]): Promise<SetupPlan> {
  const all = wanted.length === 0;
  const isWanted = (step: string) => (wanted as string[]).includes(step);
  const running = all || wanted.includes("start");
  const resources = pipelineResources(pipeline, artifacts, { running });
  const chosen = all ? resources : resources.filter(({ step }) => isWanted(step));
  if (!all && running) chosen.push(...resources.filter(({ id, step }) => id === ids.application && !isWanted(step)));
  const needs = new Set(chosen.flatMap((resource) => resource.needs));
  const involved = resources.filter((resource) => chosen.includes(resource) || needs.has(resource.id));
  const plan = await makePlan(involved, new Set(chosen));
  const missing = plan.items.find(({ resource, state }) => state === undefined && !chosen.includes(resource));
  if (missing) throw stepMissing(missing.resource);
  const others = plan.items.filter(({ resource }) => !chosen.includes(resource));
  return {
    ...plan,
    items: plan.items.filter(({ resource }) => chosen.includes(resource)),
    usedAsIs: others.filter(({ action }) => action === "change"),
  };
}

function stepMissing({ type, name, step }: Resource): WindopsError {
  return new WindopsError("E_STEP_MISSING", `${type} ${name} isn't there, and this step needs it.`, {
    hint: `Run \`windops ${step}\` first, or \`windops setup\` for all steps.`,
  });
}

function usedAsIs({ type, name, step }: Resource, changes: Change[]): string {
  const what = changes.map(({ property }) => property).join(", ");
  return `${type} ${name} isn't as it should be (${what}) and is used as it is: \`windops ${step}\` brings it up to date.`;
}

/** Plans, refuses what isn't ours, and unless `dryRun` applies. */
export async function setup(ctx: Context, what: Provisioning, options: SetupOptions): Promise<SetupResult> {
  const { names } = what.pipeline;
  const plan = await planSetup(what, options.steps);
  checkPlan(plan, names.pipeline, options.adopt);
  for (const { resource, changes } of plan.usedAsIs) ctx.io.err(usedAsIs(resource, changes));
  if (options.dryRun) {
    const resources = plan.items.map(({ resource: { id, type, name }, action, changes }) => {
      return { id, type, name, action, changes };
    });
    const changed = resources.filter(({ action }) => action !== "keep" && action !== "wait").length;
    return { pipeline: names.pipeline, dryRun: true, resources, changed };
  }
  const differs = plan.items.some(({ action }) => action === "create" || action === "change");
  if (differs && options.agree && !(await options.agree())) {
    throw new WindopsError("E_NOT_CONFIRMED", "Nothing was created or changed.", { hint: "See `windops cost`." });
  }
  if (ctx.signal.aborted) throw interrupted();
  const resources = await applyPlan(plan, {
    pipeline: names.pipeline,
    adopt: options.adopt,
    pace: what.pace,
    signal: ctx.signal,
    task: (title) => ctx.io.task(title),
  });
  const changed = resources.filter(({ action }) => action !== "unchanged").length;
  return { pipeline: names.pipeline, dryRun: false, resources, changed };
}
