import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DescribeStreamSummaryCommand, Kinesis } from "@aws-sdk/client-kinesis";
import { KinesisAnalyticsV2 } from "@aws-sdk/client-kinesis-analytics-v2";
import { S3 } from "@aws-sdk/client-s3";
import { SNS } from "@aws-sdk/client-sns";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { describe, expect, test } from "vitest";
import type { ChaosRule } from "../../src/local/chaos.ts";
import { readStatus } from "../../src/operate/status/status.ts";
import { destroy } from "../../src/pipeline/plan/destroy.ts";
import { setup } from "../../src/pipeline/plan/provision.ts";
import { identities } from "../../src/pipeline/settings/identities.ts";
import { clientOptions } from "../local/stack-fixture.ts";
import { type TestPipelineOptions, testContext, testPipeline, testStack } from "./provisioned.ts";

const options = { steps: [], dryRun: false, adopt: false };
const agreed = { keepData: false, agree: async () => true };
const SLOW = 120_000;

/** A pipeline that stands on a stack of its own with `rules`; taken down after `work`. */
async function standing(
  rules: ChaosRule[],
  work: (it: Awaited<ReturnType<typeof make>>) => Promise<void>,
  given: TestPipelineOptions = {},
): Promise<void> {
  const it = await make(rules, given);
  try {
    await work(it);
  } finally {
    await it.stack.close();
  }
}

async function make(rules: ChaosRule[], given: TestPipelineOptions) {
  const stack = await testStack({ chaos: { seed: 1, rules } });
  const again = (more: TestPipelineOptions = {}) => testPipeline(stack.endpoint, { ...given, ...more });
  const sdk = { ...clientOptions(stack.endpoint), requestHandler: new NodeHttpHandler() };
  return { stack, sdk, again, ...again() };
}

const run = (what: Parameters<typeof setup>[1]) => setup(testContext(), what, options);
const failing = (promise: Promise<unknown>) =>
  promise.then(
    () => Promise.reject(new Error("it succeeded")),
    (e) => e,
  );

describe("the bucket", () => {
  test.each([
    ["CreateBucket", { code: "BucketAlreadyExists", message: "Taken", status: 409 }],
    ["HeadBucket", { code: "Forbidden", message: "Forbidden", status: 403 }],
  ])(
    "that is somebody else's (%s) is fatal, with a hint",
    async (operation, error) => {
      await standing([{ service: "s3", operation, error }], async ({ what }) => {
        expect(await failing(run(what))).toMatchObject({
          code: "E_BUCKET_TAKEN",
          hint: expect.stringContaining("--prefix"),
        });
      });
    },
    SLOW,
  );

  test(
    "with versions and delete markers is emptied and removed; an overwritten jar is picked up by its version",
    async () => {
      await standing([], async ({ what, again, sdk }) => {
        await run(what);
        const { bucket: Bucket, application: ApplicationName } = what.pipeline.names;
        const flink = new KinesisAnalyticsV2(sdk);
        const version = async () =>
          (await flink.describeApplication({ ApplicationName })).ApplicationDetail!.ApplicationConfigurationDescription!
            .ApplicationCodeConfigurationDescription!.CodeContentDescription!.S3ApplicationCodeLocationDescription!
            .ObjectVersion;
        const before = await version();
        const { what: newer } = again({ jar: new TextEncoder().encode("another job") });
        const { resources } = await run(newer);
        expect(resources.filter(({ action }) => action !== "unchanged").map(({ id }) => id)).toEqual([
          "jar",
          "application",
        ]);
        expect(await version()).not.toBe(before);
        const s3 = new S3({ ...sdk, forcePathStyle: true });
        await s3.deleteObject({ Bucket, Key: "AnomalyDetection.jar" });
        const versions = await s3.listObjectVersions({ Bucket });
        expect([versions.Versions!.length, versions.DeleteMarkers!.length]).toEqual([2, 1]);
        await destroy(testContext(), newer, agreed);
        expect(await failing(s3.headBucket({ Bucket }))).toMatchObject({ name: "NotFound" });
      });
    },
    SLOW,
  );
});

describe("functions", () => {
  test(
    "code and configuration changed at once: the second waits for the first",
    async () => {
      await standing([], async ({ what, again }) => {
        await run(what);
        const { what: newer, calls } = again({ code: "export const handler = () => 2;", settings: { minScore: 5 } });
        await run(newer);
        const order = calls.map(({ operation }) => operation).filter((operation) => /^UpdateFunction/.test(operation));
        expect(order.filter((operation) => operation === "UpdateFunctionCode")).toHaveLength(2);
        expect(order.filter((operation) => operation === "UpdateFunctionConfiguration")).toHaveLength(2);
        expect((await run(newer)).changed).toBe(0);
      });
    },
    SLOW,
  );

  test(
    "have their log group before them and lose it after them; mappings begin at TRIM_HORIZON",
    async () => {
      await standing([], async ({ what, calls }) => {
        await run(what);
        await destroy(testContext(), what, agreed);
        const at = (operation: string, name: string) =>
          calls.findIndex((call) => call.operation === operation && Object.values(call.input).includes(name));
        for (const name of [what.pipeline.names.deliveryFunction, what.pipeline.names.destinationFunction]) {
          expect(at("CreateLogGroup", `/aws/lambda/${name}`)).toBeLessThan(at("CreateFunction", name));
          expect(at("DeleteLogGroup", `/aws/lambda/${name}`)).toBeGreaterThan(at("DeleteFunction", name));
        }
        const mapping = calls.find(({ operation }) => operation === "CreateEventSourceMapping");
        expect(mapping!.input.StartingPosition).toBe("TRIM_HORIZON");
        // DescribeStream throttles at once.
        expect(calls.some(({ operation }) => operation === "DescribeStream")).toBe(false);
      });
    },
    SLOW,
  );
});

describe("streams", () => {
  test("the client speaks HTTP/1.1 and waits for no answer for ever", async () => {
    const { session } = testPipeline("http://127.0.0.1:1");
    const { requestHandler } = (await session.clients.kinesis()).config as any;
    expect(requestHandler.metadata.handlerProtocol).toBe("http/1.1");
    const { requestTimeout, throwOnRequestTimeout } = await requestHandler.configProvider;
    expect({ requestTimeout, throwOnRequestTimeout }).toEqual({ requestTimeout: 30_000, throwOnRequestTimeout: true });
  });

  test(
    "one that is being deleted is waited out, then made",
    async () => {
      await standing([], async ({ what, sdk }) => {
        const kinesis = new Kinesis(sdk);
        const StreamName = what.pipeline.names.inputStream;
        const steps = { ...options, steps: ["create-streams" as const] };
        await setup(testContext(), what, steps);
        const made = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
        await kinesis.deleteStream({ StreamName });
        await setup(testContext(), what, steps);
        const now = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
        const created = (d: typeof now) => d.StreamDescriptionSummary!.StreamCreationTimestamp!.getTime();
        expect(created(now)).toBeGreaterThan(created(made));
        expect(now.StreamDescriptionSummary!.StreamStatus).toBe("ACTIVE");
      });
    },
    SLOW,
  );

  test(
    "one with a registered consumer is deleted",
    async () => {
      await standing([], async ({ what, sdk }) => {
        const kinesis = new Kinesis(sdk);
        await setup(testContext(), what, { ...options, steps: ["create-streams"] });
        const { inputStream: StreamName } = what.pipeline.names;
        const { StreamDescriptionSummary: found } = await kinesis.describeStreamSummary({ StreamName });
        await kinesis.registerStreamConsumer({ StreamARN: found!.StreamARN, ConsumerName: "reader" });
        await destroy(testContext(), what, agreed);
        expect((await kinesis.listStreams({})).StreamNames).toEqual([]);
      });
    },
    SLOW,
  );
});

describe("the application", () => {
  test.each([
    ["CreateApplication", "ConcurrentModificationException", "Tags are already registered for this resource"],
    ["UpdateApplication", "ConcurrentModificationException", "The application's version is 3"],
    ["StartApplication", "InvalidArgumentException", "Kinesis Analytics doesn't have sufficient privileges to access"],
  ])(
    "%s refused with %s is tried again on what it then is",
    async (operation, code, message) => {
      const rules = [{ service: "kinesisanalytics", operation, times: 3, error: { code, message } }];
      await standing(rules, async ({ what, again }) => {
        await run(what);
        const { what: newer } = again({ settings: { parallelism: 2 } });
        await run(newer);
        expect((await readStatus(newer)).healthy).toBe(true);
        expect((await run(newer)).changed).toBe(0);
      });
    },
    SLOW,
  );

  test(
    "its parallelism, monitoring and checkpoints are CUSTOM",
    async () => {
      await standing([], async ({ what, calls }) => {
        await run(what);
        const { FlinkApplicationConfiguration } = calls.find(({ operation }) => operation === "CreateApplication")!
          .input.ApplicationConfiguration as any;
        const types = Object.values(FlinkApplicationConfiguration).map((part: any) => part.ConfigurationType);
        expect(types).toEqual(["CUSTOM", "CUSTOM", "CUSTOM"]);
      });
    },
    SLOW,
  );
});

test(
  "a subscription that waits for its mail is said, kept, not made twice, and no hindrance to destroy",
  async () => {
    await standing(
      [],
      async ({ what, again, sdk }) => {
        await run(what);
        const status = await readStatus(what);
        const pending = status.resources.filter(({ type }) => type === "Subscription");
        expect(pending.map(({ state, note }) => [state, note])).toEqual(
          pending.map(() => ["present", "not confirmed yet: look in the inbox"]),
        );
        // Once confirmed and changed, subscribing again would be refused: it isn't tried.
        await fetch(`${what.pipeline.target.endpoint}/_windops/confirm`, { method: "POST", body: "{}" });
        const sns = new SNS(sdk);
        const { Subscriptions } = await sns.listSubscriptionsByTopic({
          TopicArn: identities(what.pipeline).arns.topic,
        });
        const { SubscriptionArn } = Subscriptions!.find((s) => s.SubscriptionArn?.startsWith("arn:")) ?? {};
        if (SubscriptionArn) {
          await sns.setSubscriptionAttributes({
            SubscriptionArn,
            AttributeName: "FilterPolicy",
            AttributeValue: '{"location":["Oak Ridge"]}',
          });
        }
        const { what: second, calls } = again();
        expect((await run(second)).changed).toBe(0);
        expect(calls.some(({ operation }) => operation === "Subscribe")).toBe(false);
        await destroy(testContext(), second, agreed);
      },
      { settings: { email: ["operator@example.org"] } },
    );
  },
  SLOW,
);

test.each([
  ["us-east-1", "aws", "us-east-1"],
  ["eu-central-1", "aws", "eu-central-1"],
  ["cn-north-1", "aws-cn", "cn-north-1"],
  ["us-gov-west-1", "aws-us-gov", "us-gov-west-1"],
])(
  "the whole life of a pipeline in %s (%s), by settings alone",
  async (region, partition) => {
    await standing(
      [],
      async ({ what, calls }) => {
        await run(what);
        expect((await run(what)).changed).toBe(0);
        expect((await readStatus(what)).healthy).toBe(true);
        const { CreateBucketConfiguration } = calls.find(({ operation }) => operation === "CreateBucket")!.input as any;
        expect(CreateBucketConfiguration.LocationConstraint).toBe(region === "us-east-1" ? undefined : region);
        const arns = JSON.stringify(calls.map(({ input }) => input)).match(/arn:[\w-]+:[\w-]+:/g)!;
        expect(new Set(arns.map((arn) => arn.split(":")[1]))).toEqual(new Set([partition]));
        await destroy(testContext(), what, agreed);
        expect((await destroy(testContext(), what, agreed)).removed).toEqual([]);
      },
      { settings: { region }, partition },
    );
  },
  SLOW,
);

test("docs/provisioning.md names a test for each trap, and each of them is there", () => {
  const root = join(import.meta.dirname, "../..");
  const section = readFileSync(join(root, "docs/provisioning.md"), "utf8").split("## Traps")[1]!.split("\n## ")[0]!;
  const rows = section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2);
  expect(rows.length).toBeGreaterThanOrEqual(36);
  for (const row of rows) {
    const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const file = /^`([\w/.-]+)`$/.exec(cells[2]!)?.[1];
    const name = cells[3]!;
    expect(file, row).toBeDefined();
    expect(readFileSync(join(root, file!), "utf8"), row).toContain(name);
  }
});
