import { IAMClient } from "@aws-sdk/client-iam";
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  ListTagsForResourceCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseExpression } from "../../src/local/scheduler/expression.ts";
import { readInbox } from "../../src/pipeline/inbox.ts";
import { role, until } from "./pipeline-fixture.ts";
import { clientOptions, temporaryStack } from "./stack-fixture.ts";

describe("expressions", () => {
  const from = Date.parse("2026-11-23T10:00:00Z");
  it.each<[string, string, string[]]>([
    ["rate(1 minute)", "UTC", ["2026-11-23T10:01:00.000Z", "2026-11-23T10:02:00.000Z"]],
    ["cron(30 9 ? * MON *)", "UTC", ["2026-11-30T09:30:00.000Z", "2026-12-07T09:30:00.000Z"]],
    ["cron(0 12 1 * ? *)", "Europe/Berlin", ["2026-12-01T11:00:00.000Z", "2027-01-01T11:00:00.000Z"]],
    ["at(2026-11-24T08:00:00)", "UTC", ["2026-11-24T08:00:00.000Z"]],
  ])("%s in %s", (expression, zone, times) => {
    const timing = parseExpression(expression, zone, from);
    let at: number | undefined = from;
    for (const time of times) {
      at = timing.next(at!);
      expect(new Date(at!).toISOString()).toBe(time);
    }
  });
});

describe("over the wire", () => {
  let stack: Awaited<ReturnType<typeof temporaryStack>>;
  let scheduler: SchedulerClient;
  let Target: { Arn: string; RoleArn: string; Input: string };
  beforeAll(async () => {
    stack = await temporaryStack();
    const options = clientOptions(stack.endpoint);
    scheduler = new SchedulerClient(options);
    const sns = new SNSClient(options);
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t" }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "op@example.org" }));
    await fetch((await readInbox(stack.endpoint))[0]!.confirmUrl!);
    const RoleArn = await role(new IAMClient(options), "schedule", "scheduler.amazonaws.com");
    Target = { Arn: TopicArn!, RoleArn, Input: "it is time" };
  });
  afterAll(() => stack.close());

  const FlexibleTimeWindow = { Mode: "OFF" } as const;
  const of = { GroupName: "g", Name: "s" };

  it("keeps groups and schedules", async () => {
    const Tags = [{ Key: "a", Value: "1" }];
    const { ScheduleGroupArn } = await scheduler.send(new CreateScheduleGroupCommand({ Name: "g", Tags }));
    expect((await scheduler.send(new ListTagsForResourceCommand({ ResourceArn: ScheduleGroupArn }))).Tags).toEqual(
      Tags,
    );
    const schedule = { ...of, ScheduleExpression: "rate(1 hour)", FlexibleTimeWindow, Target };
    await scheduler.send(new CreateScheduleCommand(schedule));
    await expect(scheduler.send(new CreateScheduleCommand(schedule))).rejects.toMatchObject({
      name: "ConflictException",
    });
    await scheduler.send(new UpdateScheduleCommand({ ...schedule, ScheduleExpression: "rate(2 hours)" }));
    expect(await scheduler.send(new GetScheduleCommand(of))).toMatchObject({
      ScheduleExpression: "rate(2 hours)",
      State: "ENABLED",
      Target,
    });
  });

  it("fires when it's due", async () => {
    const soon = new Date(Date.now() + 1500).toISOString().slice(0, 19);
    await scheduler.send(
      new CreateScheduleCommand({ ...of, Name: "once", ScheduleExpression: `at(${soon})`, FlexibleTimeWindow, Target }),
    );
    const mail = await until(
      async () => (await readInbox(stack.endpoint)).find(({ kind }) => kind === "notification"),
      "the schedule's message",
    );
    expect(mail.text).toContain("it is time");
  });

  it("removes a group's schedules with it", async () => {
    await scheduler.send(new DeleteScheduleGroupCommand({ Name: "g" }));
    await expect(scheduler.send(new GetScheduleCommand(of))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});
