import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateStreamCommand, KinesisClient, PutRecordsCommand, waitUntilStreamExists } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type {
  ApplicationStart,
  Engine,
  RunningApplication,
} from "../../../../../src/local/services/kinesisanalytics/engines/engine.ts";
import type { FlinkApplication } from "../../../../../src/local/services/kinesisanalytics/engines/flink/application.ts";
import { flinkEngine } from "../../../../../src/local/services/kinesisanalytics/engines/flink/flink.ts";
import type { RunningStack } from "../../../../../src/local/stack.ts";
import { clientOptions, temporaryFolder, temporaryStack } from "../../../stack-fixture.ts";
import { build, ensureBuilt, hasJdk, until } from "./flink-fixture.ts";

const TURBINES = 3;
const OUTPUT_AFTER = 20;

describe.runIf(hasJdk)("engine flink", { timeout: 180_000 }, () => {
  let stack: RunningStack;
  let client: KinesisClient;
  let engine: Engine;
  const logged: string[] = [];
  const folder = temporaryFolder();

  beforeAll(async () => {
    await ensureBuilt();
    stack = await temporaryStack();
    client = new KinesisClient({ ...clientOptions(stack.endpoint), requestHandler: new NodeHttpHandler() });
    for (const StreamName of ["In", "Out"]) {
      await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
      await waitUntilStreamExists({ client, maxWaitTime: 30, minDelay: 1 }, { StreamName });
    }
    engine = flinkEngine(stack.stack);
  }, 300_000);

  afterAll(async () => {
    await engine.close();
    client.destroy();
    await stack.close();
  });

  const start = (options: Partial<ApplicationStart> = {}): Promise<RunningApplication> => {
    mkdirSync(folder, { recursive: true });
    return engine.start({
      name: "AnomalyDetection",
      arn: "arn:aws:kinesisanalytics:us-east-1:000000000000:application/AnomalyDetection",
      region: "us-east-1",
      properties: {
        project: {
          inputStreamName: "In",
          ouputStreamName: "Out",
          region: "us-east-1",
          numberOfTrees: "10",
          outputAfter: String(OUTPUT_AFTER),
          pollInterval: "200ms",
        },
      },
      parallelism: 1,
      jarPath: build.jar,
      jarSha256: createHash("sha256").update(readFileSync(build.jar)).digest("hex"),
      checkpointIntervalMs: 500,
      restore: { kind: "fresh" },
      folder,
      log: (level, message) => logged.push(`${level} ${message}`),
      onCrash: (error) => logged.push(`CRASH ${error.message}`),
      ...options,
    });
  };

  let sent = 0;
  /** One reading more of every turbine, `count` times. */
  const put = async (count: number) => {
    const Records = Array.from({ length: count * TURBINES }, (_, i) => {
      const turbineId = `turbine-${i % TURBINES}`;
      const n = sent + Math.floor(i / TURBINES);
      const timestamp = new Date(Date.UTC(2026, 10, 23) + n * 1000).toISOString();
      return {
        PartitionKey: turbineId,
        Data: Buffer.from(JSON.stringify({ turbineId, location: "Oak Ridge", speed: 9 + Math.sin(n), timestamp })),
      };
    });
    sent += count;
    const { FailedRecordCount } = await client.send(new PutRecordsCommand({ StreamName: "In", Records }));
    expect(FailedRecordCount).toBe(0);
  };

  /** Every scored reading so far: turbine and time, with the score. */
  const scored = async () => {
    const { ShardIterator } = await stack.stack.call(
      "kinesis",
      "GetShardIterator",
      { StreamName: "Out", ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" },
      "us-east-1",
    );
    const { Records } = await stack.stack.call("kinesis", "GetRecords", { ShardIterator }, "us-east-1");
    return new Map<string, number>(
      (Records as { Data: Uint8Array }[])
        .map(({ Data }) => JSON.parse(Buffer.from(Data).toString()))
        .map((reading) => [`${reading.turbineId} ${reading.timestamp}`, reading.score]),
    );
  };
  const allScored = () => until(async () => (await scored()).size === sent * TURBINES);

  let application: RunningApplication;
  const snapshot = join(folder, "snapshot-1");

  it("runs the uploaded jar with the application's properties", async () => {
    application = await start();
    await put(30);
    await allScored();
    const zeros = [...(await scored()).values()].filter((score) => score === 0);
    expect(zeros.length).toBe(OUTPUT_AFTER * TURBINES);
    await until(async () => (await application.status()).recordsOut === 30 * TURBINES);
    await until(async () => Object.keys((await application.status()).warmUp ?? {}).length === TURBINES);
    const status = await application.status();
    expect(status).toMatchObject({ recordsIn: 30 * TURBINES, restarts: 0, rejected: 0, millisBehindLatest: 0 });
    expect(status.warmUp).toEqual({ "turbine-0": 1, "turbine-1": 1, "turbine-2": 1 });
  });

  it("starts again from the last checkpoint when the JVM is killed", async () => {
    const before = (await application.status()).lastCheckpoint?.id ?? 0;
    await until(async () => ((await application.status()).lastCheckpoint?.id ?? 0) > before + 1);
    process.kill((application as FlinkApplication).pid!, "SIGKILL");
    await put(20);
    await allScored();
    // No forest began anew: those would score 0 again.
    expect([...(await scored()).values()].filter((score) => score === 0).length).toBe(OUTPUT_AFTER * TURBINES);
    expect(await application.status()).toMatchObject({
      restarts: 1,
      lastError: "Flink died: the JVM was killed by SIGKILL",
    });
    expect(logged).toContain("ERROR Flink died: the JVM was killed by SIGKILL");
  });

  it("takes a snapshot and goes on, and another when it is stopped", async () => {
    const running = await application.snapshot(join(folder, "snapshot-0"));
    expect(running.bytes).toBeGreaterThan(1000);
    const taken = await application.stop({ snapshot });
    expect(taken?.path).toBe(snapshot);
    expect(existsSync(join(snapshot, "_metadata"))).toBe(true);
  });

  it("goes on from a snapshot, with another parallelism", async () => {
    await put(10);
    application = await start({ restore: { kind: "snapshot", path: snapshot }, parallelism: 2 });
    await put(10);
    await allScored();
    expect([...(await scored()).values()].filter((score) => score === 0).length).toBe(OUTPUT_AFTER * TURBINES);
    expect(logged.filter((line) => line.startsWith("CRASH"))).toEqual([]);
  });

  it("goes on from the newest checkpoint after the whole stack died", async () => {
    await until(async () => (await application.status()).lastCheckpoint !== undefined);
    await engine.close();
    await put(10);
    application = await start({ restore: { kind: "checkpoint", otherwise: { kind: "fresh" } }, parallelism: 2 });
    await allScored();
    expect([...(await scored()).values()].filter((score) => score === 0).length).toBe(OUTPUT_AFTER * TURBINES);
    await application.stop({});
  });

  it("says what is missing when it can't start", async () => {
    await expect(start({ properties: { project: { region: "us-east-1" } } })).rejects.toThrow(
      'the property "inputStreamName" is missing from the group "project"',
    );
    await expect(start({ properties: {} })).rejects.toThrow('no property group "project"');
    await expect(
      start({ properties: { project: { inputStreamName: "None", outputStreamName: "Out", region: "us-east-1" } } }),
    ).rejects.toThrow(/Stream None .*not found/);
    await expect(start({ jarSha256: "00" })).rejects.toThrow("not those that were uploaded");
    const text = join(folder, "text.jar");
    writeFileSync(text, "not a jar");
    const jarSha256 = createHash("sha256").update("not a jar").digest("hex");
    await expect(start({ jarPath: text, jarSha256 })).rejects.toThrow(/zip/);
  });
});
