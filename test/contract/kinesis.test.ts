import * as K from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientOptions, temporaryStack } from "../local/stack-fixture.ts";
import { startKinesisLocal } from "./kinesis-local.ts";

// The same calls against the embedded stack and kinesis-local: what comes back is the same, but for ids and times.

type Client = K.KinesisClient;
const closers: (() => Promise<void>)[] = [];
let ours: Client;
let oracle: Client;

beforeAll(async () => {
  const [stack, local] = await Promise.all([temporaryStack({ limits: false }), startKinesisLocal()]);
  closers.push(stack.close, local.close);
  const client = (endpoint: string) =>
    new K.KinesisClient({ ...clientOptions(endpoint), maxAttempts: 1, requestHandler: new NodeHttpHandler() });
  ours = client(stack.endpoint);
  oracle = client(local.endpoint);
});
afterAll(async () => {
  ours?.destroy();
  oracle?.destroy();
  await Promise.all(closers.map((close) => close()));
});

const data = (text: string) => Buffer.from(text);
const text = (records: K._Record[] | undefined) => records?.map((r) => `${r.PartitionKey}:${Buffer.from(r.Data!)}`);

async function until<T>(read: () => Promise<T>, done: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 20_000; ; ) {
    const value = await read();
    if (done(value)) return value;
    if (Date.now() > deadline) throw new Error(`never came: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function active(client: Client, StreamName: string): Promise<K.StreamDescriptionSummary> {
  const summary = async () =>
    (await client.send(new K.DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary!;
  return until(summary, (s) => s.StreamStatus === "ACTIVE");
}

async function created(client: Client, StreamName: string, ShardCount = 1): Promise<string> {
  await client.send(new K.CreateStreamCommand({ StreamName, ShardCount }));
  return (await active(client, StreamName)).StreamARN!;
}

async function iterator(
  client: Client,
  StreamName: string,
  rest: Partial<K.GetShardIteratorInput> = {},
): Promise<string> {
  const input = { StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" as const, ...rest };
  return (await client.send(new K.GetShardIteratorCommand(input))).ShardIterator!;
}

const read = async (client: Client, ShardIterator: string, Limit?: number) =>
  client.send(new K.GetRecordsCommand({ ShardIterator, Limit }));

/** kinesis-local cuts 2^128 - 1 hash keys, Kinesis (and ours) 2^128: the ends differ by a few. */
const range = (r: K.HashKeyRange | undefined) =>
  [r!.StartingHashKey!, r!.EndingHashKey!].map((key) => (BigInt(key) + 8n) / 16n);

/** Shards without what depends on the time. */
async function shards(client: Client, StreamName: string) {
  const { Shards } = await client.send(new K.ListShardsCommand({ StreamName }));
  return Shards!.map((s) => ({
    id: s.ShardId,
    parents: [s.ParentShardId, s.AdjacentParentShardId],
    range: range(s.HashKeyRange),
    closed: s.SequenceNumberRange?.EndingSequenceNumber !== undefined,
  }));
}

/** The error's name, or what came back. */
const outcome = async (call: Promise<unknown>) =>
  call.then(
    () => "no error",
    (e: Error) => e.name,
  );

const scenarios: Record<string, (client: Client) => Promise<unknown>> = {
  "a new stream as DescribeStreamSummary shows it": async (client) => {
    await created(client, "summary", 3);
    const s = await active(client, "summary");
    return { ...s, StreamCreationTimestamp: s.StreamCreationTimestamp instanceof Date, MaxRecordSizeInKiB: undefined };
  },
  "hash ranges of 1 to 7 shards": async (client) => {
    const all = [];
    for (let n = 1; n <= 7; n++) {
      await created(client, `ranges-${n}`, n);
      all.push(await shards(client, `ranges-${n}`));
    }
    return all;
  },
  "records by partition key and by explicit hash key go to the same shards": async (client) => {
    await created(client, "keys", 4);
    const Records = Array.from({ length: 40 }, (_, i) => ({
      Data: data(`r${i}`),
      PartitionKey: `turbine-${i}`,
      ...(i % 5 === 0 && { ExplicitHashKey: String(BigInt(i) * 2n ** 121n) }),
    }));
    const put = await client.send(new K.PutRecordsCommand({ StreamName: "keys", Records }));
    return [put.FailedRecordCount, put.Records!.map((r) => r.ShardId)];
  },
  "what GetRecords gives in pages, and the lag at each": async (client) => {
    await created(client, "pages");
    const Records = Array.from({ length: 7 }, (_, i) => ({ Data: data(`r${i}`), PartitionKey: "k" }));
    await client.send(new K.PutRecordsCommand({ StreamName: "pages", Records }));
    const first = await read(client, await iterator(client, "pages"), 3);
    const second = await read(client, first.NextShardIterator!, 3);
    const third = await read(client, second.NextShardIterator!, 3);
    return [first, second, third].map((page) => text(page.Records));
  },
  "each iterator type begins at the same record": async (client) => {
    await created(client, "types");
    const put: K.PutRecordOutput[] = [];
    for (let i = 0; i < 5; i++) {
      put.push(
        await client.send(new K.PutRecordCommand({ StreamName: "types", Data: data(`r${i}`), PartitionKey: "k" })),
      );
    }
    const StartingSequenceNumber = put[2]!.SequenceNumber!;
    const all = await read(client, await iterator(client, "types"));
    const Timestamp = new Date(all.Records![0]!.ApproximateArrivalTimestamp!.getTime() - 1000);
    const inputs: Partial<K.GetShardIteratorInput>[] = [
      { ShardIteratorType: "TRIM_HORIZON" },
      { ShardIteratorType: "LATEST" },
      { ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber },
      { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber },
      { ShardIteratorType: "AT_TIMESTAMP", Timestamp },
    ];
    const got = [];
    for (const input of inputs) got.push(text((await read(client, await iterator(client, "types", input))).Records));
    return got;
  },
  "a split: parents, children, and reading across": async (client) => {
    await created(client, "split");
    await client.send(new K.PutRecordCommand({ StreamName: "split", Data: data("before"), PartitionKey: "k" }));
    await client.send(
      new K.SplitShardCommand({
        StreamName: "split",
        ShardToSplit: "shardId-000000000000",
        NewStartingHashKey: String(2n ** 127n),
      }),
    );
    await active(client, "split");
    await client.send(new K.PutRecordCommand({ StreamName: "split", Data: data("after"), PartitionKey: "k" }));
    const parent = await read(client, await iterator(client, "split"));
    const end = parent.NextShardIterator ? await read(client, parent.NextShardIterator) : parent;
    const children = end.ChildShards!.map((c) => [c.ShardId, c.ParentShards, range(c.HashKeyRange)]);
    return [await shards(client, "split"), text(parent.Records), end.NextShardIterator ?? null, children];
  },
  "a merge": async (client) => {
    await created(client, "merge", 2);
    await client.send(
      new K.MergeShardsCommand({
        StreamName: "merge",
        ShardToMerge: "shardId-000000000000",
        AdjacentShardToMerge: "shardId-000000000001",
      }),
    );
    await active(client, "merge");
    return shards(client, "merge");
  },
  "UpdateShardCount: the ranges that are open afterwards": async (client) => {
    await created(client, "scale", 2);
    const up = await client.send(
      new K.UpdateShardCountCommand({ StreamName: "scale", TargetShardCount: 4, ScalingType: "UNIFORM_SCALING" }),
    );
    await active(client, "scale");
    const open = (await shards(client, "scale")).filter((s) => !s.closed).map((s) => s.range);
    return [up.CurrentShardCount, up.TargetShardCount, open];
  },
  "retention up and down": async (client) => {
    await created(client, "retention");
    await client.send(
      new K.IncreaseStreamRetentionPeriodCommand({ StreamName: "retention", RetentionPeriodHours: 48 }),
    );
    const up = (await active(client, "retention")).RetentionPeriodHours;
    await client.send(
      new K.DecreaseStreamRetentionPeriodCommand({ StreamName: "retention", RetentionPeriodHours: 24 }),
    );
    return [up, (await active(client, "retention")).RetentionPeriodHours];
  },
  "tags by stream and by ARN": async (client) => {
    const ResourceARN = await created(client, "tags");
    await client.send(new K.AddTagsToStreamCommand({ StreamName: "tags", Tags: { b: "2", a: "1", c: "3" } }));
    await client.send(new K.RemoveTagsFromStreamCommand({ StreamName: "tags", TagKeys: ["c"] }));
    const listed = await client.send(new K.ListTagsForStreamCommand({ StreamName: "tags" }));
    await client.send(new K.TagResourceCommand({ ResourceARN, Tags: { d: "4" } }));
    const byArn = await client.send(new K.ListTagsForResourceCommand({ ResourceARN }));
    return [listed.Tags, listed.HasMoreTags, byArn.Tags!.map((t) => `${t.Key}=${t.Value}`).sort()];
  },
  "encryption on and off": async (client) => {
    await created(client, "encrypted");
    const key = { StreamName: "encrypted", EncryptionType: "KMS" as const, KeyId: "alias/aws/kinesis" };
    await client.send(new K.StartStreamEncryptionCommand(key));
    const on = await active(client, "encrypted");
    const put = await client.send(
      new K.PutRecordCommand({ StreamName: "encrypted", Data: data("x"), PartitionKey: "k" }),
    );
    await client.send(new K.StopStreamEncryptionCommand(key));
    return [on.EncryptionType, on.KeyId, put.EncryptionType, (await active(client, "encrypted")).EncryptionType];
  },
  "enhanced monitoring": async (client) => {
    await created(client, "monitored");
    const metrics = { StreamName: "monitored", ShardLevelMetrics: ["IncomingBytes", "OutgoingBytes"] as const };
    const on = await client.send(
      new K.EnableEnhancedMonitoringCommand({ ...metrics, ShardLevelMetrics: [...metrics.ShardLevelMetrics] }),
    );
    const off = await client.send(
      new K.DisableEnhancedMonitoringCommand({ StreamName: "monitored", ShardLevelMetrics: ["OutgoingBytes"] }),
    );
    return [on.DesiredShardLevelMetrics?.sort(), off.DesiredShardLevelMetrics];
  },
  "consumers: registered, described, listed, gone": async (client) => {
    const StreamARN = await created(client, "consumers");
    const { Consumer } = await client.send(new K.RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "flink" }));
    const describeIt = async () =>
      (await client.send(new K.DescribeStreamConsumerCommand({ StreamARN, ConsumerName: "flink" })))
        .ConsumerDescription!;
    const there = await until(describeIt, (c) => c.ConsumerStatus === "ACTIVE");
    const { Consumers } = await client.send(new K.ListStreamConsumersCommand({ StreamARN }));
    const refused = await outcome(client.send(new K.DeleteStreamCommand({ StreamName: "consumers" })));
    await client.send(new K.DeregisterStreamConsumerCommand({ StreamARN, ConsumerName: "flink" }));
    const gone = await until(
      () => outcome(describeIt()),
      (o) => o !== "no error",
    );
    return [Consumer?.ConsumerStatus, there.StreamARN, Consumers?.map((c) => c.ConsumerName), refused, gone];
  },
  "a stream with consumers goes when that is said": async (client) => {
    const StreamARN = await created(client, "enforced");
    await client.send(new K.RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "flink" }));
    await client.send(new K.DeleteStreamCommand({ StreamName: "enforced", EnforceConsumerDeletion: true }));
    const describeIt = () => client.send(new K.DescribeStreamSummaryCommand({ StreamName: "enforced" }));
    return until(
      () => outcome(describeIt()),
      (o) => o !== "no error",
    );
  },
  "streams in pages": async (client) => {
    for (const name of ["list-0", "list-a", "list-b", "list-c"]) await created(client, name);
    const first = await client.send(new K.ListStreamsCommand({ Limit: 2, ExclusiveStartStreamName: "list-0" }));
    const second = await client.send(
      new K.ListStreamsCommand({ Limit: 1, ExclusiveStartStreamName: first.StreamNames!.at(-1) }),
    );
    return [first.StreamNames, first.HasMoreStreams, second.StreamNames];
  },
  "shards in pages": async (client) => {
    await created(client, "shard-pages", 3);
    const first = await client.send(new K.ListShardsCommand({ StreamName: "shard-pages", MaxResults: 2 }));
    const second = await client.send(new K.ListShardsCommand({ NextToken: first.NextToken, MaxResults: 2 }));
    return [first, second].map((p) => [p.Shards!.map((s) => s.ShardId), p.NextToken === undefined]);
  },
  "a stream on demand": async (client) => {
    const StreamName = "on-demand";
    await client.send(new K.CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: "ON_DEMAND" } }));
    const s = await active(client, StreamName);
    return [s.StreamModeDetails, s.OpenShardCount];
  },
  "from provisioned to on demand": async (client) => {
    const StreamARN = await created(client, "modes");
    await client.send(new K.UpdateStreamModeCommand({ StreamARN, StreamModeDetails: { StreamMode: "ON_DEMAND" } }));
    return (await active(client, "modes")).StreamModeDetails;
  },
  "a resource policy": async (client) => {
    const ResourceARN = await created(client, "policy");
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    await client.send(new K.PutResourcePolicyCommand({ ResourceARN, Policy }));
    return (await client.send(new K.GetResourcePolicyCommand({ ResourceARN }))).Policy;
  },
  "unknown streams": async (client) => {
    const StreamName = "nobody";
    return Promise.all([
      outcome(client.send(new K.DescribeStreamCommand({ StreamName }))),
      outcome(client.send(new K.DeleteStreamCommand({ StreamName }))),
      outcome(client.send(new K.PutRecordCommand({ StreamName, Data: data("x"), PartitionKey: "k" }))),
      outcome(client.send(new K.ListShardsCommand({ StreamName }))),
      outcome(iterator(client, StreamName)),
    ]);
  },
  "wrong input": async (client) => {
    await created(client, "wrong");
    const StreamName = "wrong";
    return Promise.all([
      outcome(client.send(new K.CreateStreamCommand({ StreamName, ShardCount: 1 }))),
      outcome(iterator(client, StreamName, { ShardId: "shardId-000000000007" })),
      outcome(
        client.send(
          new K.MergeShardsCommand({
            StreamName,
            ShardToMerge: "shardId-000000000000",
            AdjacentShardToMerge: "shardId-000000000009",
          }),
        ),
      ),
      outcome(client.send(new K.DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 48 }))),
      outcome(
        client.send(new K.UpdateShardCountCommand({ StreamName, TargetShardCount: 3, ScalingType: "UNIFORM_SCALING" })),
      ),
    ]);
  },
  "a stream that was deleted is gone": async (client) => {
    await created(client, "gone");
    await client.send(new K.DeleteStreamCommand({ StreamName: "gone" }));
    return until(
      () => outcome(client.send(new K.DescribeStreamSummaryCommand({ StreamName: "gone" }))),
      (o) => o !== "no error",
    );
  },
};

describe("the embedded stack's Kinesis and kinesis-local agree on", () => {
  test.concurrent.each(Object.entries(scenarios))("%s", async (_name, scenario) => {
    const [here, there] = await Promise.all([scenario(ours), scenario(oracle)]);
    expect(here).toEqual(there);
  });
});
