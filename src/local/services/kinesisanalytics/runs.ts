import type { Operation } from "../../service.ts";
import { runConfiguration } from "./applications.ts";
import { operationDetails, operationInfo } from "./describe.ts";
import { keyOf, type Lifecycle } from "./lifecycle.ts";
import {
  type Application,
  type Beginning,
  invalidArgument,
  noSuch,
  type RunConfiguration,
  resourceInUse,
} from "./model.ts";
import { page } from "./paging.ts";

const FORCIBLE = new Set(["STARTING", "RUNNING", "UPDATING", "STOPPING"]);

/** Starting and stopping, and what became of it. */
export function runOperations(lifecycle: Lifecycle): Record<string, Operation> {
  const restoreOf = (app: Application, run: RunConfiguration): Beginning => {
    const { restoreType, snapshotName, allowNonRestoredState } = run;
    if (restoreType === "SKIP_RESTORE_FROM_SNAPSHOT") return { kind: "fresh" };
    if (restoreType === "RESTORE_FROM_CUSTOM_SNAPSHOT") {
      const snapshot = lifecycle.snapshots.get(`${keyOf(app)}/${snapshotName}`);
      if (!snapshot) throw noSuch(`Snapshot ${snapshotName} of application ${app.name} not found`);
      if (snapshot.state !== "READY") throw invalidArgument(`Snapshot ${snapshotName} is in state ${snapshot.state}`);
      if (snapshot.engine !== lifecycle.runner.engineName) {
        throw invalidArgument(
          `Snapshot ${snapshotName} is of the ${snapshot.engine} engine; this stack runs ${lifecycle.runner.engineName}.`,
        );
      }
      return { kind: "snapshot", path: snapshot.path, allowNonRestoredState };
    }
    if (restoreType !== "RESTORE_FROM_LATEST_SNAPSHOT")
      throw invalidArgument(`Unknown ApplicationRestoreType: ${restoreType}`);
    const latest = lifecycle.latestSnapshot(app);
    return latest ? { kind: "snapshot", path: latest.path, allowNonRestoredState } : { kind: "fresh" };
  };
  return {
    StartApplication: (input, call) => {
      const app = lifecycle.get(input.ApplicationName, call.region);
      if (app.state !== "READY")
        throw resourceInUse(`Application ${app.arn} is in state ${app.state}: it can be started only from READY`);
      const run = runConfiguration(input.RunConfiguration, "", app.run);
      return { OperationId: lifecycle.start({ ...app, run }, restoreOf(app, run)) };
    },
    StopApplication: (input, call) => {
      const app = lifecycle.get(input.ApplicationName, call.region);
      const force = input.Force === true;
      if (!(force ? FORCIBLE.has(app.state) : app.state === "RUNNING")) {
        throw resourceInUse(
          `Application ${app.arn} is in state ${app.state}: it can be stopped only from RUNNING${force ? "" : ", or with Force"}`,
        );
      }
      return { OperationId: lifecycle.stop(app, force) };
    },
    ListApplicationOperations: (input, call) => {
      const app = lifecycle.get(input.ApplicationName, call.region);
      const all = [...lifecycle.operations.entries()]
        .map(([, operation]) => operation)
        .filter((operation) => operation.application === keyOf(app))
        .filter((operation) => input.Operation === undefined || operation.operation === input.Operation)
        .filter((operation) => input.OperationStatus === undefined || operation.status === input.OperationStatus)
        .sort((a, b) => b.startedAt - a.startedAt);
      const { items, next } = page(all, input);
      return { ApplicationOperationInfoList: items.map(operationInfo), NextToken: next };
    },
    DescribeApplicationOperation: (input, call) => {
      const app = lifecycle.get(input.ApplicationName, call.region);
      const operation = lifecycle.operations.get(String(input.OperationId));
      if (operation?.application !== keyOf(app)) throw noSuch(`Operation ${input.OperationId} not found`);
      return { ApplicationOperationInfoDetails: operationDetails(operation) };
    },
  };
}
