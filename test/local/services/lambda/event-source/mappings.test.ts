import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DeleteStreamCommand, DescribeStreamSummaryCommand, UpdateShardCountCommand } from "@aws-sdk/client-kinesis";
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Clients, clients, deploy, enabled, put, role, stream, until, zipped } from "../../../pipeline-fixture.ts";
import { clientOptions, temporaryFolder, temporaryStack } from "../../../stack-fixture.ts";

let stack: Awaited<ReturnType<typeof temporaryStack>>;
let aws: Clients;
let Role: string;
beforeAll(async () => {
  stack = await temporaryStack({ limits: false });
  aws = clients(stack.endpoint);
  Role = await role(aws.iam, "functions");
});
afterAll(() => stack.close());

const out = (name: string) => join(stack.stateDir, `${name}.ndjson`);

/** A handler that appends the batch to its file and then does `body` with `texts`, `event` and `flag` (a file's presence). */
const recorder = (body = "") => `
  import { appendFileSync, existsSync } from "node:fs";
  export const handler = async (event, context) => {
    const texts = event.Records.map((r) => Buffer.from(r.kinesis.data, "base64").toString());
    const shard = event.Records[0].eventID.split(":")[0];
    const flag = existsSync(process.env.OUT + ".flag");
    const record = (list) => appendFileSync(process.env.OUT, JSON.stringify({ texts: list, shard, event: list.length > 0 && process.env.WHOLE ? event : undefined }) + "\\n");
    ${body || "record(texts);"}
  };
`;

interface Batch {
  texts: string[];
  shard: string;
  event?: any;
}

/** The batches that a function has recorded so far. */
const batches = (name: string): Batch[] =>
  existsSync(out(name))
    ? readFileSync(out(name), "utf8")
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
const texts = (name: string) => batches(name).flatMap((batch) => batch.texts);

/** A function of `body` with a stream of the same name mapped to it. */
async function mapped(
  name: string,
  body: string,
  settings: Partial<CreateEventSourceMappingCommandInput> = {},
  more: { shards?: number; variables?: Record<string, string>; timeout?: number } = {},
): Promise<string> {
  const Variables = { OUT: out(name), ...more.variables };
  const [EventSourceArn] = await Promise.all([
    stream(aws, name, more.shards),
    deploy(aws, Role, name, recorder(body), { Environment: { Variables }, Timeout: more.timeout ?? 5 }),
  ]);
  const { UUID } = await aws.lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: name,
      EventSourceArn,
      StartingPosition: "TRIM_HORIZON",
      ...settings,
    }),
  );
  await enabled(aws, UUID!);
  return UUID!;
}

const series = (key: string, count: number, from = 0) => Array.from({ length: count }, (_, i) => `${key}:${from + i}`);
const all = (name: string, wanted: string[]) =>
  until(() => {
    const got = new Set(texts(name));
    return wanted.every((text) => got.has(text));
  }, `${wanted.length} records at ${name}`);

describe("a mapping", () => {
  it("is made once, changed, switched off and on, and removed", async () => {
    const UUID = await mapped("crud", "");
    const EventSourceArn = "arn:aws:kinesis:us-east-1:000000000000:stream/crud";
    const again = { FunctionName: "crud", EventSourceArn, StartingPosition: "TRIM_HORIZON" as const };
    await expect(aws.lambda.send(new CreateEventSourceMappingCommand(again))).rejects.toMatchObject({
      name: "ResourceConflictException",
      message: expect.stringContaining(UUID),
    });
    expect(await aws.lambda.send(new GetEventSourceMappingCommand({ UUID }))).toMatchObject({
      BatchSize: 100,
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: -1,
      ParallelizationFactor: 1,
      StartingPosition: "TRIM_HORIZON",
      LastProcessingResult: "No records processed",
      FunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:crud",
    });
    const off = await aws.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false, BatchSize: 7 }));
    expect(off).toMatchObject({ State: "Disabling", BatchSize: 7 });
    await expect(aws.lambda.send(new UpdateEventSourceMappingCommand({ UUID, BatchSize: 8 }))).rejects.toMatchObject({
      name: "ResourceInUseException",
    });
    await enabled(aws, UUID, "Disabled");
    await put(aws, "crud", series("while-off", 20));
    await aws.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    await all("crud", series("while-off", 20));
    expect(batches("crud").map((batch) => batch.texts.length)).toEqual([7, 7, 6]);
    await enabled(aws, UUID);

    const { EventSourceMappings } = await aws.lambda.send(new ListEventSourceMappingsCommand({ FunctionName: "crud" }));
    expect(EventSourceMappings).toMatchObject([{ UUID, LastProcessingResult: "OK" }]);
    await aws.lambda.send(new DeleteFunctionCommand({ FunctionName: "crud" }));
    const outlived = await aws.lambda.send(new ListEventSourceMappingsCommand({ EventSourceArn }));
    expect(outlived.EventSourceMappings).toMatchObject([{ UUID, State: "Enabled" }]);
    await aws.lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
    await until(async () => {
      const { EventSourceMappings: left } = await aws.lambda.send(
        new ListEventSourceMappingsCommand({ EventSourceArn }),
      );
      return left?.length === 0;
    }, "the mapping removed");
  });

  it.each([
    [
      "a stream that isn't there",
      { EventSourceArn: "arn:aws:kinesis:us-east-1:000000000000:stream/none" },
      "Stream not found",
    ],
    ["another kind of source", { EventSourceArn: "arn:aws:sqs:us-east-1:000000000000:q" }, "Unrecognized event source"],
    ["too large a batch", { BatchSize: 10_001 }, "BatchSize"],
    ["a filter, which would be ignored", { FilterCriteria: { Filters: [{ Pattern: "{}" }] } }, "FilterCriteria"],
    [
      "a queue to tell failures",
      { DestinationConfig: { OnFailure: { Destination: "arn:aws:sqs:us-east-1:1:q" } } },
      "no such destination",
    ],
  ])("is refused with %s", async (_, change, message) => {
    if (!existsSync(out("refused"))) await mapped("refused", "").catch(() => {});
    const EventSourceArn = "arn:aws:kinesis:us-east-1:000000000000:stream/refused";
    await expect(
      aws.lambda.send(
        new CreateEventSourceMappingCommand({
          FunctionName: "refused",
          EventSourceArn,
          StartingPosition: "LATEST",
          ...change,
        }),
      ),
    ).rejects.toMatchObject({ name: "InvalidParameterValueException", message: expect.stringContaining(message) });
  });
});

describe("the event", () => {
  it("is that of Lambda", async () => {
    await mapped("shape", "", {}, { variables: { WHOLE: "1" } });
    await put(aws, "shape", ["oak:1"]);
    await all("shape", ["oak:1"]);
    const [record] = batches("shape")[0]!.event.Records;
    expect(record).toEqual({
      kinesis: {
        kinesisSchemaVersion: "1.0",
        partitionKey: "oak",
        sequenceNumber: expect.stringMatching(/^\d{56}$/),
        data: Buffer.from("oak:1").toString("base64"),
        approximateArrivalTimestamp: expect.any(Number),
      },
      eventSource: "aws:kinesis",
      eventVersion: "1.0",
      eventID: `shardId-000000000000:${record.kinesis.sequenceNumber}`,
      eventName: "aws:kinesis:record",
      invokeIdentityArn: Role,
      awsRegion: "us-east-1",
      eventSourceARN: "arn:aws:kinesis:us-east-1:000000000000:stream/shape",
    });
  });

  it("holds what came within the window, up to the batch size", async () => {
    await mapped("window", "", { BatchSize: 5, MaximumBatchingWindowInSeconds: 1 });
    for (const text of series("w", 8)) await put(aws, "window", [text]);
    await all("window", series("w", 8));
    expect(batches("window").map((batch) => batch.texts.length)).toEqual([5, 3]);
  });

  it("stays below six megabytes", async () => {
    const large = Array.from({ length: 10 }, (_, i) => `${i}:${"x".repeat(900_000)}`);
    await stream(aws, "large");
    for (const text of large) await put(aws, "large", [text]);
    await deploy(aws, Role, "large", recorder("record(texts.map((text) => text.slice(0, 1)));"), {
      Environment: { Variables: { OUT: out("large") } },
      MemorySize: 512,
      Timeout: 20,
    });
    await aws.lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: "large",
        EventSourceArn: "arn:aws:kinesis:us-east-1:000000000000:stream/large",
        StartingPosition: "TRIM_HORIZON",
      }),
    );
    await all("large", ["0", "9"]);
    expect(texts("large").join("")).toBe("0123456789");
    expect(Math.max(...batches("large").map((batch) => batch.texts.length))).toBe(5);
  });

  it("begins at the position asked for", async () => {
    const EventSourceArn = await stream(aws, "positions");
    await put(aws, "positions", series("early", 3));
    const at = new Date(stack.stack.now() + 1);
    await until(() => stack.stack.now() > at.getTime() + 5, "a later millisecond");
    await put(aws, "positions", series("late", 3));
    for (const [name, StartingPosition] of [
      ["from-time", "AT_TIMESTAMP"],
      ["from-latest", "LATEST"],
    ] as const) {
      await deploy(aws, Role, name, recorder(), { Environment: { Variables: { OUT: out(name) } } });
      const StartingPositionTimestamp = StartingPosition === "AT_TIMESTAMP" ? at : undefined;
      const { UUID } = await aws.lambda.send(
        new CreateEventSourceMappingCommand({
          FunctionName: name,
          EventSourceArn,
          StartingPosition,
          StartingPositionTimestamp,
        }),
      );
      await enabled(aws, UUID!);
    }
    await put(aws, "positions", series("after", 3));
    await all("from-time", [...series("late", 3), ...series("after", 3)]);
    await all("from-latest", series("after", 3));
    expect(texts("from-time")).not.toContain("early:2");
    expect(texts("from-latest")).not.toContain("early:2");
  });
});

/** Each key's records in order, apart from repetitions: at least once, never out of order. */
function expectInOrder(got: string[], keys: string[], count: number): void {
  for (const key of keys) {
    const first = [...new Set(got.filter((text) => text.startsWith(`${key}:`)))];
    expect(first).toEqual(series(key, count));
  }
}

describe("nothing is lost", () => {
  it("when the function fails for long", async () => {
    await mapped("broken", "if (!flag) throw new Error('down'); record(texts);", { BatchSize: 10 });
    await put(aws, "broken", series("a", 50));
    await until(async () => {
      const page = await fetch(`${stack.endpoint}/_windops/event-source-mappings`);
      const mapping = ((await page.json()) as any[]).find(({ FunctionArn }) => FunctionArn.endsWith(":broken"));
      const shard = mapping?.Shards["shardId-000000000000"];
      return shard?.errors >= 4 && shard.iteratorAgeMs > 0 && /^Error: down/.test(shard.lastError);
    }, "four failures, shown with the iterator's age");
    const { EventSourceMappings } = await aws.lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName: "broken" }),
    );
    expect(EventSourceMappings![0]!.LastProcessingResult).toContain("PROBLEM");
    await aws.lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: "broken", ZipFile: zipped({ "index.mjs": recorder() }) }),
    );
    await all("broken", series("a", 50));
    expect(texts("broken")).toEqual(series("a", 50));
  });

  it("when the function is throttled", async () => {
    await mapped("throttled", "", { MaximumRetryAttempts: 0 });
    await aws.lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: "throttled", ReservedConcurrentExecutions: 0 }),
    );
    await put(aws, "throttled", series("a", 5));
    await until(async () => {
      const page = (await (await fetch(`${stack.endpoint}/_windops/event-source-mappings`)).json()) as any[];
      return (
        page.find(({ FunctionArn }) => FunctionArn.endsWith(":throttled")).Shards["shardId-000000000000"].errors > 1
      );
    }, "throttled twice");
    await aws.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: "throttled" }));
    await all("throttled", series("a", 5));
    expect(texts("throttled")).toEqual(series("a", 5));
  });

  it("when the function is killed in the middle of a batch", async () => {
    const body = `
      record(texts.slice(0, 2));
      if (!flag) { appendFileSync(process.env.OUT + ".flag", ""); process.kill(process.pid, "SIGKILL"); }
      record(texts.slice(2));`;
    await mapped("killed", body, { BatchSize: 10 });
    await put(aws, "killed", series("a", 30));
    await all("killed", series("a", 30));
    expectInOrder(texts("killed"), ["a"], 30);
  });

  it("while the stream is split and merged under load, in order by key", async () => {
    await mapped("resharded", "", { ParallelizationFactor: 3, BatchSize: 20 }, { shards: 2 });
    const keys = ["a", "b", "c", "d", "e", "f"];
    const COUNT = 120;
    const write = async (from: number) => {
      for (let i = from; i < from + 40; i++)
        await put(
          aws,
          "resharded",
          keys.map((key) => `${key}:${i}`),
        );
    };
    const reshard = async (TargetShardCount: number) => {
      await aws.kinesis.send(
        new UpdateShardCountCommand({ StreamName: "resharded", TargetShardCount, ScalingType: "UNIFORM_SCALING" }),
      );
    };
    await Promise.all([write(0), reshard(4)]);
    await write(40);
    await until(async () => {
      const { StreamDescriptionSummary } = await aws.kinesis.send(
        new DescribeStreamSummaryCommand({ StreamName: "resharded" }),
      );
      return StreamDescriptionSummary!.StreamStatus === "ACTIVE";
    }, "resharded");
    await Promise.all([write(80), reshard(2)]);
    await all(
      "resharded",
      keys.flatMap((key) => series(key, COUNT)),
    );
    expectInOrder(texts("resharded"), keys, COUNT);
    expect(texts("resharded")).toHaveLength(keys.length * COUNT);
    expect(new Set(batches("resharded").map(({ shard }) => shard)).size).toBeGreaterThan(2);
  });
});

describe("poison", () => {
  it("is given up alone, with its bytes in the on-failure bucket, and blocks nothing", async () => {
    const s3 = new S3Client({ ...clientOptions(stack.endpoint), forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: "failed" }));
    const UUID = await mapped(
      "poison",
      "if (texts.some((t) => t.endsWith(':13'))) throw new Error('poison'); record(texts);",
      {
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: "arn:aws:s3:::failed" } },
      },
    );
    await put(aws, "poison", series("a", 40));
    await all(
      "poison",
      series("a", 40).filter((text) => text !== "a:13"),
    );
    expect(texts("poison")).not.toContain("a:13");
    const key = await until(async () => {
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: "failed" }));
      return Contents?.[0]?.Key;
    }, "the failed batch's report");
    expect(key).toMatch(new RegExp(`^aws/lambda/${UUID}/shardId-000000000000/\\d{4}/\\d\\d/\\d\\d/`));
    const report = JSON.parse(
      await (await s3.send(new GetObjectCommand({ Bucket: "failed", Key: key }))).Body!.transformToString(),
    );
    expect(report).toMatchObject({
      requestContext: {
        condition: "RetryAttemptsExhausted",
        functionArn: expect.stringMatching(/:poison$/),
        approximateInvokeCount: 2,
      },
      responseContext: { functionError: "Unhandled" },
      KinesisBatchInfo: {
        batchSize: 1,
        shardId: "shardId-000000000000",
        streamArn: expect.stringMatching(/stream\/poison$/),
      },
    });
    const [record] = JSON.parse(report.payload).Records;
    expect(Buffer.from(record.kinesis.data, "base64").toString()).toBe("a:13");
  });

  it("is passed over by partial answers", async () => {
    const body = `
      const bad = event.Records.filter((r, i) => texts[i] === "a:3");
      record(texts.slice(0, bad.length ? texts.indexOf("a:3") : undefined));
      return { batchItemFailures: bad.map((r) => ({ itemIdentifier: r.kinesis.sequenceNumber })) };`;
    await mapped("partial", body, {
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 2,
    });
    await put(aws, "partial", series("a", 10));
    await all(
      "partial",
      series("a", 10).filter((text) => text !== "a:3"),
    );
    expect(texts("partial")).toEqual(series("a", 10).filter((text) => text !== "a:3"));
  });

  it("that makes the function time out is given up, too", async () => {
    await mapped(
      "stuck",
      "if (texts.includes('a:1')) await new Promise((r) => setTimeout(r, 60_000)); record(texts);",
      {
        MaximumRetryAttempts: 0,
        BatchSize: 1,
      },
      { timeout: 1 },
    );
    await put(aws, "stuck", series("a", 3));
    await all("stuck", ["a:0", "a:2"]);
    expect(texts("stuck")).toEqual(["a:0", "a:2"]);
  });

  it("in one shard doesn't hold up another", async () => {
    await mapped(
      "shards",
      "if (shard.endsWith('0')) throw new Error('this shard only'); record(texts);",
      {},
      { shards: 2 },
    );
    const keys = Array.from({ length: 16 }, (_, i) => `k${i}`);
    await put(aws, "shards", keys);
    await until(() => texts("shards").length >= 3, "records of the other shard");
    expect(new Set(batches("shards").map(({ shard }) => shard))).toEqual(new Set(["shardId-000000000001"]));
  });
});

describe("a checkpoint", () => {
  it("outlives the stack: the next one goes on behind it", async () => {
    const stateDir = temporaryFolder();
    let own = await temporaryStack({ stateDir, limits: false });
    let its = clients(own.endpoint);
    const OUT = join(stack.stateDir, "kept.ndjson");
    const EventSourceArn = await stream(its, "kept");
    await deploy(its, await role(its.iam, "f"), "kept", recorder(), { Environment: { Variables: { OUT } } });
    const { UUID } = await its.lambda.send(
      new CreateEventSourceMappingCommand({ FunctionName: "kept", EventSourceArn, StartingPosition: "TRIM_HORIZON" }),
    );
    await put(its, "kept", series("a", 10));
    await all("kept", series("a", 10));
    const position = async () => {
      const page = (await (await fetch(`${own.endpoint}/_windops/event-source-mappings`)).json()) as any[];
      return page[0].Shards["shardId-000000000000"];
    };
    await until(async () => (await position()).iteratorAgeMs === 0, "settled");
    await own.stop();
    own = await temporaryStack({ stateDir, limits: false });
    its = clients(own.endpoint);
    await put(its, "kept", series("a", 10, 10));
    await all("kept", series("a", 20));
    expect(texts("kept")).toEqual(series("a", 20));

    // A new stream of the same name: old positions mean nothing in it.
    await its.kinesis.send(new DeleteStreamCommand({ StreamName: "kept" }));
    await until(async () => {
      const { LastProcessingResult } = await its.lambda.send(new GetEventSourceMappingCommand({ UUID }));
      return LastProcessingResult?.includes("Stream not found");
    }, "the missing stream told");
    await stream(its, "kept");
    await put(its, "kept", series("b", 5));
    await all("kept", series("b", 5));
    await own.close();
  });
});
