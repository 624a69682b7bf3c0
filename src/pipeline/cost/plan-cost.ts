import type { Context } from "../../io/terminal/command.ts";
import type { Settings } from "../settings/config.ts";
import { DESTINATION, DESTINATION_MAPPING } from "../settings/functions.ts";
import { loadSettings } from "../settings/settings.ts";
import { type Sizing, sizing } from "../settings/sizing.ts";
import { chooseTarget, DEFAULT_REGION } from "../settings/target.ts";
import { type Cost, cost } from "./cost.ts";
import { type Capacity, farmLoad, type Load } from "./load.ts";

/** The farm that costs are shown for where nobody says another. */
const DEFAULT_TURBINES = 10;
/** `alarmSpecs` makes so many. */
export const ALARMS = 6;

/** What a pipeline with these settings costs under a load; its streams on demand where `shards` says so. */
export function settingsCost(
  settings: Omit<Settings, "shards"> & Pick<Capacity, "shards">,
  turbines = DEFAULT_TURBINES,
  given: Partial<Load> = {},
): Cost & { plan: Sizing } {
  const capacity = {
    shards: settings.shards,
    retentionHours: settings.retentionHours,
    parallelism: settings.parallelism,
    alarms: ALARMS,
    logRetentionDays: settings.logRetentionDays,
    functionMegabytes: DESTINATION.memoryMegabytes,
    batchSize: DESTINATION_MAPPING.BatchSize,
  };
  const subscribers = Math.max(1, settings.email.length);
  const load = farmLoad(turbines, { subscribers, ...given });
  return { ...cost(settings.region, capacity, load), plan: sizing(load) };
}

/** Settings as they would be used, without asking anybody: what it would cost can be known before there is an account. */
export function costSettings(ctx: Context): Settings {
  const loaded = loadSettings(ctx.env, ctx.cwd, ctx.globals);
  return { ...loaded, region: chooseTarget(loaded, ctx.env, ctx.globals).region ?? DEFAULT_REGION };
}
