import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
  ListTagsForResourceCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
  TagResourceCommand,
} from "@aws-sdk/client-cloudwatch";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Alarm, evaluate } from "../../src/local/cloudwatch/alarms.ts";
import { type Metric, Metrics, MINUTE } from "../../src/local/cloudwatch/metrics.ts";
import { readInbox } from "../../src/pipeline/inbox.ts";
import { clients, put, stream, until } from "./pipeline-fixture.ts";
import { clientOptions, temporaryStack } from "./stack-fixture.ts";

const silent: PutMetricAlarmCommandInput = {
  AlarmName: "no-readings",
  Namespace: "AWS/Kinesis",
  MetricName: "IncomingRecords",
  Dimensions: [{ Name: "StreamName", Value: "s" }],
  Statistic: "Sum",
  Period: 60,
  EvaluationPeriods: 5,
  Threshold: 1,
  ComparisonOperator: "LessThanThreshold",
  TreatMissingData: "breaching",
};

describe("an alarm's state", () => {
  const metric: Metric = { namespace: "N", name: "M", dimensions: [{ Name: "a", Value: "b" }] };
  const NOW = 1000 * MINUTE + 20_000;
  /** Values of the minutes before now, the newest last; undefined is a minute without data. */
  function state(values: (number | undefined)[], alarm: Partial<Alarm>, since = 0) {
    const metrics = new Metrics();
    for (const [i, value] of values.entries()) {
      if (value === undefined) continue;
      const at = (1000 - values.length + i) * MINUTE + 5;
      metrics.add(metric, at, { sum: value, count: 1, minimum: value, maximum: value });
    }
    const whole = {
      Namespace: "N",
      MetricName: "M",
      Dimensions: metric.dimensions,
      Statistic: "Sum",
      Period: 60,
      EvaluationPeriods: 3,
      Threshold: 1,
      ComparisonOperator: "LessThanThreshold",
      configuredAt: 0,
      StateValue: "OK",
      ...alarm,
    } as Alarm;
    return evaluate(whole, metrics, NOW, since).StateValue;
  }
  const none = undefined;
  it.each<[string, (number | undefined)[], Partial<Alarm>, string]>([
    ["all past the threshold", [0, 0, 0], {}, "ALARM"],
    ["one of them not", [0, 5, 0], {}, "OK"],
    ["so many of them enough", [0, 5, 0], { DatapointsToAlarm: 2 }, "ALARM"],
    ["no data, which breaches", [none, none, none], { TreatMissingData: "breaching" }, "ALARM"],
    ["no data, which is peace", [none, none, none], { TreatMissingData: "notBreaching" }, "OK"],
    ["no data, and nothing said", [none, none, none], {}, "INSUFFICIENT_DATA"],
    ["no data, ignored", [none, none, none], { TreatMissingData: "ignore", StateValue: "ALARM" }, "ALARM"],
    [
      "the highest",
      [1, 9, 1],
      { Statistic: "Maximum", ComparisonOperator: "GreaterThanThreshold", Threshold: 8, DatapointsToAlarm: 1 },
      "ALARM",
    ],
    [
      "made just now: no data yet tells nothing",
      [none, none, none],
      { TreatMissingData: "breaching", configuredAt: NOW },
      "INSUFFICIENT_DATA",
    ],
  ])("%s", (_, values, alarm, expected) => {
    expect(state(values, alarm)).toBe(expected);
  });
  it("doesn't hold the time before the stack started against anybody", () => {
    expect(state([none, none, none], { TreatMissingData: "breaching" }, NOW)).toBe("INSUFFICIENT_DATA");
  });
});

describe("over the wire", () => {
  let stack: Awaited<ReturnType<typeof temporaryStack>>;
  let cloudwatch: CloudWatchClient;
  beforeAll(async () => {
    stack = await temporaryStack();
    cloudwatch = new CloudWatchClient(clientOptions(stack.endpoint));
  });
  afterAll(() => stack.close());

  it("keeps alarms with their tags", async () => {
    await cloudwatch.send(new PutMetricAlarmCommand({ ...silent, Tags: [{ Key: "a", Value: "1" }] }));
    await cloudwatch.send(new PutMetricAlarmCommand({ ...silent, AlarmName: "other" }));
    const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: ["no-readings"] }));
    expect(MetricAlarms).toMatchObject([{ ...silent, StateValue: "INSUFFICIENT_DATA", ActionsEnabled: true }]);
    expect(MetricAlarms![0]!.StateUpdatedTimestamp).toBeInstanceOf(Date);
    const ResourceARN = MetricAlarms![0]!.AlarmArn!;
    await cloudwatch.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: "b", Value: "2" }] }));
    await cloudwatch.send(new PutMetricAlarmCommand({ ...silent, Threshold: 2 }));
    expect((await cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([
      { Key: "a", Value: "1" },
      { Key: "b", Value: "2" },
    ]);
    const page = await cloudwatch.send(new DescribeAlarmsCommand({ MaxRecords: 1 }));
    const rest = await cloudwatch.send(new DescribeAlarmsCommand({ MaxRecords: 1, NextToken: page.NextToken }));
    expect([page, rest].map((p) => p.MetricAlarms!.map((a) => a.AlarmName))).toEqual([["no-readings"], ["other"]]);
    await cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: ["no-readings", "other"] }));
    expect((await cloudwatch.send(new DescribeAlarmsCommand({}))).MetricAlarms).toEqual([]);
  });

  it.each([
    [{ ComparisonOperator: "Near" }, /ComparisonOperator/],
    [{ Period: 61 }, /Period/],
    [{ Namespace: "" }, /Namespace/],
  ])("refuses an alarm with %j", async (wrong, message) => {
    const put = cloudwatch.send(new PutMetricAlarmCommand({ ...silent, ...(wrong as object) }));
    await expect(put).rejects.toMatchObject({
      name: expect.stringMatching(/^Validation/),
      message: expect.stringMatching(message),
    });
  });

  it("counts what comes into streams, and what is put", async () => {
    const c = clients(stack.endpoint);
    await stream(c, "s");
    await put(c, "s", ["a:1", "b:2", "c:3"]);
    await cloudwatch.send(
      new PutMetricDataCommand({ Namespace: "Windops", MetricData: [{ MetricName: "Proof", Value: 7 }] }),
    );
    const figure = async (
      Namespace: string,
      MetricName: string,
      Dimensions: PutMetricAlarmCommandInput["Dimensions"],
    ) => {
      const { Datapoints } = await cloudwatch.send(
        new GetMetricStatisticsCommand({
          Namespace,
          MetricName,
          Dimensions,
          StartTime: new Date(Date.now() - 10 * MINUTE),
          EndTime: new Date(Date.now() + MINUTE),
          Period: 3600,
          Statistics: ["Sum"],
        }),
      );
      return Datapoints!.reduce((sum, point) => sum + point.Sum!, 0);
    };
    expect(await figure("AWS/Kinesis", "IncomingRecords", [{ Name: "StreamName", Value: "s" }])).toBe(3);
    expect(await figure("Windops", "Proof", undefined)).toBe(7);
  });

  it("tells the topic's subscribers of a change of state", async () => {
    const sns = new SNSClient(clientOptions(stack.endpoint));
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "health" }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "op@example.org" }));
    await fetch((await readInbox(stack.endpoint))[0]!.confirmUrl!);
    await cloudwatch.send(new PutMetricAlarmCommand({ ...silent, AlarmName: "dead", AlarmActions: [TopicArn!] }));
    await cloudwatch.send(
      new SetAlarmStateCommand({ AlarmName: "dead", StateValue: "ALARM", StateReason: "no reading came" }),
    );
    const mail = await until(
      async () => (await readInbox(stack.endpoint)).find(({ subject }) => subject.startsWith("ALARM")),
      "the alarm's mail",
    );
    expect(mail.subject).toBe('ALARM: "dead" in us-east-1');
    expect(mail.text).toContain("no reading came");
  });
});
