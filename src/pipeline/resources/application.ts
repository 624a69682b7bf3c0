import { orAbsent } from "../../aws/failures.ts";
import {
  AddApplicationCloudWatchLoggingOptionCommand,
  type ApplicationDetail,
  CreateApplicationCommand,
  DeleteApplicationCommand,
  DescribeApplicationCommand,
  DescribeApplicationOperationCommand,
  type KinesisAnalyticsV2Client,
  ListTagsForResourceCommand,
  StartApplicationCommand,
  StopApplicationCommand,
  TagResourceCommand,
  UpdateApplicationCommand,
} from "../../aws/flink.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import { pruneSnapshots, restorable, snapshotsOf } from "../flink/snapshots.ts";
import { changed, compare, type Pipeline, type Resource } from "../resource.ts";
import { identities, ids } from "../settings/identities.ts";
import { fromList, type Tags, tagChanges, tagsDiffer, toList } from "../settings/tags.ts";
import {
  codeLocation,
  configurationChanges,
  configurations,
  configurationUpdate,
  FLINK_RUNTIME,
  jobProperties,
  logStreamArn,
} from "./application-configuration.ts";

export interface ApplicationState {
  tags: Tags;
  status: string;
  detail: ApplicationDetail;
}

const SETTLED = new Set(["READY", "RUNNING"]);

/**
 * The Flink application. `running`: it shall also run; left out, it is left as it is.
 */
export function application(pipeline: Pipeline, { running }: { running: boolean }): Resource<ApplicationState> {
  const { clients, names, settings, tags: wanted } = pipeline;
  const identity = identities(pipeline);
  const { arns } = identity;
  const of = { ApplicationName: names.application };
  const wants = configurations(pipeline);
  const properties = jobProperties(pipeline);
  let started: string | undefined;
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
        if (started !== undefined) throw await notStarted(flink, names.application, started);
        started = await startApplication(flink, names.application);
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
    async afterwards() {
      // An update and a stop leave one each.
      await pruneSnapshots(await clients.flink(), names.application, settings.snapshots);
    },
    note: ({ status, detail }) => `version ${detail.ApplicationVersionId}, ${status}`,
    passes: notYet,
  };
}

/** Starts from the latest snapshot where there is one; answers with the operation's id. */
async function startApplication(flink: KinesisAnalyticsV2Client, ApplicationName: string): Promise<string> {
  const latest = restorable(await snapshotsOf(flink, ApplicationName))[0];
  const { OperationId } = await flink.send(
    new StartApplicationCommand({
      ApplicationName,
      RunConfiguration: {
        ApplicationRestoreConfiguration: {
          ApplicationRestoreType: latest ? "RESTORE_FROM_LATEST_SNAPSHOT" : "SKIP_RESTORE_FROM_SNAPSHOT",
        },
        FlinkRunConfiguration: { AllowNonRestoredState: false },
      },
    }),
  );
  return OperationId ?? "";
}

/** It was started and is READY again: why, as the service's own record of the operation has it. */
async function notStarted(flink: KinesisAnalyticsV2Client, ApplicationName: string, OperationId: string) {
  const operation = OperationId
    ? await orAbsent(flink.send(new DescribeApplicationOperationCommand({ ApplicationName, OperationId })))
    : undefined;
  const { OperationStatus, OperationFailureDetails } = operation?.ApplicationOperationInfoDetails ?? {};
  const why = OperationFailureDetails?.ErrorInfo?.ErrorString;
  const what =
    OperationStatus === "SUCCESSFUL"
      ? "started, and was stopped again by something else."
      : `doesn't start${why ? `: ${why}` : "."}`;
  return new WindopsError("E_START", `${ApplicationName} ${what}`, {
    hint: "`windops logs flink` shows what the application said. Nothing is lost: it starts from its latest snapshot.",
  });
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
