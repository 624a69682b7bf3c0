import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { CreateEventSourceMappingCommand, InvokeCommand } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SubscribeCommand } from "../../../src/aws/sns.ts";
import { confirmAll, readInbox } from "../../../src/operate/inbox.ts";
import { alarm as alarmResource, alarmSpecs, describeTogether } from "../../../src/pipeline/resources/alarm.ts";
import { topic as topicResource } from "../../../src/pipeline/resources/topic.ts";
import { identities } from "../../../src/pipeline/settings/identities.ts";
import { type Clients, clients, deploy, put, role, stream, until } from "../../local/pipeline-fixture.ts";
import { temporaryStack } from "../../local/stack-fixture.ts";
import { testPipeline } from "../provisioned.ts";

// The alarms as `setup` makes them, on what the embedded stack counts of its own streams and functions; the clock is the test's.
const MINUTE = 60_000;
let passed = 0;
let stack: Awaited<ReturnType<typeof temporaryStack>>;
let aws: Clients;
beforeAll(async () => {
  stack = await temporaryStack({ limits: false, now: () => Date.now() + passed });
  aws = clients(stack.endpoint);
});
afterAll(() => stack.close());

it("a pipeline that dies at any stage tells the subscribers, each by its own alarm, and calms down when it lives again", async () => {
  const { pipeline } = testPipeline(stack.endpoint).what;
  const { names, settings } = pipeline;
  const { healthTopic, arns, alarmPrefix } = identities(pipeline);
  await topicResource(pipeline, { id: "t", name: healthTopic, arn: arns.healthTopic, key: "" }).create({
    get: () => undefined,
    changing: () => false,
  });
  const sns = await pipeline.clients.sns();
  await sns.send(new SubscribeCommand({ TopicArn: arns.healthTopic, Protocol: "email", Endpoint: "op@example.org" }));
  await confirmAll(stack.endpoint);

  const broken = join(stack.stateDir, "broken");
  const source = `
    import { existsSync } from "node:fs";
    export const handler = async () => {
      if (existsSync(process.env.BROKEN)) throw new Error("broken");
    };`;
  const [Role] = await Promise.all([role(aws.iam, "functions"), stream(aws, names.inputStream)]);
  const EventSourceArn = await stream(aws, names.outputStream);
  for (const name of [names.destinationFunction, names.deliveryFunction]) {
    await deploy(aws, Role!, name, source, { Environment: { Variables: { BROKEN: broken } } });
  }
  await aws.lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: names.destinationFunction,
      EventSourceArn,
      StartingPosition: "TRIM_HORIZON",
    }),
  );
  const specs = alarmSpecs(pipeline);
  const describe = describeTogether(specs.map(({ name }) => name));
  for (const spec of specs)
    await alarmResource(pipeline, spec, describe).create({ get: () => undefined, changing: () => false });

  const cloudwatch = await pipeline.clients.cloudwatch();
  /** The names of the alarms that are off, without the prefix. */
  const alarming = async () => {
    const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ StateValue: "ALARM" }));
    return MetricAlarms.map(({ AlarmName }) => AlarmName!.slice(alarmPrefix.length)).sort();
  };
  const become = async (...wanted: string[]) => {
    await until(async () => JSON.stringify(await alarming()) === JSON.stringify(wanted), `alarms ${wanted}`);
  };
  const deliver = () => aws.lambda.send(new InvokeCommand({ FunctionName: names.deliveryFunction }));
  const lives = async () => {
    await put(aws, names.inputStream, ["t:1"]);
    await put(aws, names.outputStream, ["t:1"]);
    await deliver();
  };

  await lives();
  passed += MINUTE;
  await become();
  passed += (settings.silentMinutes + 1) * MINUTE;
  await become("no-delivery", "no-readings", "no-scores");
  await put(aws, names.inputStream, ["t:2"]);
  passed += MINUTE;
  await become("no-delivery", "no-scores");
  await lives();
  passed += MINUTE;
  await become();

  writeFileSync(broken, "");
  for (let minute = 0; minute < 5; minute++) {
    await deliver();
    passed += MINUTE;
  }
  await become("delivery-fails");
  // A reading that can't be stored: its age is counted at each attempt, in five minutes on end.
  await put(aws, names.outputStream, ["t:3"]);
  passed += settings.silentMinutes * MINUTE;
  const errors = async () => {
    const page = await fetch(`${stack.endpoint}/_windops/event-source-mappings`);
    return ((await page.json()) as any[])[0]?.Shards["shardId-000000000000"]?.errors ?? 0;
  };
  for (let minute = 0; minute < 6; minute++) {
    const before = await errors();
    await until(async () => (await errors()) > before, "a further attempt");
    passed += MINUTE;
  }
  await until(async () => (await alarming()).includes("storing-behind"), "storing-behind");
  rmSync(broken);

  const subjects = (await readInbox(stack.endpoint)).map(({ subject }) => subject);
  for (const { name } of specs.filter((spec) => !spec.name.endsWith("not-proved"))) {
    expect(subjects.filter((subject) => subject.startsWith(`ALARM: "${name}"`)).length, name).toBeGreaterThan(0);
  }
});
