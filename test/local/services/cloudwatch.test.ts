import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  ListTagsForResourceCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
  TagResourceCommand,
} from "@aws-sdk/client-cloudwatch";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Alarm, evaluate } from "../../../src/local/services/cloudwatch/alarms.ts";
import { type Metric, Metrics, MINUTE } from "../../../src/local/services/cloudwatch/metrics.ts";
import { readInbox } from "../../../src/operate/inbox.ts";
import { clients, put, stream, until } from "../pipeline-fixture.ts";
import { clientOptions, temporaryStack } from "../stack-fixture.ts";

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

  it("reads several metrics in one call, newest first", async () => {
    const now = Date.now();
    const MetricData = [0, 1, 2].map((n) => ({
      MetricName: "Speed",
      Value: n,
      Timestamp: new Date(now - n * MINUTE),
      Dimensions: [{ Name: "turbine", Value: "t1" }],
    }));
    await cloudwatch.send(new PutMetricDataCommand({ Namespace: "Wind", MetricData }));
    const query = (Id: string, Stat: string, Period: number) => ({
      Id,
      MetricStat: {
        Metric: { Namespace: "Wind", MetricName: "Speed", Dimensions: MetricData[0]!.Dimensions },
        Period,
        Stat,
      },
    });
    const times = { StartTime: new Date(now - 5 * MINUTE), EndTime: new Date(now + MINUTE) };
    const MetricDataQueries = [query("each", "Maximum", 60), query("most", "Maximum", 86_400)];
    const { MetricDataResults } = await cloudwatch.send(new GetMetricDataCommand({ ...times, MetricDataQueries }));
    expect(MetricDataResults![0]).toMatchObject({ Id: "each", Values: [0, 1, 2], StatusCode: "Complete" });
    expect(MetricDataResults![0]!.Timestamps![0]).toEqual(new Date(Math.floor(now / MINUTE) * MINUTE));
    expect(Math.max(...MetricDataResults![1]!.Values!)).toBe(2);
    const Dimensions = [{ Name: "turbine" }];
    const { Metrics } = await cloudwatch.send(new ListMetricsCommand({ Namespace: "Wind", Dimensions }));
    expect(Metrics).toEqual([{ Namespace: "Wind", MetricName: "Speed", Dimensions: MetricData[0]!.Dimensions }]);
  });

  it("keeps regions apart, and AWS's own namespaces to AWS", async () => {
    const elsewhere = new CloudWatchClient({ ...clientOptions(stack.endpoint), region: "eu-west-1" });
    const put = (Namespace: string) =>
      elsewhere.send(new PutMetricDataCommand({ Namespace, MetricData: [{ MetricName: "Far", Value: 1 }] }));
    await put("Regional");
    expect((await cloudwatch.send(new ListMetricsCommand({ Namespace: "Regional" }))).Metrics).toEqual([]);
    expect((await elsewhere.send(new ListMetricsCommand({ Namespace: "Regional" }))).Metrics).toHaveLength(1);
    await expect(put("AWS/Kinesis")).rejects.toMatchObject({ name: expect.stringContaining("InvalidParameterValue") });
    elsewhere.destroy();
  });

  it("is understood by clients that speak Query", async () => {
    const ask = async (parameters: Record<string, string>) => {
      const answer = await fetch(stack.endpoint, {
        method: "POST",
        headers: {
          authorization: "AWS4-HMAC-SHA256 Credential=A/20261123/us-east-1/monitoring/aws4_request, Signature=0",
        },
        body: new URLSearchParams({ Version: "2010-08-01", ...parameters }),
      });
      return { status: answer.status, text: await answer.text() };
    };
    const metric = { Namespace: "Old", MetricName: "M" };
    const data = { "MetricData.member.1.MetricName": "M", "MetricData.member.1.Value": "4.5" };
    expect((await ask({ Action: "PutMetricData", Namespace: "Old", ...data })).status).toBe(200);
    const times = {
      StartTime: new Date(Date.now() - 60_000).toISOString(),
      EndTime: new Date(Date.now() + 60_000).toISOString(),
    };
    const read = await ask({
      Action: "GetMetricStatistics",
      ...metric,
      ...times,
      Period: "60",
      "Statistics.member.1": "Sum",
    });
    expect(read.text).toContain("<Sum>4.5</Sum>");
    const alarm = { AlarmName: "old", Statistic: "Sum", Period: "60", EvaluationPeriods: "1", Threshold: "1" };
    await ask({ Action: "PutMetricAlarm", ...metric, ...alarm, ComparisonOperator: "LessThanThreshold" });
    expect((await ask({ Action: "DescribeAlarms" })).text).toContain("<AlarmName>old</AlarmName>");
    await ask({ Action: "DeleteAlarms", "AlarmNames.member.1": "old" });
  });

  it("counts what topics deliver", async () => {
    const sns = new SNSClient(clientOptions(stack.endpoint));
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "counted" }));
    await sns.send(new PublishCommand({ TopicArn, Message: "m" }));
    const Dimensions = [{ Name: "TopicName", Value: "counted" }];
    const { Metrics } = await cloudwatch.send(new ListMetricsCommand({ Namespace: "AWS/SNS", Dimensions }));
    expect(Metrics!.map((m) => m.MetricName).sort()).toEqual([
      "NumberOfMessagesPublished",
      "NumberOfNotificationsDelivered",
    ]);
    sns.destroy();
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

describe("an alarm of a pipeline that falls silent", () => {
  it("goes off after the minutes without data, and calms down when data comes", async () => {
    let now = Date.parse("2026-11-23T10:00:00Z");
    const stack = await temporaryStack({ now: () => now });
    const [cloudwatch, sns] = [
      new CloudWatchClient(clientOptions(stack.endpoint)),
      new SNSClient(clientOptions(stack.endpoint)),
    ];
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "health" }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "op@example.org" }));
    await fetch((await readInbox(stack.endpoint))[0]!.confirmUrl!);
    const metric = { Namespace: "Farm", MetricName: "Readings", Dimensions: [] };
    const heard = () =>
      cloudwatch.send(
        new PutMetricDataCommand({ Namespace: "Farm", MetricData: [{ MetricName: "Readings", Value: 1 }] }),
      );
    const actions = { AlarmActions: [TopicArn!], OKActions: [TopicArn!] };
    await cloudwatch.send(new PutMetricAlarmCommand({ ...silent, ...metric, ...actions, EvaluationPeriods: 2 }));
    const state = async () => (await cloudwatch.send(new DescribeAlarmsCommand({}))).MetricAlarms![0]!.StateValue;
    await heard();
    now += MINUTE;
    await until(async () => (await state()) === "OK", "OK");
    now += 2 * MINUTE;
    await until(async () => (await state()) === "ALARM", "ALARM");
    await heard();
    now += MINUTE;
    await until(async () => (await state()) === "OK", "OK again");
    const subjects = (await readInbox(stack.endpoint)).map((mail) => mail.subject.split(":")[0]);
    expect(subjects.slice(1)).toEqual(["OK", "ALARM", "OK"]);
    cloudwatch.destroy();
    sns.destroy();
    await stack.close();
  });
});
