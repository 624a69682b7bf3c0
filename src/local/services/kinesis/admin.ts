import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import { integerOf, textOf } from "../../wire-values.ts";
import type { StreamRecord } from "./model.ts";
import { describeShard } from "./shard.ts";
import { openShards, type Streams, statusOf } from "./streams.ts";
import { invalid } from "./write.ts";

/** Shards of provisioned streams an account may have in a region, and streams on demand. */
export const SHARD_LIMIT = 500;
const ON_DEMAND_LIMIT = 50;
/** Shards that a stream on demand begins with. */
const ON_DEMAND_SHARDS = 4;

/** Streams made, shown and removed; their tags, retention, encryption, mode and monitoring. */
export function adminOperations(streams: Streams): Record<string, Operation> {
  const { stack } = streams;
  const active = (input: any, call: Call): StreamRecord => {
    const stream = streams.get(input, call);
    if (statusOf(stream) !== "ACTIVE") throw inUse(stream, stack.account);
    return stream;
  };

  return {
    CreateStream: (input, call) => {
      checkName(input.StreamName);
      const mode = input.StreamModeDetails?.StreamMode ?? "PROVISIONED";
      if (mode !== "PROVISIONED" && mode !== "ON_DEMAND") {
        throw invalid(
          `'${mode}'`,
          "streamModeDetails.streamMode",
          "Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]",
        );
      }
      const shards = mode === "ON_DEMAND" ? ON_DEMAND_SHARDS : (input.ShardCount ?? 1);
      if (!Number.isInteger(shards) || shards < 1) {
        throw invalid(`'${shards}'`, "shardCount", "Member must have value greater than or equal to 1");
      }
      if (streams.find(call.region, input.StreamName)) {
        throw new AwsError(
          "ResourceInUseException",
          `Stream ${input.StreamName} under account ${stack.account} already exists.`,
        );
      }
      checkQuotas(streams.list(call.region), mode, shards, stack.account);
      const tags = input.Tags ?? {};
      checkTags(tags, {});
      const given = { name: input.StreamName, mode, maxRecordKiB: input.MaxRecordSizeInKiB ?? 1024, tags };
      streams.create(call.region, given, shards);
      return {};
    },
    DeleteStream: (input, call) => {
      const stream = streams.get(input, call);
      if (stream.consumers.length > 0 && input.EnforceConsumerDeletion !== true) {
        throw new AwsError(
          "ResourceInUseException",
          `Stream ${stream.name} under account ${stack.account} cannot be deleted because it has consumers registered.`,
        );
      }
      if (stream.transition?.status !== "DELETING")
        streams.change({ ...stream, consumers: [] }, { status: "DELETING" });
      return {};
    },
    DescribeStream: (input, call) => {
      const stream = streams.get(input, call);
      const from = stream.shards.findIndex((s) => shardId(s, stream) > (input.ExclusiveStartShardId ?? ""));
      const limit = input.Limit ?? 100;
      const rest = from < 0 ? [] : stream.shards.slice(from);
      return {
        StreamDescription: {
          ...commonDescription(stream),
          Shards: rest.slice(0, limit).map((s) => describeShard(s, stream)),
          HasMoreShards: rest.length > limit,
        },
      };
    },
    DescribeStreamSummary: (input, call) => {
      const stream = streams.get(input, call);
      return {
        StreamDescriptionSummary: {
          ...commonDescription(stream),
          OpenShardCount: openShards(stream).length,
          ConsumerCount: stream.consumers.length,
          MaxRecordSizeInKiB: stream.maxRecordKiB,
        },
      };
    },
    ListStreams: (input, call) => {
      const after = textOf(input.NextToken, "NextToken");
      const start = after ? token(after) : textOf(input.ExclusiveStartStreamName, "ExclusiveStartStreamName");
      const limit = integerOf(input.Limit, "limit", [1, 10_000], 100, "ValidationException");
      const all = streams.list(call.region).filter((s) => s.name > start);
      const page = all.slice(0, limit);
      const more = all.length > limit;
      return {
        StreamNames: page.map((s) => s.name),
        HasMoreStreams: more,
        ...(more && { NextToken: Buffer.from(page.at(-1)!.name).toString("base64") }),
        StreamSummaries: page.map((s) => ({
          StreamName: s.name,
          StreamARN: s.arn,
          StreamStatus: statusOf(s),
          StreamModeDetails: { StreamMode: s.mode },
          StreamCreationTimestamp: wholeSecond(s.created),
        })),
      };
    },
    DescribeLimits: (_input, call) => {
      const all = streams.list(call.region);
      return {
        ShardLimit: SHARD_LIMIT,
        OpenShardCount: provisionedShards(all),
        OnDemandStreamCount: all.filter((s) => s.mode === "ON_DEMAND").length,
        OnDemandStreamCountLimit: ON_DEMAND_LIMIT,
      };
    },
    IncreaseStreamRetentionPeriod: (input, call) =>
      setRetention(streams, active(input, call), input.RetentionPeriodHours, 1),
    DecreaseStreamRetentionPeriod: (input, call) =>
      setRetention(streams, active(input, call), input.RetentionPeriodHours, -1),
    StartStreamEncryption: (input, call) => {
      const stream = active(input, call);
      if (typeof input.KeyId !== "string" || input.KeyId === "")
        throw invalid("null", "keyId", "Member must not be null");
      streams.change(stream, { status: "UPDATING", change: { encryption: "KMS", keyId: input.KeyId } });
      return {};
    },
    StopStreamEncryption: (input, call) => {
      streams.change(active(input, call), { status: "UPDATING", change: { encryption: "NONE", keyId: undefined } });
      return {};
    },
    UpdateStreamMode: (input, call) => {
      const mode = input.StreamModeDetails?.StreamMode;
      if (mode !== "PROVISIONED" && mode !== "ON_DEMAND")
        throw invalid(`'${mode}'`, "streamModeDetails", "Member must not be null");
      streams.change(active(input, call), { status: "UPDATING", change: { mode } });
      return {};
    },
    UpdateMaxRecordSize: (input, call) => {
      const stream = active(input, call);
      const size = input.MaxRecordSizeInKiB;
      if (!(size >= 1024 && size <= 10240))
        throw invalid(`'${size}'`, "maxRecordSizeInKiB", "Member must be between 1024 and 10240");
      streams.put({ ...stream, maxRecordKiB: size });
      return {};
    },
    EnableEnhancedMonitoring: (input, call) => monitor(streams, active(input, call), input.ShardLevelMetrics, true),
    DisableEnhancedMonitoring: (input, call) => monitor(streams, active(input, call), input.ShardLevelMetrics, false),
    AddTagsToStream: (input, call) => {
      const stream = streams.get(input, call);
      checkTags(input.Tags ?? {}, stream.tags);
      streams.put({ ...stream, tags: { ...stream.tags, ...input.Tags } });
      return {};
    },
    RemoveTagsFromStream: (input, call) => {
      const stream = streams.get(input, call);
      streams.put({ ...stream, tags: without(stream.tags, input.TagKeys ?? []) });
      return {};
    },
    ListTagsForStream: (input, call) => {
      const { tags } = streams.get(input, call);
      const all = Object.entries(tags)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .filter(([k]) => k > (input.ExclusiveStartTagKey ?? ""));
      const limit = input.Limit ?? 50;
      return {
        Tags: all.slice(0, limit).map(([Key, Value]) => ({ Key, Value })),
        HasMoreTags: all.length > limit,
      };
    },
    PutResourcePolicy: (input, call) => {
      const stream = streams.get({ StreamARN: input.ResourceARN }, call);
      streams.put({ ...stream, policy: input.Policy });
      return {};
    },
    GetResourcePolicy: (input, call) => {
      const { policy } = streams.get({ StreamARN: input.ResourceARN }, call);
      return { Policy: policy ?? "{}" };
    },
    DeleteResourcePolicy: (input, call) => {
      const stream = streams.get({ StreamARN: input.ResourceARN }, call);
      if (stream.policy === undefined) {
        throw new AwsError(
          "ResourceNotFoundException",
          `No resource policy found for resource ARN ${input.ResourceARN}`,
        );
      }
      streams.put({ ...stream, policy: undefined });
      return {};
    },
  };
}

const shardId = (shard: StreamRecord["shards"][number], stream: StreamRecord) =>
  (describeShard(shard, stream) as { ShardId: string }).ShardId;

/** Kinesis gives creation times in whole seconds. */
export const wholeSecond = (time: number): Date => new Date(Math.floor(time / 1000) * 1000);

const token = (text: string) => Buffer.from(text, "base64").toString();

function commonDescription(stream: StreamRecord) {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: statusOf(stream),
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: wholeSecond(stream.created),
    EnhancedMonitoring: [{ ShardLevelMetrics: stream.monitoring }],
    EncryptionType: stream.encryption,
    ...(stream.keyId !== undefined && { KeyId: stream.keyId }),
  };
}

export const provisionedShards = (all: StreamRecord[]): number =>
  all.filter((s) => s.mode === "PROVISIONED").reduce((sum, s) => sum + openShards(s).length, 0);

function checkQuotas(all: StreamRecord[], mode: StreamRecord["mode"], shards: number, account: string): void {
  if (all.filter((s) => s.transition?.status === "CREATING").length >= 5) {
    throw new AwsError(
      "LimitExceededException",
      `This request would exceed the limit of 5 streams in the CREATING state at the same time for the account ${account}. Try again later.`,
    );
  }
  if (mode === "ON_DEMAND" && all.filter((s) => s.mode === "ON_DEMAND").length >= ON_DEMAND_LIMIT) {
    throw new AwsError(
      "LimitExceededException",
      `This request would exceed the on-demand stream limit for the account ${account} in this region. Limit: ${ON_DEMAND_LIMIT}.`,
    );
  }
  const present = provisionedShards(all);
  if (mode === "PROVISIONED" && present + shards > SHARD_LIMIT) throw shardQuota(present, shards, account);
}

export function shardQuota(present: number, requested: number, account: string): AwsError {
  return new AwsError(
    "LimitExceededException",
    `This request would exceed the shard limit for the account ${account}. Current shard count for the account: ${present}. Limit: ${SHARD_LIMIT}. Number of additional shards that would have resulted from this request: ${requested}. Refer to the AWS Service Limits page (https://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.`,
  );
}

export function inUse(stream: StreamRecord, account: string): AwsError {
  return new AwsError(
    "ResourceInUseException",
    `Stream ${stream.name} under account ${account} not ACTIVE, instead in state ${statusOf(stream)}`,
  );
}

function checkName(name: unknown): void {
  if (name === undefined || name === null) throw invalid("null", "streamName", "Member must not be null");
  if (typeof name !== "string" || !/^[a-zA-Z0-9_.-]+$/.test(name)) {
    throw invalid(`'${name}'`, "streamName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
  }
  if (name.length > 128) throw invalid(`'${name}'`, "streamName", "Member must have length less than or equal to 128");
}

export function checkTags(tags: Record<string, string>, present: Record<string, string>): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > 128 || typeof value !== "string" || value.length > 256) {
      throw new AwsError("InvalidArgumentException", `Tag ${key} is longer than 128 characters, or its value than 256`);
    }
    if (/^aws:/i.test(key)) throw new AwsError("InvalidArgumentException", `Tag keys may not begin with aws: ${key}`);
  }
  if (Object.keys({ ...present, ...tags }).length > 50) {
    throw new AwsError("InvalidArgumentException", "Failed to add tags: a resource can have at most 50 tags");
  }
}

export const without = (tags: Record<string, string>, keys: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(([k]) => !keys.includes(k)));

function setRetention(streams: Streams, stream: StreamRecord, hours: unknown, direction: 1 | -1): object {
  if (typeof hours !== "number" || !Number.isInteger(hours) || hours < 24 || hours > 8760) {
    throw new AwsError(
      "InvalidArgumentException",
      hours !== undefined && (hours as number) < 24
        ? `Minimum allowed retention period is 24 hours. Requested retention period (${hours} hours) is too short.`
        : `Maximum allowed retention period is 8760 hours. Requested retention period (${hours} hours) is too long.`,
    );
  }
  if ((hours - stream.retentionHours) * direction < 0) {
    const relation = direction > 0 ? "shorter" : "longer";
    throw new AwsError(
      "InvalidArgumentException",
      `Requested retention period (${hours} hours) for stream ${stream.name} can not be ${relation} than existing retention period (${stream.retentionHours} hours). Use ${direction > 0 ? "Decrease" : "Increase"}RetentionPeriod API.`,
    );
  }
  if (hours !== stream.retentionHours)
    streams.change(stream, { status: "UPDATING", change: { retentionHours: hours } });
  return {};
}

const METRICS = [
  "IncomingBytes",
  "IncomingRecords",
  "IteratorAgeMilliseconds",
  "OutgoingBytes",
  "OutgoingRecords",
  "ReadProvisionedThroughputExceeded",
  "WriteProvisionedThroughputExceeded",
];

function monitor(streams: Streams, stream: StreamRecord, metrics: string[] | undefined, on: boolean): object {
  const named = metrics?.includes("ALL") ? METRICS : (metrics ?? []);
  if (named.length === 0 || named.some((m) => !METRICS.includes(m))) {
    throw invalid(
      `'${metrics}'`,
      "shardLevelMetrics",
      `Member must satisfy enum value set: [${METRICS.join(", ")}, ALL]`,
    );
  }
  const present = stream.monitoring;
  const desired = on ? [...new Set([...present, ...named])].sort() : present.filter((m) => !named.includes(m));
  streams.put({ ...stream, monitoring: desired });
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    CurrentShardLevelMetrics: present,
    DesiredShardLevelMetrics: desired,
  };
}
