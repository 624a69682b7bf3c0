import { rm } from "node:fs/promises";
import { AwsError } from "../../errors.ts";
import type { Operation } from "../../service.ts";
import { snapshotDetails } from "./describe.ts";
import { keyOf, type Lifecycle } from "./lifecycle.ts";
import { type Application, invalidArgument, noSuch, resourceInUse, type SnapshotRecord } from "./model.ts";
import { page } from "./paging.ts";

/** Snapshots of running applications. */
export function snapshotOperations(lifecycle: Lifecycle): Record<string, Operation> {
  const get = (app: Application, name: unknown): SnapshotRecord => {
    const snapshot = lifecycle.snapshots.get(`${keyOf(app)}/${String(name)}`);
    if (!snapshot) throw noSuch(`Snapshot ${name} of application ${app.name} not found`);
    return snapshot;
  };
  return {
    CreateApplicationSnapshot: async (input, call) => {
      const app = lifecycle.get(input.ApplicationName, call.region);
      const name = String(input.SnapshotName ?? "");
      if (!/^[a-zA-Z0-9_.-]{1,256}$/.test(name)) throw invalidArgument(`Invalid snapshot name: ${name}`);
      if (!app.configuration.snapshotsEnabled) {
        throw new AwsError("UnsupportedOperationException", `Snapshots are not enabled for application ${app.name}`);
      }
      if (app.state !== "RUNNING")
        throw new AwsError("InvalidApplicationConfigurationException", `Application ${app.arn} is not RUNNING`);
      if (lifecycle.snapshots.get(`${keyOf(app)}/${name}`)) throw resourceInUse(`Snapshot ${name} already exists`);
      const record = await lifecycle.snapshot(app, name);
      const work = lifecycle.runner.snapshot(keyOf(app), record.path);
      // The answer doesn't wait for it; a failure is the snapshot's state.
      void lifecycle.finishSnapshot(record, work).catch(() => {});
      return {};
    },
    DescribeApplicationSnapshot: (input, call) => ({
      SnapshotDetails: snapshotDetails(get(lifecycle.get(input.ApplicationName, call.region), input.SnapshotName)),
    }),
    ListApplicationSnapshots: (input, call) => {
      const all = lifecycle.snapshotsOf(lifecycle.get(input.ApplicationName, call.region));
      const { items, next } = page(all, input);
      return { SnapshotSummaries: items.map(snapshotDetails), NextToken: next };
    },
    DeleteApplicationSnapshot: async (input, call) => {
      const app = lifecycle.get(input.ApplicationName, call.region);
      const snapshot = get(app, input.SnapshotName);
      const given =
        input.SnapshotCreationTimestamp instanceof Date ? input.SnapshotCreationTimestamp.getTime() : Number.NaN;
      if (Math.floor(given / 1000) !== Math.floor(snapshot.createdAt / 1000)) {
        throw invalidArgument(`The SnapshotCreationTimestamp given doesn't match that of snapshot ${snapshot.name}.`);
      }
      if (snapshot.state === "CREATING") throw resourceInUse(`Snapshot ${snapshot.name} is being created`);
      lifecycle.snapshots.delete(`${keyOf(app)}/${snapshot.name}`);
      await rm(snapshot.path, { recursive: true, force: true });
      return {};
    },
  };
}
