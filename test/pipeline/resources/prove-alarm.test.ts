import { DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { afterEach, expect, test } from "vitest";
import { SubscribeCommand } from "../../../src/aws/sns.ts";
import { confirmAll, readInbox } from "../../../src/operate/inbox.ts";
import { recordProof } from "../../../src/operate/prove/metrics.ts";
import type { Proof } from "../../../src/operate/prove/prove.ts";
import { alarm as alarmResource, alarmSpecs, describeTogether } from "../../../src/pipeline/resources/alarm.ts";
import { topic as topicResource } from "../../../src/pipeline/resources/topic.ts";
import { identities } from "../../../src/pipeline/settings/identities.ts";
import { until } from "../../local/pipeline-fixture.ts";
import { testPipeline, testStack } from "../provisioned.ts";

const MINUTE = 60_000;
const proof = (ok: boolean): Proof => ({
  ok,
  turbineId: "t",
  timestamp: "",
  hops: [{ hop: "inbox", ms: 5 }],
  left: { readings: 0, hours: 24 },
});

/** Neither resource looks at the others. */
const world = { get: () => undefined, changing: () => false };
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The alarm on proofs alone, with its topic and a subscriber, on a clock that the test moves. */
async function watched(proveEvery: string) {
  const clock = { now: Date.parse("2026-11-23T10:00:00Z") };
  const stack = await testStack({ now: () => clock.now });
  closing.push(() => stack.close());
  const { what } = testPipeline(stack.endpoint, { settings: { proveEvery } });
  const { pipeline } = what;
  const { healthTopic, arns } = identities(pipeline);
  await topicResource(pipeline, { id: "t", name: healthTopic, arn: arns.healthTopic, key: "" }).create(world);
  const sns = await pipeline.clients.sns();
  await sns.send(new SubscribeCommand({ TopicArn: arns.healthTopic, Protocol: "email", Endpoint: "op@example.org" }));
  await confirmAll(stack.endpoint);
  const spec = alarmSpecs(pipeline).find(({ name }) => name.endsWith("not-proved"))!;
  await alarmResource(pipeline, spec, describeTogether([spec.name])).create(world);
  const cloudwatch = await pipeline.clients.cloudwatch();
  const state = async () => (await cloudwatch.send(new DescribeAlarmsCommand({}))).MetricAlarms![0]!.StateValue;
  return {
    record: (ok: boolean) => recordProof(pipeline, proof(ok)),
    pass: (minutes: number) => {
      clock.now += minutes * MINUTE;
    },
    becomes: (wanted: string) => until(async () => (await state()) === wanted, wanted),
    state,
    told: async () => (await readInbox(stack.endpoint)).filter(({ subject }) => subject.startsWith("ALARM")).length,
  };
}

test("with proveEvery: a failed proof tells the subscribers, a good one calms it, one that doesn't come tells again", async () => {
  const { record, pass, becomes, told } = await watched("1h");
  await record(true);
  pass(1);
  await becomes("OK");
  pass(60);
  await record(false);
  pass(1);
  await becomes("ALARM");
  expect(await told()).toBe(1);
  pass(65);
  await record(true);
  pass(1);
  await becomes("OK");
  pass(66);
  await becomes("ALARM");
  expect(await told()).toBe(2);
});

test("without proveEvery nobody waits for proofs, but one that fails tells", async () => {
  const { record, pass, becomes, told } = await watched("0s");
  pass(300);
  await becomes("OK");
  await record(false);
  pass(1);
  await becomes("ALARM");
  expect(await told()).toBe(1);
  pass(10);
  await becomes("OK");
});
