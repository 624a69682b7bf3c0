import type { Stack } from "../../service.ts";
import { trusts } from "../lambda/validation.ts";
import { type Configuration, invalidArgument } from "./model.ts";

/** What DEFAULT stands for: https://docs.aws.amazon.com/managed-flink/latest/apiv2/API_CheckpointConfiguration.html */
const CHECKPOINT = {
  ConfigurationType: "DEFAULT",
  CheckpointingEnabled: true,
  CheckpointInterval: 60_000,
  MinPauseBetweenCheckpoints: 5000,
};
const MONITORING = { ConfigurationType: "DEFAULT", MetricsLevel: "APPLICATION", LogLevel: "INFO" };
const PARALLELISM = { ConfigurationType: "DEFAULT", Parallelism: 1, ParallelismPerKPU: 1, AutoScalingEnabled: true };

/** A block of settings: what DEFAULT says, or with CUSTOM the values given over what was there. */
function block<T extends { ConfigurationType: string }>(
  given: Record<string, any> | undefined,
  defaults: T,
  old: T,
  suffix: string,
): T {
  if (!given) return old;
  const type = given[`ConfigurationType${suffix}`] ?? old.ConfigurationType;
  if (type !== "CUSTOM" && type !== "DEFAULT") {
    throw invalidArgument(
      `Value '${type}' at 'configurationType' failed to satisfy constraint: Member must satisfy enum value set: [CUSTOM, DEFAULT]`,
    );
  }
  // With DEFAULT the other values are ignored, as on AWS.
  if (type === "DEFAULT") return defaults;
  const values = Object.keys(defaults).map((name) => [name, given[`${name}${suffix}`] ?? old[name as keyof T]]);
  return { ...Object.fromEntries(values), ConfigurationType: type };
}

type Blocks = Omit<Configuration, "role" | "runtime" | "description" | "code" | "logging">;

/** The settings of a new application (`suffix` empty) or an update (`Update`), over the old ones. */
export function configured(
  input: Record<string, any>,
  suffix: "" | "Update",
  old: Partial<Configuration> = {},
): Blocks {
  const flink = input[`FlinkApplicationConfiguration${suffix}`] ?? {};
  const groups = suffix
    ? input.EnvironmentPropertyUpdates?.PropertyGroups
    : input.EnvironmentProperties?.PropertyGroups;
  const blocks: Blocks = {
    propertyGroups: groups ?? old.propertyGroups ?? [],
    checkpoint: block(flink[`CheckpointConfiguration${suffix}`], CHECKPOINT, old.checkpoint ?? CHECKPOINT, suffix),
    monitoring: block(flink[`MonitoringConfiguration${suffix}`], MONITORING, old.monitoring ?? MONITORING, suffix),
    parallelism: block(flink[`ParallelismConfiguration${suffix}`], PARALLELISM, old.parallelism ?? PARALLELISM, suffix),
    snapshotsEnabled:
      input[`ApplicationSnapshotConfiguration${suffix}`]?.[`SnapshotsEnabled${suffix}`] ?? old.snapshotsEnabled ?? true,
    rollbackEnabled:
      input[`ApplicationSystemRollbackConfiguration${suffix}`]?.[`RollbackEnabled${suffix}`] ??
      old.rollbackEnabled ??
      false,
  };
  check(blocks);
  return blocks;
}

function check({ propertyGroups, parallelism, checkpoint }: Blocks): void {
  const ids = propertyGroups.map(({ PropertyGroupId }) => PropertyGroupId);
  if (propertyGroups.length > 50) throw invalidArgument("At most 50 property groups are allowed.");
  if (new Set(ids).size !== ids.length) throw invalidArgument("Property group ids must be unique.");
  for (const { PropertyGroupId, PropertyMap } of propertyGroups) {
    if (!/^[a-zA-Z0-9_.-]{1,50}$/.test(PropertyGroupId ?? "")) {
      throw invalidArgument(
        `Value '${PropertyGroupId}' at 'propertyGroupId' failed to satisfy constraint: [a-zA-Z0-9_.-]+`,
      );
    }
    if (!PropertyMap || Object.keys(PropertyMap).length === 0) {
      throw invalidArgument(
        `Value at 'propertyMap' of group ${PropertyGroupId} failed to satisfy constraint: Member must not be empty`,
      );
    }
  }
  for (const [name, value] of Object.entries({ ...parallelism, interval: checkpoint.CheckpointInterval })) {
    if (typeof value === "number" && !(Number.isInteger(value) && value >= 1)) {
      throw invalidArgument(
        `Value '${value}' at '${name}' failed to satisfy constraint: Member must have value greater than or equal to 1`,
      );
    }
  }
}

/** Throws `AwsError` InvalidArgumentException, in the service's words, unless it could assume the role. */
export async function checkServiceRole(stack: Stack, role: unknown, region: string): Promise<string> {
  const name =
    typeof role === "string"
      ? /^arn:aws[a-zA-Z-]*:iam::\d{12}:role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(role)?.[1]
      : undefined;
  if (!name) {
    throw invalidArgument(
      `1 validation error detected: Value '${String(role)}' at 'serviceExecutionRole' failed to satisfy constraint: Member must be the ARN of a role`,
    );
  }
  if (!(await trusts(stack, name, "kinesisanalytics.amazonaws.com", region))) {
    throw invalidArgument(
      `Kinesis Analytics service doesn't have sufficient privileges to assume the role ${String(role)}.`,
    );
  }
  return role as string;
}

export function checkRuntimeEnvironment(runtime: unknown): string {
  if (typeof runtime === "string" && /^FLINK-1_(6|8|11|13|15|18|19|20)$|^FLINK-2_\d+$/.test(runtime)) return runtime;
  throw invalidArgument(
    `The embedded stack runs Flink applications, not ${String(runtime)}: RuntimeEnvironment must be one of FLINK-1_*.`,
  );
}
