import { GetMetricDataCommand } from "../aws/cloudwatch.ts";
import type { Pipeline } from "./resource.ts";

/** What flows through the pipeline, stage by stage; what isn't known is left out. */
export interface Flow {
  /** Milliseconds that the Flink application is behind the newest reading. */
  scoringLagMs?: number;
  /** Milliseconds that the destination function is behind the newest scored reading. */
  storingLagMs?: number;
  /** Readings and scored readings in the last minute. */
  readingsPerMinute?: number;
  scoresPerMinute?: number;
  /** Restarts of the Flink application since it was started. */
  restarts?: number;
  lastCheckpointMs?: number;
  /** Turbines whose forest is warm, of those that are known, and the share of warm-up done of the coldest one. */
  warmUp?: { turbines: number; warm: number; slowest: number };
  lastError?: string;
}

/** From the embedded stack itself where that is the target, else from CloudWatch. */
export async function readFlow(pipeline: Pipeline): Promise<Flow> {
  return pipeline.target.kind === "local" ? readLocalFlow(pipeline) : readMetrics(pipeline);
}

async function readLocalFlow({ target, names }: Pipeline): Promise<Flow> {
  const page = async (path: string): Promise<any[]> => {
    const response = await fetch(`${target.endpoint}/_windops/${path}`);
    return response.ok ? ((await response.json()) as any[]) : [];
  };
  const [applications, mappings] = await Promise.all([
    page(`application?name=${encodeURIComponent(names.application)}`),
    page("event-source-mappings"),
  ]);
  const application = applications.find(({ region }) => region === target.region);
  const mapping = mappings.find(({ FunctionArn = "" }) => FunctionArn.endsWith(`:${names.destinationFunction}`));
  const shares = Object.values((application?.warmUp ?? {}) as Record<string, number>);
  const lags = Object.values((mapping?.Shards ?? {}) as Record<string, any>).flatMap((s) => s.iteratorAgeMs ?? []);
  return definedOnly({
    scoringLagMs: application?.millisBehindLatest,
    storingLagMs: lags.length > 0 ? Math.max(...lags) : undefined,
    restarts: application?.restarts,
    lastCheckpointMs: application?.lastCheckpoint?.durationMs,
    lastError: application?.lastError,
    warmUp: application?.warmUp && {
      turbines: shares.length,
      warm: shares.filter((share) => share >= 1).length,
      slowest: shares.length > 0 ? Math.min(...shares) : 0,
    },
  });
}

interface Query {
  key: keyof Flow;
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
  statistic: "Maximum" | "Sum";
}

async function readMetrics({ clients, names }: Pipeline): Promise<Flow> {
  const flink = { namespace: "AWS/KinesisAnalytics", dimensions: { Application: names.application } };
  const stream = (StreamName: string) => ({
    namespace: "AWS/Kinesis",
    metric: "IncomingRecords",
    dimensions: { StreamName },
    statistic: "Sum" as const,
  });
  const queries: Query[] = [
    { key: "scoringLagMs", ...flink, metric: "millisBehindLatest", statistic: "Maximum" },
    { key: "restarts", ...flink, metric: "fullRestarts", statistic: "Maximum" },
    { key: "lastCheckpointMs", ...flink, metric: "lastCheckpointDuration", statistic: "Maximum" },
    {
      key: "storingLagMs",
      namespace: "AWS/Lambda",
      metric: "IteratorAge",
      dimensions: { FunctionName: names.destinationFunction },
      statistic: "Maximum",
    },
    { key: "readingsPerMinute", ...stream(names.inputStream) },
    { key: "scoresPerMinute", ...stream(names.outputStream) },
  ];
  const cloudwatch = await clients.cloudwatch();
  const now = Date.now();
  const page = await cloudwatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(now - 600_000),
      EndTime: new Date(now),
      ScanBy: "TimestampDescending",
      MetricDataQueries: queries.map(({ key, namespace, metric, dimensions, statistic }) => ({
        Id: key,
        MetricStat: {
          Metric: {
            Namespace: namespace,
            MetricName: metric,
            Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
          },
          Period: 60,
          Stat: statistic,
        },
      })),
    }),
  );
  const latest = (page.MetricDataResults ?? []).map(({ Id, Values }) => [Id!, Values?.[0]] as const);
  return definedOnly(Object.fromEntries(latest) as Flow);
}

function definedOnly<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null)) as T;
}
