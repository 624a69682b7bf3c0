import { orAbsent } from "../../aws/failures.ts";
import type { Pipeline } from "../resource.ts";
import type { ApplicationState } from "../resources/application.ts";
import { restorable, snapshotsOf } from "./snapshots.ts";

/** The Flink application as it is. */
export interface ApplicationStatus {
  version: number;
  /** As the service has it: READY, STARTING, RUNNING … */
  status: string;
  /** What it runs with now: autoscaling may have raised it. */
  parallelism: number;
  /** Snapshots that it can start from, and the newest of them. */
  snapshots: number;
  lastSnapshot?: { name: string; at: string };
}

export async function readApplication(
  { clients, names }: Pipeline,
  { status, detail }: ApplicationState,
): Promise<ApplicationStatus> {
  const flink = await clients.flink();
  const snapshots = restorable((await orAbsent(snapshotsOf(flink, names.application))) ?? []);
  const configuration = detail.ApplicationConfigurationDescription?.FlinkApplicationConfigurationDescription;
  const { CurrentParallelism, Parallelism } = configuration?.ParallelismConfigurationDescription ?? {};
  const [last] = snapshots;
  return {
    version: detail.ApplicationVersionId ?? 0,
    status,
    parallelism: CurrentParallelism ?? Parallelism ?? 1,
    snapshots: snapshots.length,
    ...(last?.SnapshotCreationTimestamp && {
      lastSnapshot: { name: last.SnapshotName ?? "", at: last.SnapshotCreationTimestamp.toISOString() },
    }),
  };
}
