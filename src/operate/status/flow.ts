import { GetMetricDataCommand } from "../../aws/cloudwatch.ts";
import type { Pipeline } from "../../pipeline/resource.ts";

/** What flows through the pipeline, stage by stage; what isn't known is left out. */
export interface Flow {
  /** Milliseconds that the Flink application is behind the newest reading. */
  scoringLagMs?: number;
  /** Milliseconds that the destination function is behind the newest scored reading. */
  storingLagMs?: number;
  /** Readings and scored readings in the last minute. */
  readingsPerMinute?: number;
  scoresPerMinute?: number;
  /** Runs of the two functions that failed in the last minute, where CloudWatch says. */
  storingErrors?: number;
  tellingErrors?: number;
  /** Restarts of the Flink application since it was started. */
  restarts?: number;
  /** Its newest complete checkpoint: how long it took, its size, and when it began (CloudWatch doesn't say when). */
  lastCheckpoint?: { durationMs?: number; bytes?: number; at?: string };
  failedCheckpoints?: number;
  /** The share of warm-up done of the coldest forest; the turbines that are known, and how many of them are warm, where the engine says. */
  warmUp?: { slowest: number; turbines?: number; warm?: number };
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
  const checkpoint = application?.lastCheckpoint;
  const shares = Object.values((application?.warmUp ?? {}) as Record<string, number>);
  const lags = Object.values((mapping?.Shards ?? {}) as Record<string, any>).flatMap((s) => s.iteratorAgeMs ?? []);
  return definedOnly({
    scoringLagMs: application?.millisBehindLatest,
    storingLagMs: lags.length > 0 ? Math.max(...lags) : undefined,
    restarts: application?.restarts,
    lastCheckpoint: checkpoint && {
      durationMs: checkpoint.durationMs,
      bytes: checkpoint.bytes,
      at: new Date(checkpoint.at).toISOString(),
    },
    lastError: application?.lastError,
    warmUp: application?.warmUp && {
      turbines: shares.length,
      warm: shares.filter((share) => share >= 1).length,
      slowest: shares.length > 0 ? Math.min(...shares) : 0,
    },
  });
}

interface Query {
  id: string;
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
  statistic: "Maximum" | "Minimum" | "Sum";
}

/** What CloudWatch is asked: https://docs.aws.amazon.com/managed-flink/latest/java/metrics-dimensions.html */
function flowQueries({ names }: Pipeline): Query[] {
  const flink = (id: string, metric = id, statistic: Query["statistic"] = "Maximum"): Query => {
    return { id, namespace: "AWS/KinesisAnalytics", metric, dimensions: { Application: names.application }, statistic };
  };
  const stream = (id: string, metric: string, StreamName: string, statistic: Query["statistic"]): Query => {
    return { id, namespace: "AWS/Kinesis", metric, dimensions: { StreamName }, statistic };
  };
  const failures = (id: string, FunctionName: string): Query => {
    return { id, namespace: "AWS/Lambda", metric: "Errors", dimensions: { FunctionName }, statistic: "Sum" };
  };
  return [
    // The job's own figures.
    flink("millisBehindLatest"),
    flink("slowestWarmUp", "slowestWarmUp", "Minimum"),
    // Of whoever reads the stream: where the job doesn't say how far it is behind.
    stream("iteratorAge", "GetRecords.IteratorAgeMilliseconds", names.inputStream, "Maximum"),
    // Flink 2.2 has no fullRestarts any more.
    flink("numRestarts"),
    flink("fullRestarts"),
    flink("lastCheckpointDuration"),
    flink("lastCheckpointSize"),
    flink("numberOfFailedCheckpoints"),
    {
      id: "storing",
      namespace: "AWS/Lambda",
      metric: "IteratorAge",
      dimensions: { FunctionName: names.destinationFunction },
      statistic: "Maximum",
    },
    failures("storingErrors", names.destinationFunction),
    failures("tellingErrors", names.deliveryFunction),
    stream("readings", "IncomingRecords", names.inputStream, "Sum"),
    stream("scores", "IncomingRecords", names.outputStream, "Sum"),
  ];
}

async function readMetrics(pipeline: Pipeline): Promise<Flow> {
  const cloudwatch = await pipeline.clients.cloudwatch();
  const now = Date.now();
  const page = await cloudwatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(now - 600_000),
      EndTime: new Date(now),
      ScanBy: "TimestampDescending",
      MetricDataQueries: flowQueries(pipeline).map(({ id, namespace, metric, dimensions, statistic }) => ({
        Id: id,
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
  const latest = new Map((page.MetricDataResults ?? []).map(({ Id, Values }) => [Id!, Values?.[0]]));
  return flowOf((id) => latest.get(id));
}

/** The flow, from CloudWatch's newest figure of each query. */
function flowOf(figure: (id: string) => number | undefined): Flow {
  const durationMs = figure("lastCheckpointDuration");
  const slowest = figure("slowestWarmUp");
  // -1: the job has read nothing yet.
  const behind = figure("millisBehindLatest") ?? -1;
  return definedOnly({
    scoringLagMs: behind >= 0 ? behind : figure("iteratorAge"),
    storingLagMs: figure("storing"),
    storingErrors: figure("storingErrors"),
    tellingErrors: figure("tellingErrors"),
    readingsPerMinute: figure("readings"),
    scoresPerMinute: figure("scores"),
    restarts: figure("numRestarts") ?? figure("fullRestarts"),
    failedCheckpoints: figure("numberOfFailedCheckpoints"),
    lastCheckpoint:
      durationMs === undefined ? undefined : definedOnly({ durationMs, bytes: figure("lastCheckpointSize") }),
    warmUp: slowest === undefined ? undefined : { slowest },
  });
}

function definedOnly<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null)) as T;
}
