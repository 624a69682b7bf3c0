import { partitionOf } from "../../../aws/partition.ts";
import { AwsError } from "../../errors.ts";
import type { Call, Operation, Stack } from "../../service.ts";
import { fetchCode } from "./code.ts";
import { checkRuntimeEnvironment, checkServiceRole, configured } from "./configuration.ts";
import { detail, summary } from "./describe.ts";
import { keyOf, type Lifecycle } from "./lifecycle.ts";
import {
  type Application,
  type Configuration,
  conditionalToken,
  invalidArgument,
  noSuch,
  type RunConfiguration,
  resourceInUse,
} from "./model.ts";
import { page } from "./paging.ts";
import { applicationTags } from "./tags.ts";

/** Throws `AwsError` ConcurrentModificationException unless the caller knows the application as it is. */
function checkVersion(
  app: Application,
  input: { CurrentApplicationVersionId?: number; ConditionalToken?: string },
): void {
  const { CurrentApplicationVersionId: version, ConditionalToken: token } = input;
  if (version === undefined && token === undefined) {
    throw invalidArgument("Either CurrentApplicationVersionId or ConditionalToken must be given.");
  }
  if ((version !== undefined && version !== app.version) || (token !== undefined && token !== conditionalToken(app))) {
    throw new AwsError(
      "ConcurrentModificationException",
      `Application ${app.name} was modified: the current application version id is ${app.version}, not ${version ?? "the token's"}.`,
    );
  }
}

/** CRUD of applications, their versions, logging options and tags. */
export function applicationOperations(stack: Stack, lifecycle: Lifecycle): Record<string, Operation> {
  const versions = stack.store<Application>("kinesisanalytics-versions");
  const keepVersion = (app: Application) => versions.put(`${keyOf(app)}/${app.createdAt}/${app.version}`, app);

  const create = async (input: any, call: Call) => {
    const name = String(input.ApplicationName ?? "");
    if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(name)) {
      throw invalidArgument(
        `Value '${name}' at 'applicationName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
      );
    }
    const runtime = checkRuntimeEnvironment(input.RuntimeEnvironment);
    const given = input.ApplicationConfiguration ?? {};
    const location = s3Location(given.ApplicationCodeConfiguration?.CodeContent?.S3ContentLocation, "");
    const blocks = configured(given, "");
    const role = await checkServiceRole(stack, input.ServiceExecutionRole, call.region);
    const logging = (input.CloudWatchLoggingOptions ?? []).map((option: any, i: number) => loggingOption(option, 1, i));
    const now = stack.now();
    const key = `${call.region}/${name}`;
    const free = () => {
      const old = lifecycle.applications.get(key);
      if (old?.state === "DELETING") {
        throw new AwsError(
          "ConcurrentModificationException",
          "Tags are already registered for this resource ARN, please retry later.",
        );
      }
      if (old) throw resourceInUse(`Application ${old.arn} already exists`);
    };
    free();
    const app: Application = {
      region: call.region,
      name,
      arn: `arn:${partitionOf(call.region)}:kinesisanalytics:${call.region}:${stack.account}:application/${name}`,
      mode: input.ApplicationMode ?? "STREAMING",
      state: "READY",
      version: 1,
      createdAt: now,
      updatedAt: now,
      versionAt: now,
      configuration: { ...blocks, role, runtime, description: input.ApplicationDescription, code: undefined!, logging },
      run: { restoreType: "RESTORE_FROM_LATEST_SNAPSHOT", allowNonRestoredState: false },
      tags: Object.fromEntries((input.Tags ?? []).map(({ Key, Value }: any) => [Key, Value ?? ""])),
    };
    const code = await fetchCode(stack, location, lifecycle.runner.folder(app));
    free();
    const whole = lifecycle.put({ ...app, configuration: { ...app.configuration, code } });
    keepVersion(whole);
    return { ApplicationDetail: detail(whole) };
  };

  const update = async (input: any, call: Call) => {
    const app = lifecycle.get(input.ApplicationName, call.region);
    checkVersion(app, input);
    if (app.state !== "READY" && app.state !== "RUNNING") {
      throw resourceInUse(`Application ${app.arn} can't be updated in state ${app.state}`);
    }
    const given = input.ApplicationConfigurationUpdate ?? {};
    const old = app.configuration;
    const codeUpdate = given.ApplicationCodeConfigurationUpdate?.CodeContentUpdate?.S3ContentLocationUpdate;
    const code = codeUpdate
      ? await fetchCode(stack, s3Location(codeUpdate, "Update", old.code.location), lifecycle.runner.folder(app))
      : old.code;
    const logging = old.logging.map((option) => {
      const change = (input.CloudWatchLoggingOptionUpdates ?? []).find(
        ({ CloudWatchLoggingOptionId }: any) => CloudWatchLoggingOptionId === option.CloudWatchLoggingOptionId,
      );
      return change ? { ...option, LogStreamARN: change.LogStreamARNUpdate } : option;
    });
    const configuration: Configuration = {
      ...old,
      ...configured(given, "Update", old),
      code,
      logging,
      role: input.ServiceExecutionRoleUpdate
        ? await checkServiceRole(stack, input.ServiceExecutionRoleUpdate, call.region)
        : old.role,
      runtime: input.RuntimeEnvironmentUpdate ? checkRuntimeEnvironment(input.RuntimeEnvironmentUpdate) : old.runtime,
    };
    checkVersion(lifecycle.get(app.name, app.region), input);
    const run = runConfiguration(input.RunConfigurationUpdate, "Update", app.run);
    const next = versioned({ ...app, run }, configuration);
    const OperationId = lifecycle.update(next, app.state === "RUNNING");
    return { ApplicationDetail: detail(lifecycle.get(app.name, app.region)), OperationId };
  };

  const versioned = (app: Application, configuration: Configuration): Application => {
    const now = stack.now();
    const next = lifecycle.put({
      ...app,
      configuration,
      version: app.version + 1,
      updatedFrom: app.version,
      updatedAt: now,
      versionAt: now,
    });
    keepVersion(next);
    return next;
  };

  const withLogging = (
    input: any,
    call: Call,
    change: (logging: Configuration["logging"], version: number) => Configuration["logging"],
  ) => {
    const app = lifecycle.get(input.ApplicationName, call.region);
    checkVersion(app, input);
    const logging = change(app.configuration.logging, app.version + 1);
    const next = versioned(app, { ...app.configuration, logging });
    return {
      ApplicationARN: next.arn,
      ApplicationVersionId: next.version,
      CloudWatchLoggingOptionDescriptions: logging,
    };
  };

  const versionsOf = (app: Application) =>
    [...versions.entries()]
      .filter(([key]) => key.startsWith(`${keyOf(app)}/${app.createdAt}/`))
      .map(([, version]) => version);

  return {
    CreateApplication: create,
    DescribeApplication: (input, call) => ({
      ApplicationDetail: detail(lifecycle.get(input.ApplicationName, call.region)),
    }),
    ListApplications: (input, call) => {
      const all = [...lifecycle.applications.entries()]
        .map(([, app]) => app)
        .filter((app) => app.region === call.region);
      const { items, next } = page(
        all.sort((a, b) => (a.name < b.name ? -1 : 1)),
        input,
      );
      return { ApplicationSummaries: items.map(summary), NextToken: next };
    },
    UpdateApplication: update,
    DeleteApplication: (input, call) => {
      const app = lifecycle.get(input.ApplicationName, call.region);
      const given = input.CreateTimestamp instanceof Date ? input.CreateTimestamp.getTime() : Number.NaN;
      // SDKs that send whole seconds name the same application.
      if (Math.floor(given / 1000) !== Math.floor(app.createdAt / 1000)) {
        throw invalidArgument(`The CreateTimestamp given doesn't match that of application ${app.name}.`);
      }
      if (app.state !== "READY" && app.state !== "RUNNING") {
        throw resourceInUse(`Application ${app.arn} can't be deleted in state ${app.state}`);
      }
      for (const version of versionsOf(app)) versions.delete(`${keyOf(app)}/${app.createdAt}/${version.version}`);
      lifecycle.delete(app);
      return {};
    },
    DescribeApplicationVersion: (input, call) => {
      const app = lifecycle.get(input.ApplicationName, call.region);
      const version = versions.get(`${keyOf(app)}/${app.createdAt}/${input.ApplicationVersionId}`);
      if (!version) throw noSuch(`Version ${input.ApplicationVersionId} of application ${app.name} not found`);
      return { ApplicationVersionDetail: detail(version) };
    },
    ListApplicationVersions: (input, call) => {
      const app = lifecycle.get(input.ApplicationName, call.region);
      const { items, next } = page(
        versionsOf(app).sort((a, b) => b.version - a.version),
        input,
      );
      const summaries = items.map(({ version }) => ({ ApplicationVersionId: version, ApplicationStatus: app.state }));
      return { ApplicationVersionSummaries: summaries, NextToken: next };
    },
    AddApplicationCloudWatchLoggingOption: (input, call) =>
      withLogging(input, call, (logging, version) => {
        if (logging.length > 0) throw invalidArgument("An application can have one CloudWatch logging option.");
        return [loggingOption(input.CloudWatchLoggingOption, version, 0)];
      }),
    DeleteApplicationCloudWatchLoggingOption: (input, call) =>
      withLogging(input, call, (logging) => {
        const rest = logging.filter((option) => option.CloudWatchLoggingOptionId !== input.CloudWatchLoggingOptionId);
        if (rest.length === logging.length)
          throw noSuch(`CloudWatch logging option ${input.CloudWatchLoggingOptionId} not found`);
        return rest;
      }),
    ...applicationTags(lifecycle),
  };
}

function loggingOption(option: any, version: number, index: number): Configuration["logging"][number] {
  const arn = option?.LogStreamARN;
  if (typeof arn !== "string" || !/^arn:aws[a-zA-Z-]*:logs:[^:]+:\d{12}:log-group:[^:]+:log-stream:.+$/.test(arn)) {
    throw invalidArgument(`Invalid CloudWatch log stream ARN: ${arn}`);
  }
  return { CloudWatchLoggingOptionId: `${version}.${index + 1}`, LogStreamARN: arn };
}

function s3Location(
  location: any,
  suffix: "" | "Update",
  old?: Configuration["code"]["location"],
): Configuration["code"]["location"] {
  if (!location)
    throw invalidArgument(
      "The application's code must be in S3: ApplicationCodeConfiguration.CodeContent.S3ContentLocation.",
    );
  const fileKey = location[`FileKey${suffix}`] ?? old?.fileKey;
  const sameObject = location[`FileKey${suffix}`] === undefined && location[`BucketARN${suffix}`] === undefined;
  return {
    bucketArn: location[`BucketARN${suffix}`] ?? old?.bucketArn,
    fileKey,
    objectVersion: location[`ObjectVersion${suffix}`] ?? (sameObject ? old?.objectVersion : undefined),
  };
}

/** How the next run is restored: of StartApplication (`suffix` empty) or of an update. */
export function runConfiguration(given: any, suffix: "" | "Update", old: RunConfiguration): RunConfiguration {
  const flink = given?.[`FlinkRunConfiguration${suffix}`];
  const restore = given?.ApplicationRestoreConfiguration;
  return {
    restoreType: restore?.ApplicationRestoreType ?? old.restoreType,
    snapshotName: restore ? restore.SnapshotName : old.snapshotName,
    allowNonRestoredState: flink?.AllowNonRestoredState ?? old.allowNonRestoredState,
  };
}
