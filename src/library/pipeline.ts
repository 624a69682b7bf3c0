import type { Context } from "../io/terminal/command.ts";
import type { PipelineSettings } from "./settings.ts";

/** Where the pipeline is and how it is to be. Neither windops.json nor WINDOPS_* variables count here. */
export interface PipelineOptions {
  /** `local`, the default: this machine's embedded stack, started in the background if need be; `aws`: AWS. */
  target?: "local" | "aws";
  /** An AWS-compatible endpoint instead, such as that of `startLocal`. */
  endpoint?: string;
  /** AWS profile, where the target is AWS. */
  profile?: string;
  /** Default: the profile's, else us-east-1. */
  region?: string;
  /** The embedded stack's folder, where the target is local. */
  stateDir?: string;
  settings?: PipelineSettings;
  /** Takes over resources of the same name that carry no tag of this pipeline. */
  adopt?: boolean;
  /** Aborted: finishes the calls in hand, then throws E_INTERRUPTED; doing the same again goes on from there. */
  signal?: AbortSignal;
  /** Called as resources get on, e.g. ("Kinesis stream WindDataStream", "created"). */
  onProgress?(resource: string, state: string): void;
}

export interface Change {
  property: string;
  from?: string;
  to: string;
}

export interface PlannedResource {
  /** E.g. `stream/WindDataStream`. */
  id: string;
  /** For people, e.g. "Kinesis stream". */
  type: string;
  name: string;
  action: "create" | "change" | "wait" | "keep";
  changes: Change[];
}

export interface Plan {
  pipeline: string;
  /** Each comes after those that it needs. */
  resources: PlannedResource[];
  /** How many are to be created or changed. */
  changed: number;
}

export interface Applied {
  pipeline: string;
  resources: (Omit<PlannedResource, "action"> & { action: "created" | "changed" | "unchanged" })[];
  /** How many were created or changed. */
  changed: number;
}

export interface Destroyed {
  pipeline: string;
  removed: string[];
  /** Of the same name, but not this pipeline's: left alone. */
  foreign: string[];
}

/** What `apply` would do. Reads, and calls nothing else. Throws `WindopsError`s, as the command line prints them. */
export async function plan(options: PipelineOptions = {}): Promise<Plan> {
  return provision(options, true) as Promise<Plan>;
}

/** Creates what isn't there, repairs what differs and starts the application; a second time it changes nothing. */
export async function apply(options: PipelineOptions = {}): Promise<Applied> {
  return provision(options, false) as Promise<Applied>;
}

/** Removes what this pipeline made, and throws a `WindopsError` E_LEFT_OVER where something of it stays. Doesn't ask. */
export async function destroy(options: PipelineOptions = {}): Promise<Destroyed> {
  const { destroy: remove } = await import("../pipeline/plan/destroy.ts");
  return within(options, async (ctx, what) => {
    const { pipeline, removed, foreign } = await remove(ctx, what, { keepData: false, agree: async () => true });
    return { pipeline, removed, foreign };
  });
}

async function provision(options: PipelineOptions, dryRun: boolean): Promise<unknown> {
  const { setup } = await import("../pipeline/plan/provision.ts");
  return within(options, async (ctx, what) => {
    const { pipeline, resources, changed } = await setup(ctx, what, {
      steps: [],
      dryRun,
      adopt: options.adopt === true,
    });
    return { pipeline, resources, changed };
  });
}

type Provisioning = import("../pipeline/plan/provision.ts").Provisioning;

async function within<T>(options: PipelineOptions, work: (ctx: Context, what: Provisioning) => Promise<T>): Promise<T> {
  const [{ connect }, { provisioning }, { parseSettings }, { silent }] = await Promise.all([
    import("../pipeline/settings/session.ts"),
    import("../pipeline/plan/provision.ts"),
    import("../pipeline/settings/settings.ts"),
    import("./silent.ts"),
  ]);
  const { target, endpoint, profile, region, stateDir, settings } = options;
  // A pipeline is on AWS because the caller said so, never because of a variable that happens to be set.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^WINDOPS_(?!FLINK_DIR|STATE_DIR)|^AWS_ENDPOINT_URL/.test(name)),
  );
  const ctx: Context = {
    io: silent(options.onProgress),
    env,
    cwd: process.cwd(),
    globals: {
      json: false,
      color: false,
      verbose: false,
      ...(endpoint === undefined
        ? (target ?? (profile === undefined ? "local" : "aws")) === "local" && { local: true }
        : {}),
      ...(target === "aws" && { aws: true }),
      ...(profile !== undefined && { profile }),
      ...(stateDir !== undefined && { stateDir }),
    },
    signal: options.signal ?? new AbortController().signal,
    now: () => new Date(),
  };
  const parsed = parseSettings({
    ...settings,
    target: target ?? "local",
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(endpoint !== undefined && { endpointUrl: endpoint }),
  });
  const session = await connect(ctx, { quiet: true, settings: parsed });
  try {
    return await work(ctx, provisioning(session, env));
  } finally {
    session.clients.destroy();
  }
}
