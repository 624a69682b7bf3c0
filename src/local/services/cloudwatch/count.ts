import type { Stack } from "../../service.ts";

/** Adds figures to CloudWatch, as AWS's services do by themselves: what can't be counted holds nobody up. */
export function count(
  stack: Stack,
  region: string,
  namespace: string,
  dimension: { Name: string; Value: string },
  values: Record<string, number>,
): void {
  const MetricData = Object.entries(values).map(([MetricName, Value]) => ({
    MetricName,
    Value,
    Dimensions: [dimension],
  }));
  void stack.call("cloudwatch", "PutMetricData", { Namespace: namespace, MetricData }, region).catch(() => {});
}
