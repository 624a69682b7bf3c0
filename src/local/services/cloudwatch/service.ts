import { partitionOf } from "../../../aws/partition.ts";
import { AwsError } from "../../errors.ts";
import type { Call, Operation, RpcService, Stack } from "../../service.ts";
import { booleanOf, integerOf, mergeTags, pageOf, withoutTags } from "../../wire-values.ts";
import { type Alarm, comparisons, evaluate } from "./alarms.ts";
import { dataOperations } from "./data.ts";
import { Metrics, MINUTE } from "./metrics.ts";

const PAGE = 50;

/** CloudWatch: metrics that the stack's own services and clients put, and alarms on them that tell SNS topics. */
export function cloudwatch(stack: Stack): RpcService {
  const alarms = stack.store<Alarm>("alarms");
  const regions = new Map<string, Metrics>();
  const metricsOf = (region: string) => {
    let metrics = regions.get(region);
    if (!metrics) {
      metrics = new Metrics();
      regions.set(region, metrics);
    }
    return metrics;
  };
  let looked = 0;
  const since = stack.now();
  let timer: NodeJS.Timeout | undefined;

  const key = (region: string, name: string) => `${region}/${name}`;
  const inRegion = (region: string) =>
    [...alarms.entries()].filter(([k]) => k.startsWith(`${region}/`)).map(([, alarm]) => alarm);
  const byArn = (arn: string, region: string) => {
    const found = inRegion(region).find(({ AlarmArn }) => AlarmArn === arn);
    if (!found) throw new AwsError("ResourceNotFoundException", `Alarm ${arn} does not exist`, 404);
    return found;
  };
  const put = (region: string, alarm: Alarm) => alarms.put(key(region, alarm.AlarmName), alarm);

  /** Once a minute, when the last one is complete; the clock may be set meanwhile. */
  const look = () => {
    const minute = Math.floor(stack.now() / MINUTE);
    if (minute === looked) return;
    looked = minute;
    for (const [id, alarm] of [...alarms.entries()]) {
      const next = evaluate(alarm, metricsOf(id.split("/")[0]!), stack.now(), since);
      if (next.StateValue === alarm.StateValue) continue;
      const changed = { ...alarm, ...next, stateAt: stack.now() };
      alarms.put(id, changed);
      void tell(stack, changed, alarm.StateValue, id.split("/")[0]!);
    }
  };

  const operations: Record<string, Operation> = {
    PutMetricAlarm: (input, { region }) => {
      const known = alarms.get(key(region, String(input.AlarmName)));
      put(region, alarmOf(input, known, stack, region));
      return {};
    },
    DescribeAlarms: (input, { region }) => {
      const { AlarmNames, AlarmNamePrefix, StateValue, ActionPrefix } = input;
      const wanted = inRegion(region).filter(
        (a) =>
          (!AlarmNames || AlarmNames.includes(a.AlarmName)) &&
          a.AlarmName.startsWith(AlarmNamePrefix ?? "") &&
          (StateValue === undefined || a.StateValue === StateValue) &&
          (ActionPrefix === undefined || a.AlarmActions.some((arn) => arn.startsWith(ActionPrefix))),
      );
      const { items, token } = pageOf(wanted, {
        key: (a) => a.AlarmName,
        size: integerOf(input.MaxRecords, "maxRecords", [1, 100], PAGE, "ValidationError"),
        token: input.NextToken,
        invalid: () => new AwsError("InvalidNextToken", "The next token is not valid"),
      });
      return { MetricAlarms: items.map(shown), CompositeAlarms: [], ...(token && { NextToken: token }) };
    },
    DeleteAlarms: (input, { region }) => {
      for (const name of input.AlarmNames ?? []) alarms.delete(key(region, name));
      return {};
    },
    SetAlarmState: (input, { region }) => {
      const alarm = alarms.get(key(region, String(input.AlarmName)));
      if (!alarm) throw new AwsError("ResourceNotFound", `Alarm ${input.AlarmName} does not exist`, 404);
      const { StateValue, StateReason } = input;
      put(region, { ...alarm, StateValue, StateReason, stateAt: stack.now() });
      if (StateValue !== alarm.StateValue) {
        void tell(stack, { ...alarm, StateValue, StateReason }, alarm.StateValue, region);
      }
      return {};
    },
    ListTagsForResource: (input, { region }) => ({ Tags: byArn(input.ResourceARN, region).tags }),
    TagResource: (input, { region }) => {
      const alarm = byArn(input.ResourceARN, region);
      put(region, { ...alarm, tags: mergeTags(alarm.tags, input.Tags) });
      return {};
    },
    UntagResource: (input, { region }) => {
      const alarm = byArn(input.ResourceARN, region);
      put(region, { ...alarm, tags: withoutTags(alarm.tags, input.TagKeys) });
      return {};
    },
    ...dataOperations(metricsOf, stack),
  };

  return {
    kind: "rpc",
    signingNames: ["monitoring"],
    protocol: "json",
    targetPrefixes: ["GraniteServiceVersion20100801"],
    // Older clients speak Query.
    namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
    timestamps: ["Timestamp", "StartTime", "EndTime"],
    operations,
    started: () => {
      timer = setInterval(look, 1000).unref();
    },
    close: async () => clearInterval(timer),
  };
}

function alarmOf(input: any, known: Alarm | undefined, stack: Stack, region: string): Alarm {
  const invalid = (message: string) => new AwsError("ValidationError", message);
  const { AlarmName, MetricName, Namespace, Statistic, ComparisonOperator } = input;
  const [Threshold, Period, EvaluationPeriods] = [input.Threshold, input.Period, input.EvaluationPeriods].map(
    Number,
  ) as [number, number, number];
  if (!AlarmName || !MetricName || !Namespace || !Statistic) {
    throw invalid("AlarmName, Namespace, MetricName and Statistic must not be empty");
  }
  if (!comparisons.includes(ComparisonOperator)) throw invalid(`ComparisonOperator ${ComparisonOperator} is not known`);
  if (!(Period >= 60 && Period % 60 === 0)) throw invalid("Period must be a multiple of 60");
  if (!(EvaluationPeriods >= 1) || Period * EvaluationPeriods > 86_400 * 7) {
    throw invalid("EvaluationPeriods must be at least 1, and cover no more than seven days");
  }
  if (!Number.isFinite(Threshold)) throw invalid("Threshold must be a number");
  const now = stack.now();
  return {
    AlarmName,
    AlarmArn: `arn:${partitionOf(region)}:cloudwatch:${region}:${stack.account}:alarm:${AlarmName}`,
    ...(input.AlarmDescription !== undefined && { AlarmDescription: input.AlarmDescription }),
    ActionsEnabled: input.ActionsEnabled === undefined || booleanOf(input.ActionsEnabled),
    OKActions: input.OKActions ?? [],
    AlarmActions: input.AlarmActions ?? [],
    InsufficientDataActions: input.InsufficientDataActions ?? [],
    Namespace,
    MetricName,
    Statistic,
    Dimensions: input.Dimensions ?? [],
    Period,
    EvaluationPeriods,
    ...(input.DatapointsToAlarm !== undefined && { DatapointsToAlarm: Number(input.DatapointsToAlarm) }),
    Threshold,
    ComparisonOperator,
    ...(input.TreatMissingData !== undefined && { TreatMissingData: input.TreatMissingData }),
    StateValue: known?.StateValue ?? "INSUFFICIENT_DATA",
    StateReason: known?.StateReason ?? "Unchecked: Initial alarm creation",
    stateAt: known?.stateAt ?? now,
    configuredAt: now,
    // Of an alarm that is there, PutMetricAlarm leaves the tags as they are.
    tags: known?.tags ?? input.Tags ?? [],
  };
}

function shown({ stateAt, configuredAt, tags: _, ...alarm }: Alarm): object {
  return {
    ...alarm,
    StateUpdatedTimestamp: new Date(stateAt),
    StateTransitionedTimestamp: new Date(stateAt),
    AlarmConfigurationUpdatedTimestamp: new Date(configuredAt),
  };
}

/** Publishes a change of state to the topics that the alarm names, in the words of CloudWatch's own mails. */
async function tell(stack: Stack, alarm: Alarm, before: string, region: Call["region"]): Promise<void> {
  if (!alarm.ActionsEnabled) return;
  const actions = { ALARM: alarm.AlarmActions, OK: alarm.OKActions, INSUFFICIENT_DATA: alarm.InsufficientDataActions };
  for (const TopicArn of actions[alarm.StateValue].filter((arn) => arn.includes(":sns:"))) {
    const { AlarmName, AlarmDescription, StateValue, StateReason, MetricName, Namespace } = alarm;
    const Message = JSON.stringify({
      AlarmName,
      AlarmDescription,
      AWSAccountId: stack.account,
      NewStateValue: StateValue,
      NewStateReason: StateReason,
      StateChangeTime: new Date(stack.now()).toISOString(),
      Region: region,
      AlarmArn: alarm.AlarmArn,
      OldStateValue: before,
      Trigger: { MetricName, Namespace },
    });
    const Subject = `${StateValue}: "${AlarmName}" in ${region}`.slice(0, 100);
    await stack.call("sns", "Publish", { TopicArn, Subject, Message }, region).catch((error) => {
      stack.log(`alarm ${AlarmName}: ${TopicArn} was not told: ${error}`);
    });
  }
}
