import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { CreateStreamCommand, DescribeStreamSummaryCommand, KinesisClient } from "@aws-sdk/client-kinesis";
import { ListBucketsCommand, ListObjectVersionsCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readStatus } from "../../../src/operate/status/status.ts";
import { destroy } from "../../../src/pipeline/plan/destroy.ts";
import { setup } from "../../../src/pipeline/plan/provision.ts";
import { clientOptions } from "../../local/stack-fixture.ts";
import { type CallProxy, startProxy } from "../../proxy.ts";
import { testContext, testPipeline, testStack } from "../provisioned.ts";

const options = { steps: [], dryRun: false, adopt: false };
// Real waiting for states, several lives of a pipeline long.
const SLOW = 240_000;
const agreed = { keepData: false, agree: async () => true };
let stack: Awaited<ReturnType<typeof testStack>>;
let proxy: CallProxy;
beforeAll(async () => {
  stack = await testStack();
  proxy = await startProxy(stack.endpoint);
});
afterAll(async () => {
  await proxy.close();
  await stack.close();
});

const sdk = () => ({ ...clientOptions(stack.endpoint), requestHandler: new NodeHttpHandler() });
const pipeline = (prefix: string, settings = {}) => testPipeline(proxy.endpoint, { settings: { prefix, ...settings } });
const failing = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => Promise.reject(new Error("it succeeded")),
    (error) => error,
  );

describe("the plan", () => {
  test(
    "reads only, says what each property was and will be, and is what setup then does",
    async () => {
      const { what } = pipeline("plan-");
      const before = proxy.calls.length;
      const planned = await setup(testContext(), what, { ...options, dryRun: true });
      expect(planned.resources.map(({ action }) => action)).toEqual(planned.resources.map(() => "create"));
      await setup(testContext(), what, options);
      const { what: changed } = pipeline("plan-", { retentionHours: 48, minScore: 3, logRetentionDays: 7 });
      const made = proxy.calls.length;
      const plan = await setup(testContext(), changed, { ...options, dryRun: true });
      const reads = [...proxy.calls.slice(before, before + 50), ...proxy.calls.slice(made)];
      expect(reads.filter(({ read }) => !read)).toEqual([]);
      const lines = plan.resources.flatMap(({ id, changes }) =>
        changes.map((c) => `${id} ${c.property}: ${c.from} → ${c.to}`),
      );
      expect(lines).toContain("stream/input retention (hours): 24 → 48");
      expect(lines).toContain("log-group/flink retention (days): 30 → 7");
      expect(lines.find((line) => line.startsWith("function/delivery Environment"))).toMatch(
        /"MIN_SCORE":"2".* → .*"MIN_SCORE":"3"/,
      );
      const done = await setup(testContext(), changed, options);
      const differ = (all: typeof done.resources) =>
        all.filter(({ changes }) => changes.length > 0).map(({ id }) => id);
      expect(differ(done.resources)).toEqual(differ(plan.resources));
      expect((await setup(testContext(), changed, options)).changed).toBe(0);
      await destroy(testContext(), what, agreed);
    },
    SLOW,
  );
});

describe("what somebody else made", () => {
  test("is never changed nor deleted without --adopt, and destroyed after it", async () => {
    const { what } = pipeline("own-");
    const { names } = what.pipeline;
    const kinesis = new KinesisClient(sdk());
    const tags = async () =>
      (await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: names.inputStream })))
        .StreamDescriptionSummary;
    await kinesis.send(new CreateStreamCommand({ StreamName: names.inputStream, ShardCount: 3 }));
    await new SNSClient(sdk()).send(
      new CreateTopicCommand({ Name: names.topic, Tags: [{ Key: "windops:pipeline", Value: "another" }] }),
    );
    const before = proxy.calls.length;
    const error = await failing(setup(testContext(), what, options));
    expect(error).toMatchObject({ code: "E_NOT_OURS", hint: expect.stringContaining("--adopt") });
    expect(error.message).toContain(`Kinesis stream ${names.inputStream} (it has no windops:pipeline tag)`);
    expect(error.message).toContain(`SNS topic ${names.topic} (it belongs to "another")`);
    const removed = await destroy(testContext(), what, agreed);
    expect(removed.removed).toEqual([]);
    expect(removed.foreign).toHaveLength(2);
    expect(proxy.calls.slice(before).filter(({ read }) => !read)).toEqual([]);
    expect(await tags()).toMatchObject({ OpenShardCount: 3, EncryptionType: "NONE" });
    expect((await readStatus(what)).resources.filter(({ state }) => state === "foreign")).toHaveLength(2);

    await setup(testContext(), what, { ...options, adopt: true });
    expect((await readStatus(what)).healthy).toBe(true);
    const all = await destroy(testContext(), what, agreed);
    expect(all.foreign).toEqual([]);
    expect(await failing(tags())).toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("is left alone where it takes the place of ours between plan and removal", async () => {
    const { what } = pipeline("late-");
    await setup(testContext(), what, options);
    const { names } = what.pipeline;
    const kinesis = await what.pipeline.clients.kinesis();
    const { AddTagsToStreamCommand } = await import("@aws-sdk/client-kinesis");
    const done = await destroy(testContext(), what, {
      keepData: false,
      agree: async () => {
        const Tags = { "windops:pipeline": "another" };
        await kinesis.send(new AddTagsToStreamCommand({ StreamName: names.inputStream, Tags }));
        return true;
      },
    });
    expect(done.removed).toContain(`Kinesis stream ${names.inputStream}`);
    await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: names.inputStream }));
  });
});

test("--keep-data keeps the bucket and the tables, and setup goes on with them", async () => {
  const { what } = pipeline("keep-");
  await setup(testContext(), what, options);
  const done = await destroy(testContext(), what, { ...agreed, keepData: true });
  expect(done.kept.map((label) => label.split(" keep-")[0])).toEqual([
    "S3 bucket",
    "Jar AnomalyDetection.jar",
    "DynamoDB table",
    "DynamoDB table",
  ]);
  const { TableNames } = await new DynamoDBClient(sdk()).send(new ListTablesCommand({}));
  expect(TableNames!.filter((name) => name.startsWith("keep-"))).toEqual([
    "keep-WindDataTable",
    "keep-WindDataTableAlerts",
  ]);
  const again = await setup(testContext(), what, options);
  expect(again.resources.filter(({ action }) => action !== "created").map(({ type }) => type)).toEqual([
    "S3 bucket",
    "Jar",
    "DynamoDB table",
    "DynamoDB table",
  ]);
  await destroy(testContext(), what, agreed);
  const { Buckets } = await new S3Client({ ...sdk(), forcePathStyle: true }).send(new ListBucketsCommand({}));
  expect(Buckets?.some(({ Name }) => Name!.startsWith("keep-"))).toBe(false);
});

test("two setups at once both end well, and nothing is there twice", async () => {
  const runs = [pipeline("twice-"), pipeline("twice-")];
  const results = await Promise.all(runs.map(({ what }) => setup(testContext(), what, options)));
  expect(results.map(({ resources }) => resources.length)).toEqual([
    results[0]!.resources.length,
    results[0]!.resources.length,
  ]);
  const { what } = runs[0]!;
  expect((await readStatus(what)).healthy).toBe(true);
  expect((await setup(testContext(), what, options)).changed).toBe(0);
  const lambda = await what.pipeline.clients.lambda();
  const { ListEventSourceMappingsCommand } = await import("@aws-sdk/client-lambda");
  const FunctionName = what.pipeline.names.destinationFunction;
  const { EventSourceMappings } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
  expect(EventSourceMappings).toHaveLength(1);
  const s3 = await what.pipeline.clients.s3();
  const { bucket: Bucket, jarKey: Prefix } = what.pipeline.names;
  expect((await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }))).Versions).toHaveLength(1);
  await destroy(testContext(), what, agreed);
});

test(
  "setup and destroy at once: each ends or says what it met, and one of them alone then has the last word",
  async () => {
    const { what } = pipeline("both-");
    await setup(testContext(), what, options);
    const settled = await Promise.allSettled([
      destroy(testContext(), pipeline("both-").what, agreed),
      setup(testContext(), pipeline("both-", { minScore: 3 }).what, options),
    ]);
    for (const result of settled) {
      if (result.status === "rejected")
        expect(result.reason).toMatchObject({ message: expect.any(String), hint: expect.any(String) });
    }
    await setup(testContext(), what, options);
    expect((await readStatus(what)).healthy).toBe(true);
    await destroy(testContext(), what, agreed);
    expect((await destroy(testContext(), what, agreed)).removed).toEqual([]);
  },
  SLOW,
);

test.each([
  [
    2,
    "streams being created at once",
    { code: "LimitExceededException", message: "You have reached the limit of 5 streams in the CREATING state." },
    undefined,
  ],
  [
    100,
    "the account's shards",
    {
      code: "LimitExceededException",
      message:
        "This request would exceed the shard limit for the account 000000000000 in us-east-1. Current shard count: 500. Limit: 500.",
    },
    "E_QUOTA",
  ],
])("LimitExceeded (%s times) for %s is told apart", async (times, _, error, code) => {
  const limited = await testStack({
    chaos: { seed: 1, rules: [{ service: "kinesis", operation: "CreateStream", times, error }] },
  });
  const there = testPipeline(limited.endpoint).what;
  const outcome = await setup(testContext(), there, options).then(
    () => undefined,
    (failed) => failed,
  );
  if (code === undefined) expect(outcome).toBeUndefined();
  else expect(outcome).toMatchObject({ code, hint: expect.stringContaining("quota") });
  await limited.close();
});

test("interrupted in the middle: says how to go on, and goes on", async () => {
  const stop = new AbortController();
  const { what } = pipeline("stop-");
  proxy.answered = ({ operation }) => {
    if (operation === "CreateTable") stop.abort();
    return undefined;
  };
  const error = await failing(setup(testContext({ signal: stop.signal }), what, options));
  proxy.answered = undefined;
  expect(error).toMatchObject({
    code: "E_INTERRUPTED",
    exitCode: 130,
    hint: expect.stringContaining("same command again"),
  });
  await setup(testContext(), what, options);
  expect((await readStatus(what)).healthy).toBe(true);
  await destroy(testContext(), what, agreed);
});

test(
  "two pipelines side by side: destroying one leaves the other as it was",
  async () => {
    const [one, two] = [pipeline("one-").what, pipeline("two-").what];
    await Promise.all([setup(testContext(), one, options), setup(testContext(), two, options)]);
    expect([(await readStatus(one)).healthy, (await readStatus(two)).healthy]).toEqual([true, true]);
    await destroy(testContext(), one, agreed);
    expect((await setup(testContext(), two, options)).changed).toBe(0);
    expect((await readStatus(two)).healthy).toBe(true);
    await destroy(testContext(), two, agreed);
  },
  SLOW,
);
