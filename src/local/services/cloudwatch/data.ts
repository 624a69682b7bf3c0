import { AwsError } from "../../errors.ts";
import type { Operation, Stack } from "../../service.ts";
import { pageOf, structuresOf, textOf } from "../../wire-values.ts";
import { type Metric, type Metrics, MINUTE, statisticOf } from "./metrics.ts";

const STATISTICS = ["Sum", "Average", "Minimum", "Maximum", "SampleCount"];
const HOUR_MS = 3_600_000;
const MAX_POINTS = 1440;

const invalid = (message: string) => new AwsError("InvalidParameterValue", message);

interface Dimension {
  Name: string;
  Value: string;
}

interface Datum {
  MetricName?: string;
  Dimensions?: Dimension[];
  Timestamp?: Date;
  Value?: unknown;
  Values?: unknown[];
  Counts?: unknown[];
  StatisticValues?: Record<"Sum" | "SampleCount" | "Minimum" | "Maximum", unknown>;
}

interface DataQuery {
  Id?: string;
  Label?: string;
  Expression?: string;
  ReturnData?: unknown;
  MetricStat?: { Metric?: Partial<MetricInput>; Period?: unknown; Stat?: string };
}

interface MetricInput {
  Namespace: string;
  MetricName: string;
  Dimensions?: Dimension[];
}

/** Putting and reading figures; `of` has the metrics of a region. */
export function dataOperations(of: (region: string) => Metrics, stack: Stack): Record<string, Operation> {
  return {
    PutMetricData: (input: { Namespace?: string; MetricData?: Datum[] }, call) => {
      const Namespace = textOf(input.Namespace, "Namespace");
      if (!call.internal && (Namespace === "" || Namespace.startsWith("AWS/")))
        throw invalid(`The value ${Namespace} for parameter Namespace is invalid.`);
      const now = stack.now();
      const checked = structuresOf(input.MetricData, "MetricData").map((datum) => readDatum(datum, now));
      for (const { name, dimensions, at, figures } of checked)
        for (const figure of figures) of(call.region).add({ namespace: Namespace, name, dimensions }, at, figure);
      return {};
    },

    GetMetricStatistics: (input, { region }) => {
      const unknown = (input.Statistics ?? []).find((name: string) => !STATISTICS.includes(name));
      if (input.ExtendedStatistics?.length || unknown !== undefined)
        throw invalid(`The embedded stack has the statistics ${STATISTICS.join(", ")}`);
      const rows = series(of(region), input, input.StartTime, input.EndTime, input.Period);
      const Datapoints = rows.map(({ at, points }) => ({
        Timestamp: new Date(at),
        ...Object.fromEntries((input.Statistics ?? []).map((name: string) => [name, statisticOf(points, name)])),
        Unit: "None",
      }));
      return { Label: input.MetricName, Datapoints };
    },

    GetMetricData: (
      input: { MetricDataQueries?: DataQuery[]; StartTime: Date; EndTime: Date; ScanBy?: string },
      { region },
    ) => {
      const queries = input.MetricDataQueries ?? [];
      if (queries.length === 0 || queries.length > 500)
        throw new AwsError("ValidationError", "There must be from 1 to 500 MetricDataQueries");
      if (new Set(queries.map((query) => query.Id)).size !== queries.length)
        throw new AwsError("ValidationError", "The Ids of the MetricDataQueries must differ");
      const MetricDataResults = queries
        .filter((query) => query.ReturnData !== false && query.ReturnData !== "false")
        .map((query) => dataResult(of(region), query, input));
      return { MetricDataResults, Messages: [] };
    },

    ListMetrics: (
      input: { Namespace?: string; MetricName?: string; Dimensions?: Partial<Dimension>[]; NextToken?: string },
      { region },
    ) => {
      const wanted = of(region)
        .list()
        .filter(
          ({ namespace, name }) => (input.Namespace ?? namespace) === namespace && (input.MetricName ?? name) === name,
        )
        .filter(({ dimensions }) =>
          (input.Dimensions ?? []).every((d) =>
            dimensions.some((own) => own.Name === d.Name && (d.Value ?? own.Value) === own.Value),
          ),
        );
      const shape = ({ namespace, name, dimensions }: Metric) => ({
        Namespace: namespace,
        MetricName: name,
        Dimensions: dimensions,
      });
      const page = pageOf(wanted.map(shape), {
        key: JSON.stringify,
        size: 500,
        token: input.NextToken,
        invalid: () => invalid("NextToken"),
      });
      return { Metrics: page.items, NextToken: page.token };
    },
  };
}

function readDatum(datum: Datum, now: number) {
  const name = textOf(datum.MetricName, "MetricName");
  const dimensions = structuresOf(datum.Dimensions, "Dimensions");
  if (name === "") throw new AwsError("MissingParameter", "The parameter MetricData.member.1.MetricName is required.");
  if (dimensions.length > 30)
    throw invalid("The collection MetricData.member.1.Dimensions must not have a size greater than 30.");
  const at = datum.Timestamp === undefined ? now : datum.Timestamp.getTime();
  if (at < now - 14 * 24 * HOUR_MS || at > now + 2 * HOUR_MS)
    throw invalid(
      "The parameter MetricData.member.1.Timestamp must specify a time no more than two weeks in the past, or two hours in the future.",
    );
  const finite = (value: unknown): number => {
    const number = Number(value);
    if (value === undefined || !Number.isFinite(number))
      throw invalid(`The value ${value} for parameter MetricData.member.1.Value is invalid.`);
    return number;
  };
  const { StatisticValues: s, Value, Values } = datum;
  const values = Values ?? (Value === undefined ? [] : [Value]);
  if (!s && values.length === 0)
    throw new AwsError(
      "MissingParameter",
      "At least one of the parameters MetricData.member.1.Value, Values or StatisticValues must be specified.",
    );
  const figures = values.map((given, i) => {
    const value = finite(given);
    const count = finite(datum.Counts?.[i] ?? 1);
    return { sum: value * count, count, minimum: value, maximum: value };
  });
  if (s)
    figures.push({
      sum: finite(s.Sum),
      count: finite(s.SampleCount),
      minimum: finite(s.Minimum),
      maximum: finite(s.Maximum),
    });
  return { name, dimensions, at, figures };
}

/** The periods of [start, end) that have points, oldest first. */
function series(metrics: Metrics, metric: MetricInput, start: Date, end: Date, period: unknown) {
  const length = Number(period ?? 60) * 1000;
  if (!(length >= MINUTE && length % MINUTE === 0))
    throw invalid("The value for parameter Period must be a multiple of 60.");
  const from = Math.floor(new Date(start).getTime() / length) * length;
  const to = new Date(end).getTime();
  if (!(to > from))
    throw new AwsError(
      "InvalidParameterCombination",
      "The parameter StartTime must be less than the parameter EndTime.",
    );
  if ((to - from) / length > MAX_POINTS * 70)
    throw new AwsError("InvalidParameterCombination", "You have requested too many datapoints.");
  const wanted = { namespace: metric.Namespace, name: metric.MetricName, dimensions: metric.Dimensions ?? [] };
  const rows = new Map<number, ReturnType<Metrics["between"]>>();
  for (const point of metrics.between(wanted, from, to)) {
    const at = Math.floor(point.minute / length) * length;
    rows.set(at, [...(rows.get(at) ?? []), point]);
  }
  return [...rows].map(([at, points]) => ({ at, points }));
}

function dataResult(metrics: Metrics, query: DataQuery, input: { StartTime: Date; EndTime: Date; ScanBy?: string }) {
  const { Metric: metric, Period, Stat = "" } = query.MetricStat ?? {};
  if (query.Expression !== undefined || !metric?.Namespace || !metric.MetricName)
    throw new AwsError(
      "ValidationError",
      `MetricDataQuery ${query.Id}: the embedded stack has MetricStat, not expressions`,
    );
  if (!STATISTICS.includes(Stat))
    throw new AwsError(
      "ValidationError",
      `The embedded stack has the statistics ${STATISTICS.join(", ")}, not ${Stat}`,
    );
  const rows = series(metrics, metric as MetricInput, input.StartTime, input.EndTime, Period);
  if (input.ScanBy !== "TimestampAscending") rows.reverse();
  return {
    Id: query.Id,
    Label: query.Label ?? metric.MetricName,
    Timestamps: rows.map(({ at }) => new Date(at)),
    Values: rows.map(({ points }) => statisticOf(points, Stat)),
    StatusCode: "Complete",
  };
}
