import type { ServiceFactory } from "../../service.ts";
import { applicationOperations } from "./applications.ts";
import { Lifecycle } from "./lifecycle.ts";
import { Runner } from "./runner.ts";
import { runOperations } from "./runs.ts";
import { snapshotOperations } from "./snapshots.ts";

/** Kinesis Analytics V2 (Managed Service for Apache Flink): applications that one of the stack's engines runs. */
export const kinesisAnalytics: ServiceFactory = (stack) => {
  const lifecycle = new Lifecycle(stack, new Runner(stack));
  return {
    kind: "rpc",
    signingNames: ["kinesisanalytics"],
    protocol: "json",
    targetPrefixes: ["KinesisAnalytics_20180523"],
    timestamps: ["CreateTimestamp", "SnapshotCreationTimestamp"],
    blobs: ["ZipFileContent"],
    operations: {
      ...applicationOperations(stack, lifecycle),
      ...runOperations(lifecycle),
      ...snapshotOperations(lifecycle),
    },
    pages: {
      // What CloudWatch has on AWS: warm-up, records, lag, checkpoints.
      application: async (query) => {
        const name = query.get("name");
        const found = [...lifecycle.applications.entries()].filter(([, app]) => name === null || app.name === name);
        return Promise.all(
          found.map(async ([key, app]) => ({
            name: app.name,
            region: app.region,
            status: app.state,
            engine: lifecycle.runner.engineName,
            ...(await lifecycle.runner.status(key)),
          })),
        );
      },
    },
    started: () => lifecycle.resume(),
    close: () => lifecycle.close(),
  };
};
