import {
  CreateApplicationSnapshotCommand,
  DescribeApplicationCommand,
  StartApplicationCommand,
  UpdateApplicationCommand,
} from "@aws-sdk/client-kinesis-analytics-v2";
import { afterEach, describe, expect, it } from "vitest";
import { zipBytes } from "../../../src/io/zip.ts";
import type { ChaosRule } from "../../../src/local/chaos.ts";
import { readStatus } from "../../../src/operate/status/status.ts";
import { snapshotsOf } from "../../../src/pipeline/flink/snapshots.ts";
import { stop } from "../../../src/pipeline/flink/stop.ts";
import { destroy } from "../../../src/pipeline/plan/destroy.ts";
import { setup } from "../../../src/pipeline/plan/provision.ts";
import type { Step } from "../../../src/pipeline/resource.ts";
import type { Settings } from "../../../src/pipeline/settings/config.ts";
import { faults } from "../../aws/service-model.ts";
import { testContext, testPipeline, testStack } from "../provisioned.ts";

const ApplicationName = "AnomalyDetection";
const STEPS: Step[] = ["upload-jar", "create-streams", "configure-flink", "start"];
const jar = (content: string) => zipBytes({ "job.txt": new TextEncoder().encode(content) });

let close: () => Promise<void> = async () => {};
afterEach(() => close());

/** A pipeline on a stack of its own; `with` is the same one with other settings or another jar. */
async function farm({ settings = {}, chaos = [] }: { settings?: Partial<Settings>; chaos?: ChaosRule[] } = {}) {
  const stack = await testStack({ chaos: { rules: chaos } });
  close = () => stack.close();
  const as = (changes: { settings?: Partial<Settings>; jar?: Uint8Array } = {}) => {
    const { what, calls } = testPipeline(stack.endpoint, {
      ...changes,
      settings: { ...settings, ...changes.settings },
      clients: { maxAttempts: 1 },
    });
    const ctx = testContext();
    const flink = () => what.pipeline.clients.flink();
    return {
      ctx,
      calls,
      /** The application and what it needs, or these steps. */
      set: (...steps: Step[]) =>
        setup(ctx, what, { steps: steps.length > 0 ? steps : STEPS, dryRun: false, adopt: false }),
      stop: (force = false) => stop(ctx, what, force),
      status: () => readStatus(what),
      destroy: () => destroy(ctx, what, { keepData: false, agree: async () => true }),
      detail: async () =>
        (await (await flink()).send(new DescribeApplicationCommand({ ApplicationName }))).ApplicationDetail!,
      snapshots: async () => snapshotsOf(await flink(), ApplicationName),
      flink,
      /** How often a call was made. */
      made: (operation: string) => calls.filter((call) => call.operation === operation).length,
    };
  };
  return { ...as(), with: as };
}

describe("start", () => {
  it("uses the jar in the bucket where the one built here isn't uploaded, and names the step that uploads it", async () => {
    const before = await farm();
    const old = before.with({ jar: jar("one") });
    await old.set();
    const code = async () =>
      (await old.detail()).ApplicationConfigurationDescription!.ApplicationCodeConfigurationDescription!
        .CodeContentDescription!.S3ApplicationCodeLocationDescription!.ObjectVersion;
    const version = await code();
    await old.stop();

    const built = before.with({ jar: jar("number two") });
    await built.set("start");
    expect((await built.detail()).ApplicationStatus).toBe("RUNNING");
    expect(await code()).toBe(version);
    expect(built.ctx.lines.join("\n")).toContain("windops upload-jar");

    await built.set("upload-jar");
    await built.set("start");
    expect(await code()).not.toBe(version);
  });

  it("says why where the application doesn't start", async () => {
    const { set, stop, flink, detail } = await farm();
    await set();
    await stop();
    const groups = (await detail()).ApplicationConfigurationDescription!.EnvironmentPropertyDescriptions!
      .PropertyGroupDescriptions!;
    await (await flink()).send(
      new UpdateApplicationCommand({
        ApplicationName,
        CurrentApplicationVersionId: (await detail()).ApplicationVersionId,
        ApplicationConfigurationUpdate: {
          EnvironmentPropertyUpdates: {
            PropertyGroups: groups.map((group) => ({
              PropertyGroupId: group.PropertyGroupId,
              PropertyMap: { ...group.PropertyMap, sampleSize: "many" },
            })),
          },
        },
      }),
    );
    await expect(set("start")).rejects.toMatchObject({
      code: "E_START",
      message: expect.stringContaining("sampleSize"),
    });
  });
});

describe("every transition is made from the state that allows it", () => {
  it("stop waits for a start to end, stops once, and leaves what is stopped", async () => {
    const { set, stop, flink, detail, made } = await farm();
    await set("upload-jar", "create-streams", "configure-flink");
    expect(await stop()).toEqual({ application: ApplicationName, stopped: false });
    expect(made("StopApplication")).toBe(0);
    // Answered while it is STARTING, which lasts milliseconds here: too short to be looked for.
    await (await flink()).send(new StartApplicationCommand({ ApplicationName }));
    expect(await stop()).toEqual({ application: ApplicationName, stopped: true });
    expect(made("StopApplication")).toBe(1);
    expect((await detail()).ApplicationStatus).toBe("READY");
  });

  it("a stop that comes while setup starts it stops it; the setup says so, unless it was done", async () => {
    const { set, stop, detail, made } = await farm();
    await set("upload-jar", "create-streams", "configure-flink");
    const starting = set("start");
    await expect.poll(() => made("StartApplication")).toBe(1);
    expect((await stop()).stopped).toBe(true);
    // It may have seen it running before the stop.
    const ended = await starting.then(
      () => "done",
      (error: Error) => error.message,
    );
    expect(["done", "AnomalyDetection started, and was stopped again by something else."]).toContain(ended);
    expect([made("StartApplication"), (await detail()).ApplicationStatus]).toEqual([1, "READY"]);
  });

  it("a forced stop takes no snapshot and doesn't wait for RUNNING", async () => {
    const { set, stop, flink, detail, snapshots, calls } = await farm();
    await set("upload-jar", "create-streams", "configure-flink");
    await (await flink()).send(new StartApplicationCommand({ ApplicationName }));
    expect((await stop(true)).stopped).toBe(true);
    expect(calls.filter(({ operation }) => operation === "StopApplication").map(({ input }) => input)).toEqual([
      { ApplicationName, Force: true },
    ]);
    expect((await detail()).ApplicationStatus).toBe("READY");
    expect(await snapshots()).toEqual([]);
  });

  it.each([
    ["UpdateApplication", "ConcurrentModificationException", "was modified"],
    ["UpdateApplication", "ResourceInUseException", "is being updated"],
    ["StartApplication", "ResourceInUseException", "is in state STARTING"],
    ["CreateApplication", "ConcurrentModificationException", "Tags are already registered for this resource ARN"],
    ["CreateApplication", "InvalidArgumentException", "doesn't have sufficient privileges to assume the role"],
    ["CreateApplication", "InvalidArgumentException", "Please check the role provided or validity of S3 location"],
  ])("setup reads again and goes on when %s answers %s (%s)", async (operation, code, message) => {
    const start = await farm({
      chaos: [{ service: "kinesisanalytics", operation, nth: [1, 2], error: { code, message, status: 400 } }],
    });
    if (operation === "UpdateApplication") {
      await start.set();
      await start.with({ settings: { parallelism: 2 } }).set();
    } else await start.set();
    const { ApplicationStatus, ApplicationConfigurationDescription } = await start.detail();
    expect(ApplicationStatus).toBe("RUNNING");
    const { FlinkApplicationConfigurationDescription: flink } = ApplicationConfigurationDescription!;
    expect(flink!.ParallelismConfigurationDescription!.Parallelism).toBe(operation === "UpdateApplication" ? 2 : 1);
  });

  it("an update that somebody else was faster with is compared again, with the version that is current then", async () => {
    const before = await farm();
    await before.set();
    const ours = before.with({ settings: { parallelism: 2 } });
    const flink = await ours.flink();
    let raced = false;
    // Between our reading and our update.
    flink.middlewareStack.add(
      (next: any, context: any) => async (args: any) => {
        if (context.commandName === "UpdateApplicationCommand" && !raced) {
          raced = true;
          await before.with({ settings: { metricsLevel: "TASK" } }).set("configure-flink");
        }
        return next(args);
      },
      { step: "initialize", name: "race" },
    );
    await ours.set("configure-flink");
    expect(raced).toBe(true);
    const wanted = { Parallelism: 2 };
    const detail = await ours.detail();
    expect(
      detail.ApplicationConfigurationDescription!.FlinkApplicationConfigurationDescription!
        .ParallelismConfigurationDescription,
    ).toMatchObject(wanted);
    // Theirs, ours and the metrics level back.
    expect(detail.ApplicationVersionId).toBe(3);
    expect(detail.ApplicationStatus).toBe("RUNNING");
  });

  it("destroy stops what runs, deletes it by its creation time, and the same name can be set up again at once", async () => {
    const { set, destroy, detail, calls } = await farm();
    await set();
    const { CreateTimestamp } = await detail();
    await destroy();
    expect(calls.filter(({ operation }) => operation === "DeleteApplication").map(({ input }) => input)).toContainEqual(
      {
        ApplicationName,
        CreateTimestamp,
      },
    );
    await set();
    expect((await detail()).ApplicationStatus).toBe("RUNNING");
    expect(calls.flatMap(({ service, operation, input }) => faults(service, operation, input))).toEqual([]);
  });
});

describe("configuration", () => {
  it("is CUSTOM with the settings' values and the log stream; drift is seen and put right", async () => {
    const {
      set,
      detail,
      with: as,
    } = await farm({
      settings: { parallelism: 3, autoScaling: false, metricsLevel: "OPERATOR", checkpointInterval: "5m" },
    });
    await set();
    const described = async () => {
      const { ApplicationConfigurationDescription: configuration, CloudWatchLoggingOptionDescriptions } =
        await detail();
      return { ...configuration!.FlinkApplicationConfigurationDescription, CloudWatchLoggingOptionDescriptions };
    };
    const wanted = {
      ParallelismConfigurationDescription: { ConfigurationType: "CUSTOM", Parallelism: 3, AutoScalingEnabled: false },
      MonitoringConfigurationDescription: { ConfigurationType: "CUSTOM", MetricsLevel: "OPERATOR", LogLevel: "INFO" },
      CheckpointConfigurationDescription: { ConfigurationType: "CUSTOM", CheckpointInterval: 300_000 },
      CloudWatchLoggingOptionDescriptions: [
        { LogStreamARN: expect.stringMatching(/:log-group:.*AnomalyDetection.*:log-stream:/) },
      ],
    };
    expect(await described()).toMatchObject(wanted);

    const defaults = as({
      settings: { parallelism: 1, autoScaling: true, metricsLevel: "APPLICATION", checkpointInterval: "1m" },
    });
    const drift = (await defaults.status()).resources.find(({ id }) => id === "application")!;
    expect(drift.state).toBe("drifted");
    expect(drift.changes.map(({ property }) => property)).toEqual(["parallelism", "monitoring", "checkpoints"]);
    await defaults.set();
    expect(await described()).toMatchObject({
      ParallelismConfigurationDescription: { ConfigurationType: "CUSTOM", Parallelism: 1, AutoScalingEnabled: true },
      MonitoringConfigurationDescription: { ConfigurationType: "CUSTOM", MetricsLevel: "APPLICATION" },
      CheckpointConfigurationDescription: { ConfigurationType: "CUSTOM", CheckpointInterval: 60_000 },
    });
    await set();
    expect(await described()).toMatchObject(wanted);
  });

  it("a new jar is taken over by its object's version, from a snapshot", async () => {
    const before = await farm();
    await before.with({ jar: jar("one") }).set();
    const next = before.with({ jar: jar("number two") });
    const location = async () =>
      (await next.detail()).ApplicationConfigurationDescription!.ApplicationCodeConfigurationDescription!
        .CodeContentDescription!.S3ApplicationCodeLocationDescription!;
    const old = await location();
    await next.set();
    const now = await location();
    expect(now.FileKey).toBe(old.FileKey);
    expect(now.ObjectVersion).not.toBe(old.ObjectVersion);
    expect(await next.detail()).toMatchObject({ ApplicationVersionId: 2, ApplicationStatus: "RUNNING" });
    expect((await next.snapshots()).map(({ SnapshotStatus }) => SnapshotStatus)).toEqual(["READY"]);
  });
});

describe("snapshots", () => {
  it("are pruned to the newest, by stop and by an update, but for those that a person keeps", async () => {
    const before = await farm({ settings: { snapshots: 2 } });
    await before.set();
    for (const SnapshotName of ["keep-before-the-storm", "a", "b"]) {
      await (await before.flink()).send(new CreateApplicationSnapshotCommand({ ApplicationName, SnapshotName }));
      await expect
        .poll(async () => (await before.snapshots())[0])
        .toMatchObject({ SnapshotName, SnapshotStatus: "READY" });
    }
    await before.with({ settings: { parallelism: 2 } }).set();
    const afterUpdate = (await before.snapshots()).map(({ SnapshotName }) => SnapshotName);
    expect(afterUpdate).toEqual([expect.any(String), "b", "keep-before-the-storm"]);
    await before.stop();
    const afterStop = (await before.snapshots()).map(({ SnapshotName }) => SnapshotName);
    expect(afterStop).toEqual([expect.any(String), afterUpdate[0], "keep-before-the-storm"]);
  });
});

describe("status", () => {
  it("shows the application's version, state, parallelism, last snapshot, restarts and lag", async () => {
    const { set, stop, status } = await farm({ settings: { parallelism: 2 } });
    await set();
    expect(await status()).toMatchObject({
      application: { version: 1, status: "RUNNING", parallelism: 2, snapshots: 0 },
      flow: { restarts: 0, scoringLagMs: 0 },
    });
    await stop();
    expect((await status()).application).toEqual({
      version: 1,
      status: "READY",
      parallelism: 2,
      snapshots: 1,
      lastSnapshot: { name: expect.any(String), at: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
  });
});
