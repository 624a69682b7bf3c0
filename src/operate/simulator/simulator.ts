import { WindopsError } from "../../io/errors/errors.ts";
import type { Context } from "../../io/terminal/command.ts";
import { pricesFor } from "../../pipeline/cost/prices.ts";
import { applyPlan } from "../../pipeline/plan/apply.ts";
import { makePlan } from "../../pipeline/plan/plan.ts";
import type { Provisioning } from "../../pipeline/plan/provision.ts";
import { inventory, removeAll } from "../../pipeline/plan/remove.ts";
import type { Pipeline } from "../../pipeline/resource.ts";
import { bucket } from "../../pipeline/resources/bucket.ts";
import { simulatorCode } from "../../pipeline/resources/simulator/code.ts";
import { type InstanceState, instance } from "../../pipeline/resources/simulator/instance.ts";
import { simulatorResources } from "../../pipeline/resources/simulator/resources.ts";
import { stream } from "../../pipeline/resources/stream.ts";
import { ids } from "../../pipeline/settings/identities.ts";
import { simulationOf } from "../../simulate/simulation.ts";

export interface SimulatorStatus {
  running: boolean;
  name: string;
  instance?: string;
  state?: string;
  launched?: string;
  /** When it ends by itself. */
  until?: string;
  /** US dollars, at the list price. */
  costPerHour: number;
}

export interface UpOptions {
  /** Milliseconds until it ends itself. */
  milliseconds: number;
  turbines?: number;
  /** Readings a second of the whole farm. */
  rate?: number;
  anomalies: number;
  seed?: number;
}

/** Starts the simulator, or finds the one that runs. Throws `WindopsError` where the pipeline's bucket or stream isn't there. */
export async function simulatorUp(
  ctx: Context,
  { pipeline, pace }: Provisioning,
  { milliseconds, ...farm }: UpOptions,
): Promise<SimulatorStatus & { started: boolean }> {
  const { names } = pipeline;
  // Refuses here what the instance would only find out for itself.
  simulationOf({ seed: 0, ...farm, duration: milliseconds }, ctx.now());
  const needed = await makePlan([bucket(pipeline), stream(pipeline, ids.inputStream, names.inputStream)]);
  const missing = needed.items.find(({ state }) => state === undefined);
  if (missing) {
    throw new WindopsError("E_STEP_MISSING", `${missing.resource.type} ${missing.resource.name} isn't there.`, {
      hint: "Run `windops setup` first.",
    });
  }
  const before = await simulatorStatus(pipeline);
  if (before.running) return { ...before, started: false };
  const code = await simulatorCode();
  const until = new Date(ctx.now().getTime() + milliseconds);
  const flags = Object.entries({ duration: `${Math.ceil(milliseconds / 1000)}s`, ...farm });
  const run = { code, until, simulate: flags.flatMap(([flag, value]) => [`--${flag}`, String(value)]) };
  await applyPlan(await makePlan(simulatorResources(pipeline, run)), {
    pipeline: names.pipeline,
    adopt: false,
    pace,
    signal: ctx.signal,
    task: (title) => ctx.io.task(title),
  });
  return { ...(await simulatorStatus(pipeline)), started: true };
}

/** Ends the simulator and removes what it consists of; resolves to what that was. */
export async function simulatorDown(ctx: Context, { pipeline, pace }: Provisioning): Promise<{ removed: string[] }> {
  const { names } = pipeline;
  const code = await simulatorCode();
  const resources = simulatorResources(pipeline, { code, until: new Date(0), simulate: [] });
  const { ours } = await inventory(resources, names.pipeline, false);
  await removeAll(ours, {
    pipeline: names.pipeline,
    keepData: false,
    pace,
    signal: ctx.signal,
    task: (title) => ctx.io.task(title),
  });
  return { removed: ours.map(({ type, name }) => `${type} ${name}`) };
}

export async function simulatorStatus(pipeline: Pipeline): Promise<SimulatorStatus> {
  const resource = instance(pipeline);
  const state = (await resource.read()) as InstanceState | undefined;
  const { simulatorHour, publicAddressHour } = pricesFor(pipeline.target.region).prices;
  return {
    running: state !== undefined && (state.status === "running" || state.status === "pending"),
    name: resource.name,
    ...(state && {
      instance: state.id,
      state: state.status,
      ...(state.launched !== undefined && { launched: state.launched }),
      ...(state.until !== undefined && { until: state.until }),
    }),
    costPerHour: simulatorHour.usd + publicAddressHour.usd,
  };
}
