import { type Metric, type Metrics, MINUTE, statisticOf } from "./metrics.ts";

/** An alarm as DescribeAlarms shows it; times are epoch milliseconds here. */
export interface Alarm {
  AlarmName: string;
  AlarmArn: string;
  AlarmDescription?: string;
  ActionsEnabled: boolean;
  OKActions: string[];
  AlarmActions: string[];
  InsufficientDataActions: string[];
  Namespace: string;
  MetricName: string;
  Statistic: string;
  Dimensions: { Name: string; Value: string }[];
  /** Seconds. */
  Period: number;
  EvaluationPeriods: number;
  DatapointsToAlarm?: number;
  Threshold: number;
  ComparisonOperator: string;
  TreatMissingData?: string;
  StateValue: "OK" | "ALARM" | "INSUFFICIENT_DATA";
  StateReason: string;
  stateAt: number;
  configuredAt: number;
  tags: { Key: string; Value: string }[];
}

const COMPARISONS: Record<string, (value: number, threshold: number) => boolean> = {
  GreaterThanThreshold: (v, t) => v > t,
  GreaterThanOrEqualToThreshold: (v, t) => v >= t,
  LessThanThreshold: (v, t) => v < t,
  LessThanOrEqualToThreshold: (v, t) => v <= t,
};
export const comparisons = Object.keys(COMPARISONS);

/**
 * The state that an alarm's last periods give it, as CloudWatch's documentation has it: breaching points against
 * DatapointsToAlarm, missing ones by TreatMissingData ("missing" if not said). Periods from before the alarm was made, or
 * from before `since` (the stack started: nothing was counted before), tell nothing and count as missing and not yet judged.
 */
export function evaluate(
  alarm: Alarm,
  metrics: Metrics,
  now: number,
  since: number,
): Pick<Alarm, "StateValue" | "StateReason"> {
  const period = alarm.Period * 1000;
  const end = Math.floor(now / MINUTE) * MINUTE;
  const begin = end - alarm.EvaluationPeriods * period;
  const metric: Metric = { namespace: alarm.Namespace, name: alarm.MetricName, dimensions: alarm.Dimensions };
  const needed = alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods;
  const breaches = COMPARISONS[alarm.ComparisonOperator]!;
  let breaching = 0;
  let fine = 0;
  let missing = 0;
  for (let at = begin; at < end; at += period) {
    const value = statisticOf(metrics.between(metric, at, at + period), alarm.Statistic);
    if (value !== undefined) {
      if (breaches(value, alarm.Threshold)) breaching++;
      else fine++;
    } else if (at < Math.max(alarm.configuredAt, since)) missing++;
    else if (alarm.TreatMissingData === "breaching") breaching++;
    else if (alarm.TreatMissingData === "notBreaching") fine++;
    else missing++;
  }
  const threshold = `threshold ${alarm.Threshold} (${alarm.ComparisonOperator})`;
  if (breaching >= needed) {
    return {
      StateValue: "ALARM",
      StateReason: `Threshold Crossed: ${breaching} datapoints were past the ${threshold}.`,
    };
  }
  if (fine > 0 || breaching > 0) {
    return { StateValue: "OK", StateReason: `${breaching} of ${needed} datapoints were past the ${threshold}.` };
  }
  if (alarm.TreatMissingData === "ignore") return { StateValue: alarm.StateValue, StateReason: alarm.StateReason };
  return { StateValue: "INSUFFICIENT_DATA", StateReason: `Insufficient Data: ${missing} datapoints were unknown.` };
}
