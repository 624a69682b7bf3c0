import type { ApplicationDetail } from "../../aws/flink.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import { parseDuration } from "../../io/text.ts";
import { type Change, changed, compare, type Pipeline, type World } from "../resource.ts";
import { type Identities, ids } from "../settings/identities.ts";
import type { JarState } from "./jar.ts";

export const FLINK_RUNTIME = "FLINK-2_2";
const CODE = "jar version";

/** The property group that the job reads; `ouputStreamName` is the spelling that older jars of this pipeline read. */
export function jobProperties({ names, settings, target }: Pipeline): Record<string, string> {
  return {
    inputStreamName: names.inputStream,
    outputStreamName: names.outputStream,
    ouputStreamName: names.outputStream,
    region: settings.region,
    // The job has to find the streams where we do.
    ...(target.kind !== "aws" && target.endpoint !== undefined && { endpoint: target.endpoint }),
  };
}

/** What is compared and sent, by the name of its part in the configuration. */
export function configurations({ settings }: Pipeline) {
  return {
    // Parallelism, monitoring and checkpoints are ignored without CUSTOM.
    parallelism: {
      ConfigurationType: "CUSTOM" as const,
      Parallelism: settings.parallelism,
      ParallelismPerKPU: 1,
      AutoScalingEnabled: settings.autoScaling,
    },
    monitoring: {
      ConfigurationType: "CUSTOM" as const,
      MetricsLevel: settings.metricsLevel,
      LogLevel: "INFO" as const,
    },
    checkpoints: {
      ConfigurationType: "CUSTOM" as const,
      CheckpointingEnabled: true,
      CheckpointInterval: parseDuration(settings.checkpointInterval)!,
      MinPauseBetweenCheckpoints: 5_000,
    },
  };
}

export function logStreamArn({ arns, logGroups, flinkLogStream }: Identities): string {
  return `${arns.logGroup(logGroups.flink)}:log-stream:${flinkLogStream}`;
}

function jarVersion(world: World): string | undefined {
  return (world.get(ids.jar) as JarState | undefined)?.versionId;
}

export function codeLocation({ names }: Pipeline, BucketARN: string, world: World) {
  const ObjectVersion = jarVersion(world);
  if (world.get(ids.jar) === undefined) {
    throw new WindopsError("E_NO_JAR", `There is no ${names.jarKey} in the bucket ${names.bucket}.`, {
      hint: "Run `windops upload-jar` first, or `windops setup` for all steps.",
    });
  }
  return { BucketARN, FileKey: names.jarKey, ...(ObjectVersion && { ObjectVersion }) };
}

interface Wanted {
  wants: ReturnType<typeof configurations>;
  properties: Record<string, string>;
  identity: Identities;
  pipeline: Pipeline;
}

export function configurationChanges(detail: ApplicationDetail, world: World, wanted: Wanted): Change[] {
  const { wants, properties, identity } = wanted;
  const described = detail.ApplicationConfigurationDescription;
  const flink = described?.FlinkApplicationConfigurationDescription;
  const project = propertyGroups(detail).find(({ PropertyGroupId }) => PropertyGroupId === "project")?.PropertyMap;
  const code =
    described?.ApplicationCodeConfigurationDescription?.CodeContentDescription?.S3ApplicationCodeLocationDescription;
  const logged = detail.CloudWatchLoggingOptionDescriptions?.some((o) => o.LogStreamARN === logStreamArn(identity));
  const snapshots = described?.ApplicationSnapshotConfigurationDescription?.SnapshotsEnabled ?? false;
  return [
    ...codeChanges(code, world, wanted.pipeline, identity.arns.bucket),
    ...compare("runtime", detail.RuntimeEnvironment, FLINK_RUNTIME),
    ...compare("role", detail.ServiceExecutionRole, identity.arns.role(identity.roles.flink)),
    // Others' keys (a detector's tuning) are left as they are.
    ...compare("properties", only(properties, project), properties),
    ...compare("parallelism", only(wants.parallelism, flink?.ParallelismConfigurationDescription), wants.parallelism),
    ...compare("monitoring", only(wants.monitoring, flink?.MonitoringConfigurationDescription), wants.monitoring),
    ...compare("checkpoints", only(wants.checkpoints, flink?.CheckpointConfigurationDescription), wants.checkpoints),
    ...compare("snapshots", snapshots, true),
    ...(logged ? [] : [{ property: "log stream", from: "none", to: logStreamArn(identity) }]),
  ];
}

function codeChanges(
  code: { BucketARN?: string; FileKey?: string; ObjectVersion?: string } | undefined,
  world: World,
  { names }: Pipeline,
  bucketArn: string,
): Change[] {
  const place = (bucket?: string, key?: string) => `${bucket?.split(":::")[1]}/${key}`;
  const moved = compare("jar", place(code?.BucketARN, code?.FileKey), place(bucketArn, names.jarKey));
  if (world.changing(ids.jar)) return [...moved, { property: CODE, from: code?.ObjectVersion, to: "the new one's" }];
  const version = jarVersion(world);
  return version === undefined ? moved : [...moved, ...compare(CODE, code?.ObjectVersion, version)];
}

/** Of what is described, the members that we set. */
function only(wanted: object, described: object | undefined): object | undefined {
  return described && Object.fromEntries(Object.entries(described).filter(([key]) => key in wanted));
}

export function configurationUpdate(
  changes: Change[],
  pipeline: Pipeline,
  bucketArn: string,
  world: World,
  detail: ApplicationDetail,
) {
  const wants = configurations(pipeline);
  const update = <T extends object>(value: T) =>
    Object.fromEntries(Object.entries(value).map(([key, inner]) => [`${key}Update`, inner]));
  const flink = {
    ...(changed(changes, "parallelism") && { ParallelismConfigurationUpdate: update(wants.parallelism) }),
    ...(changed(changes, "monitoring") && { MonitoringConfigurationUpdate: update(wants.monitoring) }),
    ...(changed(changes, "checkpoints") && { CheckpointConfigurationUpdate: update(wants.checkpoints) }),
  };
  const code = codeLocation(pipeline, bucketArn, world);
  return {
    ...(changed(changes, CODE, "jar") && {
      ApplicationCodeConfigurationUpdate: { CodeContentUpdate: { S3ContentLocationUpdate: update(code) } },
    }),
    ...(changed(changes, "properties") && {
      EnvironmentPropertyUpdates: { PropertyGroups: mergedGroups(detail, jobProperties(pipeline)) },
    }),
    ...(Object.keys(flink).length > 0 && { FlinkApplicationConfigurationUpdate: flink }),
    ...(changed(changes, "snapshots") && { ApplicationSnapshotConfigurationUpdate: { SnapshotsEnabledUpdate: true } }),
  };
}

function propertyGroups(detail: ApplicationDetail) {
  const described = detail.ApplicationConfigurationDescription?.EnvironmentPropertyDescriptions;
  return described?.PropertyGroupDescriptions ?? [];
}

/** An update replaces all groups: ours with our keys set, the others as they are. */
function mergedGroups(detail: ApplicationDetail, properties: Record<string, string>) {
  const groups = propertyGroups(detail);
  const ours = groups.find(({ PropertyGroupId }) => PropertyGroupId === "project");
  const merged = { PropertyGroupId: "project", PropertyMap: { ...ours?.PropertyMap, ...properties } };
  return [...groups.filter((group) => group !== ours), merged];
}
