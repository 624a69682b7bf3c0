import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  SchedulerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { parseExpression } from "../../../src/local/services/scheduler/expression.ts";
import { failure, serveStack } from "../serving.ts";

let now = Date.parse("2026-11-23T10:00:00Z");
const logged: string[] = [];
const local = serveStack({ now: () => now, log: (line) => logged.push(line) });
let scheduler: SchedulerClient;
let topic: string;
let role: string;

beforeAll(async () => {
  scheduler = local.client(SchedulerClient);
  const trust = (Service: string) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
    });
  const iam = local.client(IAMClient);
  role = (
    await iam.send(
      new CreateRoleCommand({ RoleName: "schedules", AssumeRolePolicyDocument: trust("scheduler.amazonaws.com") }),
    )
  ).Role!.Arn!;
  await iam.send(new CreateRoleCommand({ RoleName: "other", AssumeRolePolicyDocument: trust("lambda.amazonaws.com") }));
  const sns = local.client(SNSClient);
  topic = (await sns.send(new CreateTopicCommand({ Name: "ticks" }))).TopicArn!;
  await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: "email", Endpoint: "a@example.com" }));
  await fetch(`${local.endpoint}/_windops/confirm-all`, { method: "POST", body: "{}" });
});

const create = (Name: string, more: object = {}) =>
  scheduler.send(
    new CreateScheduleCommand({
      Name,
      ScheduleExpression: "rate(1 minute)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: topic, RoleArn: role, Input: Name },
      ...more,
    }),
  );

async function fired(name: string): Promise<number> {
  const { mails } = (await (await fetch(`${local.endpoint}/_windops/inbox?kind=notification`)).json()) as any;
  return mails.filter((m: any) => m.text.startsWith(`${name}\n`)).length;
}

const untilFired = (name: string, times: number) =>
  vi.waitFor(async () => expect(await fired(name)).toBe(times), { timeout: 10_000, interval: 50 });

describe("schedules", () => {
  it("are made, read, replaced, listed, removed", async () => {
    const Name = "every-minute";
    const { ScheduleArn } = await create(Name, { State: "DISABLED", Description: "d" });
    expect(ScheduleArn).toBe(`arn:aws:scheduler:us-east-1:000000000000:schedule/default/${Name}`);
    expect((await failure(create(Name))).name).toBe("ConflictException");
    const got = await scheduler.send(new GetScheduleCommand({ Name }));
    expect(got).toMatchObject({
      State: "DISABLED",
      Description: "d",
      ScheduleExpressionTimezone: "UTC",
      Target: { RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 } },
      CreationDate: new Date(now),
    });
    const { Target, FlexibleTimeWindow } = got;
    await scheduler.send(
      new UpdateScheduleCommand({
        Name,
        ScheduleExpression: "rate(5 minutes)",
        Target,
        FlexibleTimeWindow,
        State: "DISABLED",
      }),
    );
    const changed = await scheduler.send(new GetScheduleCommand({ Name }));
    expect([changed.ScheduleExpression, changed.Description]).toEqual(["rate(5 minutes)", undefined]);
    const listed = await scheduler.send(new ListSchedulesCommand({ NamePrefix: "every", GroupName: "default" }));
    expect(listed.Schedules).toMatchObject([{ Name, State: "DISABLED" }]);
    await scheduler.send(new DeleteScheduleCommand({ Name, GroupName: "default" }));
    expect((await failure(scheduler.send(new GetScheduleCommand({ Name })))).name).toBe("ResourceNotFoundException");
  });

  it("live in groups, which have the tags and take them along", async () => {
    const { ScheduleGroupArn: ResourceArn } = await scheduler.send(
      new CreateScheduleGroupCommand({ Name: "farm", Tags: [{ Key: "a", Value: "1" }] }),
    );
    await scheduler.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: "b", Value: "2" }] }));
    await scheduler.send(new UntagResourceCommand({ ResourceArn, TagKeys: ["a"] }));
    expect((await scheduler.send(new ListTagsForResourceCommand({ ResourceArn }))).Tags).toEqual([
      { Key: "b", Value: "2" },
    ]);
    await create("inside", { GroupName: "farm", State: "DISABLED" });
    await scheduler.send(new DeleteScheduleGroupCommand({ Name: "farm" }));
    expect((await failure(scheduler.send(new GetScheduleCommand({ Name: "inside", GroupName: "farm" })))).name).toBe(
      "ResourceNotFoundException",
    );
  });

  it.each([
    [
      "an expression that isn't one",
      { ScheduleExpression: "every minute" },
      "Invalid Schedule Expression every minute.",
    ],
    ["a cron of five fields", { ScheduleExpression: "cron(* * * * *)" }, "Invalid Schedule Expression"],
    ["an unknown zone", { ScheduleExpressionTimezone: "Mars/Olympus" }, "Timezone"],
    [
      "a window without mode",
      { FlexibleTimeWindow: { Mode: "OFF", MaximumWindowInMinutes: 5 } },
      "MaximumWindowInMinutes",
    ],
    ["an end in the past", { EndDate: new Date(0) }, "EndDate"],
    [
      "too many retries",
      { Target: { Arn: "x", RoleArn: "y", RetryPolicy: { MaximumRetryAttempts: 186 } } },
      "MaximumRetryAttempts",
    ],
  ])("refuse %s", async (_, more, says) => {
    const error = await failure(create("refused", more));
    expect([error.name, error.message]).toEqual(["ValidationException", expect.stringContaining(says)]);
  });

  it("want a role that Scheduler may assume", async () => {
    for (const name of ["other", "none"]) {
      const Target = { Arn: topic, RoleArn: `arn:aws:iam::000000000000:role/${name}` };
      expect((await failure(create("refused", { Target }))).message).toContain(
        "must allow AWS EventBridge Scheduler to assume the role",
      );
    }
    expect((await failure(create("refused", { GroupName: "none" }))).name).toBe("ResourceNotFoundException");
  });
});

describe("firing", () => {
  it("happens at once and then at each period, also after a restart, and not when disabled", async () => {
    await create("ticking");
    await untilFired("ticking", 1);
    now += 60_000;
    await untilFired("ticking", 2);
    now += 600_000;
    await untilFired("ticking", 3);
    await local.restart();
    scheduler = local.client(SchedulerClient);
    now += 60_000;
    await untilFired("ticking", 4);
    const { Target, FlexibleTimeWindow, ScheduleExpression } = await scheduler.send(
      new GetScheduleCommand({ Name: "ticking" }),
    );
    await scheduler.send(
      new UpdateScheduleCommand({ Name: "ticking", Target, FlexibleTimeWindow, ScheduleExpression, State: "DISABLED" }),
    );
    await create("meanwhile", { State: "ENABLED" });
    await untilFired("meanwhile", 1);
    now += 60_000;
    await untilFired("meanwhile", 2);
    expect(await fired("ticking")).toBe(4);
    await scheduler.send(new DeleteScheduleCommand({ Name: "meanwhile" }));
  });

  it("is tried again while the target doesn't take it", async () => {
    const Name = "made-later";
    await create("patient", { Target: { Arn: topic.replace(/[^:]+$/, Name), RoleArn: role, Input: "patient" } });
    await vi.waitFor(() => expect(logged.join()).toContain("patient attempt 1: Topic does not exist"), {
      timeout: 10_000,
    });
    const sns = local.client(SNSClient);
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "b@example.com" }));
    await fetch(`${local.endpoint}/_windops/confirm-all`, { method: "POST", body: "{}" });
    await untilFired("patient", 1);
    await scheduler.send(new DeleteScheduleCommand({ Name: "patient" }));
  });

  it("happens once at a time, even if the stack was down then", async () => {
    const at = new Date(now + 3_600_000).toISOString().slice(0, 19);
    await create("alarm", { ScheduleExpression: `at(${at})`, ActionAfterCompletion: "DELETE" });
    await local.running.close();
    now += 7_200_000;
    await local.restart();
    scheduler = local.client(SchedulerClient);
    await untilFired("alarm", 1);
    await vi.waitFor(async () =>
      expect((await failure(scheduler.send(new GetScheduleCommand({ Name: "alarm" })))).name).toBe(
        "ResourceNotFoundException",
      ),
    );
  });
});

describe("expressions", () => {
  const start = Date.parse("2026-11-23T10:00:30Z");
  it.each([
    ["rate(5 minutes)", "UTC", "2026-11-23T10:05:30.000Z"],
    ["rate(1 day)", "UTC", "2026-11-24T10:00:30.000Z"],
    ["cron(0/15 * * * ? *)", "UTC", "2026-11-23T10:15:00.000Z"],
    ["cron(30 8 ? * MON-FRI *)", "UTC", "2026-11-24T08:30:00.000Z"],
    ["cron(30 8 ? * MON-FRI *)", "America/New_York", "2026-11-23T13:30:00.000Z"],
    ["cron(0 0 L * ? *)", "UTC", "2026-11-30T00:00:00.000Z"],
    ["cron(0 0 15W * ? *)", "UTC", "2026-12-15T00:00:00.000Z"],
    ["cron(0 0 ? * FRI#2 *)", "UTC", "2026-12-11T00:00:00.000Z"],
    ["cron(0 0 ? * 6L *)", "UTC", "2026-11-27T00:00:00.000Z"],
    ["cron(0 12 29 FEB ? *)", "UTC", "2028-02-29T12:00:00.000Z"],
    ["cron(30 2 29 3 ? 2026-2030)", "UTC", "2027-03-29T02:30:00.000Z"],
    ["cron(0 0 1 1 ? 2020)", "UTC", undefined],
    ["at(2026-12-24T18:00:00)", "Europe/Berlin", "2026-12-24T17:00:00.000Z"],
    ["at(2020-01-01T00:00:00)", "UTC", undefined],
  ])("%s in %s", (expression, zone, expected) => {
    const next = parseExpression(expression, zone, start).next(start);
    expect(next === undefined ? undefined : new Date(next).toISOString()).toBe(expected);
  });

  it("skips a wall time that clocks jump over", () => {
    const next = parseExpression("cron(30 2 * * ? *)", "Europe/Berlin", 0).next(Date.parse("2027-03-27T12:00:00Z"));
    expect(new Date(next!).toISOString()).toBe("2027-03-29T00:30:00.000Z");
  });

  it.each([
    "rate(0 minutes)",
    "rate(5 weeks)",
    "cron(0 0 1 * 1 *)",
    "cron(60 * * * ? *)",
    "cron(0 0 ? * 1#6 *)",
    "at(2026-13-01T00:00:00)",
  ])("%s is none", (expression) => {
    expect(() => parseExpression(expression, "UTC", start)).toThrow(SyntaxError);
  });
});
