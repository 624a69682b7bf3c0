import { isAbsent, isConflict } from "../../aws/failures.ts";
import {
  DeleteApplicationSnapshotCommand,
  type KinesisAnalyticsV2Client,
  ListApplicationSnapshotsCommand,
  type SnapshotDetails,
} from "../../aws/flink.ts";

/** A snapshot whose name begins so is a person's own: it is neither counted nor removed. */
const KEPT = "keep";

/** All snapshots of an application, newest first. */
export async function snapshotsOf(
  flink: KinesisAnalyticsV2Client,
  ApplicationName: string,
): Promise<SnapshotDetails[]> {
  const all: SnapshotDetails[] = [];
  let NextToken: string | undefined;
  do {
    const page = await flink.send(new ListApplicationSnapshotsCommand({ ApplicationName, Limit: 50, NextToken }));
    all.push(...(page.SnapshotSummaries ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return all.sort((a, b) => createdAt(b) - createdAt(a));
}

/** Those that an application can start from. */
export function restorable(snapshots: SnapshotDetails[]): SnapshotDetails[] {
  return snapshots.filter(({ SnapshotStatus }) => SnapshotStatus === "READY");
}

/**
 * Removes the oldest snapshots beyond the newest `keep` whole ones: every stop and update leaves one, the service keeps them all,
 * and at its quota (1,000 an application) neither works any more. Answers with the names removed.
 */
export async function pruneSnapshots(
  flink: KinesisAnalyticsV2Client,
  ApplicationName: string,
  keep: number,
): Promise<string[]> {
  const ours = restorable(await snapshotsOf(flink, ApplicationName)).filter(
    ({ SnapshotName }) => !SnapshotName?.startsWith(KEPT),
  );
  const removed: string[] = [];
  for (const { SnapshotName, SnapshotCreationTimestamp } of ours.slice(keep)) {
    try {
      await flink.send(
        new DeleteApplicationSnapshotCommand({ ApplicationName, SnapshotName, SnapshotCreationTimestamp }),
      );
      removed.push(SnapshotName!);
    } catch (error) {
      // Somebody else removes it, or starts from it: the next time will do.
      if (!isAbsent(error) && !isConflict(error)) throw error;
    }
  }
  return removed;
}

const createdAt = ({ SnapshotCreationTimestamp }: SnapshotDetails) => SnapshotCreationTimestamp?.getTime() ?? 0;
