import {
  type CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  ListTagsForResourceCommand,
  PutMetricAlarmCommand,
  TagResourceCommand,
} from "../../aws/cloudwatch.ts";
import { orAbsent } from "../../aws/failures.ts";
import { parseDuration } from "../../io/text.ts";
import { compare, type Pipeline, type Resource, tagsOnly } from "../resource.ts";
import { identities, ids } from "../settings/identities.ts";
import { PROOF_METRIC, PROOF_NAMESPACE, proofDimensions } from "../settings/proof-metric.ts";
import { fromList, type Tags, tagChanges, tagsDiffer, toList } from "../settings/tags.ts";

export interface AlarmSpec {
  name: string;
  description: string;
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
  statistic: "Sum" | "Maximum" | "Minimum";
  /** Seconds of one figure. */
  period: number;
  threshold: number;
  comparison: "LessThanThreshold" | "GreaterThanThreshold";
  /** Periods in a row that have to be so. */
  periods: number;
  /** Whether no figure at all is the alarm, or peace. */
  missing: "breaching" | "notBreaching";
}

interface AlarmState {
  tags: Tags;
  value: string;
  reason: string;
  properties: Record<string, unknown>;
}

/** Seconds: the shortest period of the services' own metrics. */
const MINUTE = 60;

/** What tells that the pipeline is dead: to the topic that alarms can publish to. */
export function alarmSpecs(pipeline: Pipeline): AlarmSpec[] {
  const { names, settings } = pipeline;
  const { alarmPrefix } = identities(pipeline);
  const minutes = Math.max(1, Math.round(settings.silentMinutes));
  const records = (name: string, description: string, stream: string): AlarmSpec => ({
    name: alarmPrefix + name,
    description,
    namespace: "AWS/Kinesis",
    metric: "IncomingRecords",
    dimensions: { StreamName: stream },
    statistic: "Sum",
    threshold: 1,
    comparison: "LessThanThreshold",
    period: MINUTE,
    periods: minutes,
    missing: "breaching",
  });
  const lambda = (
    name: string,
    description: string,
    metric: string,
    fn: string,
    rest: Partial<AlarmSpec>,
  ): AlarmSpec => ({
    name: alarmPrefix + name,
    description,
    namespace: "AWS/Lambda",
    metric,
    dimensions: { FunctionName: fn },
    statistic: "Sum",
    threshold: 0,
    comparison: "GreaterThanThreshold",
    period: MINUTE,
    periods: minutes,
    missing: "notBreaching",
    ...rest,
  });
  const { destinationFunction, deliveryFunction } = names;
  return [
    records("no-readings", `No reading came for ${minutes} minutes.`, names.inputStream),
    records("no-scores", `No reading was scored for ${minutes} minutes.`, names.outputStream),
    lambda("no-delivery", `The delivery hasn't run for ${minutes} minutes.`, "Invocations", deliveryFunction, {
      threshold: 1,
      comparison: "LessThanThreshold",
      missing: "breaching",
    }),
    lambda("delivery-fails", "Notifications fail to be delivered.", "Errors", deliveryFunction, { periods: 5 }),
    lambda("storing-behind", `Scored readings wait for ${minutes} minutes.`, "IteratorAge", destinationFunction, {
      statistic: "Maximum",
      threshold: minutes * 60_000,
      periods: 5,
    }),
    proofs(`${alarmPrefix}not-proved`, names.pipeline, parseDuration(settings.proveEvery) ?? 0),
  ];
}

/** A proof that failed; and where it's known how often they come, one that didn't, with some minutes' patience. */
function proofs(name: string, pipeline: string, every: number): AlarmSpec {
  const expected = every > 0;
  return {
    name,
    description: `windops prove failed${expected ? ", or hasn't run for longer than it should" : ""}.`,
    namespace: PROOF_NAMESPACE,
    metric: PROOF_METRIC,
    dimensions: proofDimensions(pipeline),
    statistic: "Minimum",
    threshold: 1,
    comparison: "LessThanThreshold",
    period: Math.ceil(every / 1000 / MINUTE) * MINUTE + 5 * MINUTE,
    periods: 1,
    missing: expected ? "breaching" : "notBreaching",
  };
}

/** A CloudWatch alarm. All alarms of a run are described with one call (`describe`). */
export function alarm(
  pipeline: Pipeline,
  spec: AlarmSpec,
  describe: (cloudwatch: CloudWatchClient) => Promise<Map<string, Record<string, unknown>>>,
): Resource<AlarmState> {
  const { clients, tags: wanted } = pipeline;
  const { arns } = identities(pipeline);
  const ResourceARN = arns.alarm(spec.name);
  const properties = {
    AlarmDescription: spec.description,
    ActionsEnabled: true,
    AlarmActions: [arns.healthTopic],
    // None: they'd tell of each alarm that a new pipeline's first figures set from "insufficient data" to "OK".
    OKActions: [],
    Namespace: spec.namespace,
    MetricName: spec.metric,
    Statistic: spec.statistic,
    Dimensions: Object.entries(spec.dimensions).map(([Name, Value]) => ({ Name, Value })),
    Period: spec.period,
    EvaluationPeriods: spec.periods,
    DatapointsToAlarm: spec.periods,
    Threshold: spec.threshold,
    ComparisonOperator: spec.comparison,
    TreatMissingData: spec.missing,
  };
  const put = async (tags: object) => {
    const cloudwatch = await clients.cloudwatch();
    await cloudwatch.send(new PutMetricAlarmCommand({ AlarmName: spec.name, ...properties, ...tags }));
  };
  return {
    id: ids.alarm(spec.name),
    type: "Alarm",
    name: spec.name,
    step: "attach-triggers",
    needs: [ids.healthTopic],
    async read() {
      const cloudwatch = await clients.cloudwatch();
      const [all, tags] = await Promise.all([
        describe(cloudwatch),
        orAbsent(cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN }))),
      ]);
      const found = all.get(spec.name);
      if (!found) return undefined;
      return {
        tags: fromList(tags?.Tags),
        value: String(found.StateValue ?? ""),
        reason: String(found.StateReason ?? ""),
        properties: found,
      };
    },
    tags: (state) => state.tags,
    diff: (state) => [
      ...tagChanges(state.tags, wanted),
      ...Object.entries(properties).flatMap(([key, value]) => compare(key, state.properties[key], value)),
    ],
    unhealthy: ({ value }) => (value === "ALARM" ? spec.description : undefined),
    create: () => put({ Tags: toList(wanted) }),
    async update(_, changes) {
      const cloudwatch = await clients.cloudwatch();
      // PutMetricAlarm takes tags only for a new alarm.
      if (tagsDiffer(changes)) await cloudwatch.send(new TagResourceCommand({ ResourceARN, Tags: toList(wanted) }));
      if (!tagsOnly(changes)) await put({});
    },
    async remove() {
      const cloudwatch = await clients.cloudwatch();
      await cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [spec.name] }));
    },
  };
}

/** Describes all `names` in one call for all that ask within the same turn of the event loop. */
export function describeTogether(names: string[]) {
  let asked: Promise<Map<string, Record<string, unknown>>> | undefined;
  return (cloudwatch: CloudWatchClient) => {
    if (!asked) {
      asked = cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: names, MaxRecords: 100 })).then((page) => {
        return new Map((page.MetricAlarms ?? []).map((found) => [found.AlarmName!, { ...found }]));
      });
      // Whoever asks after this turn wants a fresh answer.
      setImmediate(() => {
        asked = undefined;
      });
    }
    return asked;
  };
}
