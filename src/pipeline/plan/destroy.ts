import { WindopsError } from "../../io/errors/errors.ts";
import type { Context } from "../../io/terminal/command.ts";
import type { Resource } from "../resource.ts";
import { pipelineResources } from "../resources/index.ts";
import { simulatorResources } from "../resources/simulator/resources.ts";
import type { Provisioning } from "./provision.ts";
import { type Inventory, inventory, removeAll } from "./remove.ts";

export interface DestroyResult {
  pipeline: string;
  removed: string[];
  /** With --keep-data. */
  kept: string[];
  /** Of the same name, but not this pipeline's: left alone. */
  foreign: string[];
}

const label = ({ type, name }: Resource) => `${type} ${name}`;

/** Everything that `destroy` looks for. Nothing is deployed, so no jar or code is needed. */
function removableResources({ pipeline }: Provisioning): Resource[] {
  return [
    ...pipelineResources(pipeline, { jar: async () => undefined, functionCode: async () => new Uint8Array() }),
    ...simulatorResources(pipeline),
  ];
}

export interface DestroyOptions {
  keepData: boolean;
  /** Asked with what was found; false leaves everything as it is. */
  agree(found: Inventory): Promise<boolean>;
}

/** Lists, asks, removes in order, lists again. Throws where something of ours is left. */
export async function destroy(ctx: Context, what: Provisioning, options: DestroyOptions): Promise<DestroyResult> {
  const { pipeline, pace } = what;
  const name = pipeline.names.pipeline;
  const look = () => inventory(removableResources(what), name, options.keepData);
  const found = await look();
  const result = {
    pipeline: name,
    removed: found.ours.map(label),
    kept: found.kept.map(label),
    foreign: found.foreign.map(label),
  };
  if (found.ours.length === 0) return result;
  if (!(await options.agree(found))) {
    throw new WindopsError("E_NOT_CONFIRMED", "Nothing was removed.", { hint: `The pipeline's name is ${name}.` });
  }
  await removeAll(found.ours, {
    pipeline: name,
    keepData: options.keepData,
    pace,
    signal: ctx.signal,
    task: (title) => ctx.io.task(title),
  });
  const left = (await look()).ours;
  if (left.length > 0) {
    throw new WindopsError("E_LEFT_OVER", `Still there: ${left.map(label).join(", ")}.`, {
      hint: "Run `windops destroy` again.",
    });
  }
  return result;
}
