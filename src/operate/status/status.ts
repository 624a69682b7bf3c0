import { type ApplicationStatus, readApplication } from "../../pipeline/flink/application-status.ts";
import { foreignOwner, makePlan, type PlanItem } from "../../pipeline/plan/plan.ts";
import type { Provisioning } from "../../pipeline/plan/provision.ts";
import type { Change } from "../../pipeline/resource.ts";
import type { ApplicationState } from "../../pipeline/resources/application.ts";
import { pipelineResources } from "../../pipeline/resources/index.ts";
import { instance } from "../../pipeline/resources/simulator/instance.ts";
import { ids } from "../../pipeline/settings/identities.ts";
import { describeTarget, type Target } from "../../pipeline/settings/session.ts";
import { type Flow, readFlow } from "./flow.ts";

export type Presence = "present" | "missing" | "drifted" | "pending" | "foreign";

export interface ResourceStatus {
  id: string;
  type: string;
  name: string;
  state: Presence;
  /** What differs from what `setup` would make. */
  changes: Change[];
  /** What isn't as it should be though nothing differs. */
  problem?: string;
  note?: string;
}

export interface PipelineStatus {
  pipeline: string;
  target: string;
  /** Everything is there, as wanted, and works. */
  healthy: boolean;
  resources: ResourceStatus[];
  /** Left out where there is none. */
  application?: ApplicationStatus;
  /** What flows through it; left out where the pipeline doesn't stand. */
  flow?: Flow;
  /** On EC2, where it runs. */
  simulator?: { instance: string; state: string; until: string | undefined };
}

/** Reads every resource and what flows through the pipeline: calls nothing but reads. */
export async function readStatus({ pipeline, artifacts }: Provisioning): Promise<PipelineStatus> {
  const { names, target } = pipeline;
  const [plan, flow, simulator] = await Promise.all([
    makePlan(pipelineResources(pipeline, artifacts, { running: true })),
    readFlow(pipeline),
    instance(pipeline).read(),
  ]);
  const resources = plan.items.map((item) => resourceStatus(item, names.pipeline));
  const application = plan.world.get(ids.application) as ApplicationState | undefined;
  return {
    pipeline: names.pipeline,
    target: describeTarget(target as Target),
    healthy: resources.every(({ state, problem }) => state === "present" && problem === undefined),
    resources,
    ...(application && { application: await readApplication(pipeline, application), flow }),
    ...(simulator && { simulator: { instance: simulator.id, state: simulator.status, until: simulator.until } }),
  };
}

function resourceStatus({ resource, state, action, changes }: PlanItem, pipeline: string): ResourceStatus {
  const { id, type, name } = resource;
  if (state === undefined) return { id, type, name, state: "missing", changes: [] };
  const owner = foreignOwner(resource, state, pipeline);
  if (owner !== undefined) return { id, type, name, state: "foreign", changes: [], problem: owner };
  const problem = resource.unhealthy?.(state);
  const note = resource.note?.(state) ?? resource.pending?.(state);
  const presence: Presence = action === "wait" ? "pending" : action === "change" ? "drifted" : "present";
  return { id, type, name, state: presence, changes, ...(problem && { problem }), ...(note && { note }) };
}
