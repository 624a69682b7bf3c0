import { orAbsent } from "../../aws/failures.ts";
import {
  AddApplicationCloudWatchLoggingOptionCommand,
  type ApplicationDetail,
  CreateApplicationCommand,
  DeleteApplicationCommand,
  DescribeApplicationCommand,
  type KinesisAnalyticsV2Client,
  ListApplicationSnapshotsCommand,
  ListTagsForResourceCommand,
  StartApplicationCommand,
  StopApplicationCommand,
  TagResourceCommand,
  UpdateApplicationCommand,
} from "../../aws/flink.ts";
import { WindopsError } from "../../io/errors.ts";
import { type Identities, identities, ids } from "../identities.ts";
import { type Change, changed, compare, type Pipeline, type Resource, type World } from "../resource.ts";
import { fromList, type Tags, tagChanges, tagsDiffer, toList } from "../tags.ts";
import type { JarState } from "./jar.ts";

export interface ApplicationState {
  tags: Tags;
  status: string;
  detail: ApplicationDetail;
}

export const FLINK_RUNTIME = "FLINK-2_2";
const SETTLED = new Set(["READY", "RUNNING"]);
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
function configurations(pipeline: Pipeline) {
  return {
    // Parallelism, monitoring and checkpoints are ignored without CUSTOM.
    parallelism: {
      ConfigurationType: "CUSTOM" as const,
      Parallelism: pipeline.settings.parallelism,
      ParallelismPerKPU: 1,
      AutoScalingEnabled: true,
    },
    monitoring: {
      ConfigurationType: "CUSTOM" as const,
      MetricsLevel: "APPLICATION" as const,
      LogLevel: "INFO" as const,
    },
    checkpoints: {
      ConfigurationType: "CUSTOM" as const,
      CheckpointingEnabled: true,
      CheckpointInterval: 60_000,
      MinPauseBetweenCheckpoints: 5_000,
    },
  };
}

/**
 * The Flink application. `running`: it shall also run; left out, it is left as it is.
 */
export function application(pipeline: Pipeline, { running }: { running: boolean }): Resource<ApplicationState> {
  const { clients, names, tags: wanted } = pipeline;
  const identity = identities(pipeline);
  const { arns } = identity;
  const of = { ApplicationName: names.application };
  const wants = configurations(pipeline);
  const properties = jobProperties(pipeline);
  return {
    id: ids.application,
    type: "Flink application",
    name: names.application,
    step: "configure-flink",
    needs: [ids.jar, ids.role("flink"), ids.inputStream, ids.outputStream, ids.logStream],
    deadline: 900_000,
    async read() {
      const flink = await clients.flink();
      const [described, tags] = await Promise.all([
        orAbsent(flink.send(new DescribeApplicationCommand({ ...of, IncludeAdditionalDetails: true }))),
        orAbsent(flink.send(new ListTagsForResourceCommand({ ResourceARN: arns.application }))),
      ]);
      const detail = described?.ApplicationDetail;
      return detail && { tags: fromList(tags?.Tags), status: detail.ApplicationStatus ?? "", detail };
    },
    pending: ({ status }) => (SETTLED.has(status) ? undefined : status),
    tags: (state) => state.tags,
    diff: (state, world) => [
      ...tagChanges(state.tags, wanted),
      ...configurationChanges(state.detail, world, { wants, properties, identity, pipeline }),
      ...(running ? compare("status", state.status, "RUNNING") : []),
    ],
    async create(world) {
      const flink = await clients.flink();
      await flink.send(
        new CreateApplicationCommand({
          ...of,
          ApplicationDescription: "Scores wind readings with a Random Cut Forest for each turbine",
          RuntimeEnvironment: FLINK_RUNTIME,
          ServiceExecutionRole: arns.role(identity.roles.flink),
          ApplicationMode: "STREAMING",
          Tags: toList(wanted),
          CloudWatchLoggingOptions: [{ LogStreamARN: logStreamArn(identity) }],
          ApplicationConfiguration: {
            ApplicationCodeConfiguration: {
              CodeContentType: "ZIPFILE",
              CodeContent: { S3ContentLocation: codeLocation(pipeline, arns.bucket, world) },
            },
            EnvironmentProperties: { PropertyGroups: [{ PropertyGroupId: "project", PropertyMap: properties }] },
            FlinkApplicationConfiguration: {
              ParallelismConfiguration: wants.parallelism,
              MonitoringConfiguration: wants.monitoring,
              CheckpointConfiguration: wants.checkpoints,
            },
            ApplicationSnapshotConfiguration: { SnapshotsEnabled: true },
          },
        }),
      );
    },
    async update(state, changes, world) {
      const flink = await clients.flink();
      const { ApplicationVersionId: CurrentApplicationVersionId } = state.detail;
      if (tagsDiffer(changes)) {
        await flink.send(new TagResourceCommand({ ResourceARN: arns.application, Tags: toList(wanted) }));
      }
      // One of these at a time: each gives the application a new version.
      if (changed(changes, "log stream")) {
        const CloudWatchLoggingOption = { LogStreamARN: logStreamArn(identity) };
        await flink.send(
          new AddApplicationCloudWatchLoggingOptionCommand({
            ...of,
            CurrentApplicationVersionId,
            CloudWatchLoggingOption,
          }),
        );
      } else if (changes.some(({ property }) => property !== "status" && !property.startsWith("tag "))) {
        await flink.send(
          new UpdateApplicationCommand({
            ...of,
            CurrentApplicationVersionId,
            ...(changed(changes, "role") && { ServiceExecutionRoleUpdate: arns.role(identity.roles.flink) }),
            ...(changed(changes, "runtime") && { RuntimeEnvironmentUpdate: FLINK_RUNTIME }),
            ApplicationConfigurationUpdate: configurationUpdate(changes, pipeline, arns.bucket, world, state.detail),
          }),
        );
      } else if (changed(changes, "status")) {
        await startApplication(flink, names.application);
      }
    },
    async remove({ status, detail }) {
      const flink = await clients.flink();
      if (status === "DELETING") return;
      // No snapshot: it goes with the application.
      if (status === "RUNNING" || status === "STARTING" || status === "UPDATING" || status === "AUTOSCALING") {
        await flink.send(new StopApplicationCommand({ ...of, Force: true }));
      } else if (status === "READY" || status === "ROLLED_BACK") {
        await flink.send(new DeleteApplicationCommand({ ...of, CreateTimestamp: detail.CreateTimestamp }));
      }
    },
    passes: notYet,
  };
}

/** Starts from the latest snapshot where there is one. */
export async function startApplication(flink: KinesisAnalyticsV2Client, ApplicationName: string): Promise<void> {
  const snapshots = await flink.send(new ListApplicationSnapshotsCommand({ ApplicationName, Limit: 50 }));
  const restorable = snapshots.SnapshotSummaries?.some(({ SnapshotStatus }) => SnapshotStatus === "READY");
  await flink.send(
    new StartApplicationCommand({
      ApplicationName,
      RunConfiguration: {
        ApplicationRestoreConfiguration: {
          ApplicationRestoreType: restorable ? "RESTORE_FROM_LATEST_SNAPSHOT" : "SKIP_RESTORE_FROM_SNAPSHOT",
        },
        FlinkRunConfiguration: { AllowNonRestoredState: false },
      },
    }),
  );
}

/** Errors of a role, an object or tags that aren't known everywhere yet, and of a version that somebody else raised. */
function notYet(error: Error): boolean {
  const { name, message } = error;
  if (name === "ConcurrentModificationException") return true;
  return (
    /Please check the role provided or validity of S3 location|sufficient privileges|can ?not be assumed|unable to (assume|access)/i.test(
      message,
    ) || /Tags are already registered/i.test(message)
  );
}

function logStreamArn({ arns, logGroups, flinkLogStream }: Identities): string {
  return `${arns.logGroup(logGroups.flink)}:log-stream:${flinkLogStream}`;
}

function jarVersion(world: World): string | undefined {
  return (world.get(ids.jar) as JarState | undefined)?.versionId;
}

function codeLocation({ names }: Pipeline, BucketARN: string, world: World) {
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

function configurationChanges(detail: ApplicationDetail, world: World, wanted: Wanted): Change[] {
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

function configurationUpdate(
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
