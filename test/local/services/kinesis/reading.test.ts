import type { GetRecordsCommandOutput, Kinesis } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kinesisStack, newStream, records, trimHorizon, untilActive } from "./client.ts";

let k: Awaited<ReturnType<typeof kinesisStack>>;
let client: Kinesis;
beforeAll(async () => {
  k = await kinesisStack({ limits: false });
  client = k.client;
});
afterAll(() => k.close());

async function readAll(StreamName: string, shard = 0) {
  const all = [];
  let next: string | undefined = await trimHorizon(client, StreamName, shard);
  for (;;) {
    const page: GetRecordsCommandOutput = await client.getRecords({ ShardIterator: next });
    all.push(...page.Records!);
    next = page.NextShardIterator;
    if (!next || page.MillisBehindLatest === 0) return { all, next, page };
  }
}

test("records are trimmed when their retention is over", async () => {
  await newStream(client, "retained");
  await client.putRecords({ StreamName: "retained", Records: records(3) });
  k.clock.ahead += 23 * 3_600_000;
  await client.putRecords({ StreamName: "retained", Records: records(2) });
  expect((await readAll("retained")).all).toHaveLength(5);
  k.clock.ahead += 2 * 3_600_000;
  expect((await readAll("retained")).all).toHaveLength(2);
});

test("an iterator lives five minutes", async () => {
  await newStream(client, "expiring");
  const ShardIterator = await trimHorizon(client, "expiring");
  k.clock.ahead += 299_000;
  const { NextShardIterator } = await client.getRecords({ ShardIterator });
  k.clock.ahead += 2000;
  await expect(client.getRecords({ ShardIterator })).rejects.toThrow(/Iterator expired\. The iterator was created at/);
  expect((await client.getRecords({ ShardIterator: NextShardIterator })).Records).toEqual([]);
});

test("the lag is the age of the last record read, and 0 at the tip", async () => {
  await newStream(client, "lag");
  await client.putRecords({ StreamName: "lag", Records: records(2) });
  k.clock.ahead += 60_000;
  await client.putRecords({ StreamName: "lag", Records: records(1) });
  const first = await client.getRecords({ ShardIterator: await trimHorizon(client, "lag"), Limit: 1 });
  expect(first.MillisBehindLatest).toBeGreaterThanOrEqual(60_000);
  expect(first.MillisBehindLatest).toBeLessThan(70_000);
  const rest = await client.getRecords({ ShardIterator: first.NextShardIterator });
  expect([rest.Records!.length, rest.MillisBehindLatest]).toEqual([2, 0]);
});

test("AT_TIMESTAMP finds the first record from a time on, among thousands; the future is refused", async () => {
  await newStream(client, "times");
  const marks: number[] = [];
  for (let i = 0; i < 8; i++) {
    await client.putRecords({ StreamName: "times", Records: records(400, 1000) });
    marks.push(Date.now() + k.clock.ahead);
    k.clock.ahead += 10_000;
  }
  const from = async (time: number) => {
    const { ShardIterator } = await client.getShardIterator({
      StreamName: "times",
      ShardId: "shardId-000000000000",
      ShardIteratorType: "AT_TIMESTAMP",
      Timestamp: new Date(time),
    });
    return (await client.getRecords({ ShardIterator })).Records!.length;
  };
  expect(await from(marks[0]! - 60_000)).toBe(3200);
  expect(await from(marks[4]! + 1000)).toBe(1200);
  expect(await from(Date.now() + k.clock.ahead)).toBe(0);
  await expect(from(Date.now() + k.clock.ahead + 60_000)).rejects.toThrow("cannot be greater than");
});

test("across a reshard a key's records stay in order from parent to child, and sequence numbers grow", async () => {
  await newStream(client, "order", 2);
  const put = async (n: number) => {
    const { Records } = await client.putRecords({
      StreamName: "order",
      Records: Array.from({ length: n }, () => ({ Data: Buffer.from("x"), PartitionKey: "turbine-7" })),
    });
    return Records!;
  };
  const before = await put(3);
  await client.updateShardCount({ StreamName: "order", TargetShardCount: 3, ScalingType: "UNIFORM_SCALING" });
  await untilActive(client, "order");
  const middle = await put(3);
  await client.updateShardCount({ StreamName: "order", TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" });
  await untilActive(client, "order");
  const after = await put(3);
  const numbers = [...before, ...middle, ...after].map((r) => BigInt(r.SequenceNumber!));
  expect(numbers).toEqual([...numbers].sort((a, b) => (a < b ? -1 : 1)));

  const { Shards } = await client.listShards({ StreamName: "order" });
  const open = Shards!.filter((s) => s.SequenceNumberRange?.EndingSequenceNumber === undefined);
  expect(open).toHaveLength(2);
  const parent = before[0]!.ShardId!;
  const { all, next, page } = await readAll("order", Number(parent.slice(8)));
  expect([all.length, next]).toEqual([3, undefined]);
  expect(page.ChildShards!.every((c) => c.ParentShards!.includes(parent))).toBe(true);
});

test("a clock that steps back an hour: the stream still becomes ACTIVE, and records keep their order", async () => {
  await client.createStream({ StreamName: "clock", ShardCount: 1 });
  k.clock.ahead -= 3_600_000;
  await untilActive(client, "clock");
  k.clock.ahead += 3_600_000;
  const put = async (text: string) =>
    (await client.putRecord({ StreamName: "clock", Data: Buffer.from(text), PartitionKey: "k" })).SequenceNumber!;
  const before = await put("before");
  k.clock.ahead -= 3_600_000;
  const after = await put("after");
  k.clock.ahead += 3_600_000;
  expect(BigInt(after)).toBeGreaterThan(BigInt(before));
  const { all } = await readAll("clock");
  const times = all.map((r) => r.ApproximateArrivalTimestamp!.getTime());
  expect(times[1]).toBeGreaterThanOrEqual(times[0]!);
});

test("shard filters by time", async () => {
  await newStream(client, "filters");
  k.clock.ahead += 10_000;
  const before = new Date(Date.now() + k.clock.ahead);
  k.clock.ahead += 10_000;
  await client.splitShard({
    StreamName: "filters",
    ShardToSplit: "shardId-000000000000",
    NewStartingHashKey: String(2n ** 127n),
  });
  await untilActive(client, "filters");
  k.clock.ahead += 10_000;
  const ids = async (ShardFilter: object) =>
    (await client.listShards({ StreamName: "filters", ShardFilter: ShardFilter as never })).Shards!.map((s) =>
      Number(s.ShardId!.slice(8)),
    );
  expect(await ids({ Type: "AT_LATEST" })).toEqual([1, 2]);
  expect(await ids({ Type: "AT_TRIM_HORIZON" })).toEqual([0]);
  expect(await ids({ Type: "FROM_TRIM_HORIZON" })).toEqual([0, 1, 2]);
  expect(await ids({ Type: "AT_TIMESTAMP", Timestamp: before })).toEqual([0]);
  expect(await ids({ Type: "FROM_TIMESTAMP", Timestamp: new Date(Date.now() + k.clock.ahead) })).toEqual([1, 2]);
  expect(await ids({ Type: "AFTER_SHARD_ID", ShardId: "shardId-000000000001" })).toEqual([2]);
});

test("a sequence number of another shard, an iterator that isn't one, and a number that isn't one are refused", async () => {
  await newStream(client, "wrong", 2);
  const { SequenceNumber, ShardId } = await client.putRecord({
    StreamName: "wrong",
    Data: Buffer.from("x"),
    PartitionKey: "k",
  });
  const other = ShardId!.endsWith("0") ? "shardId-000000000001" : "shardId-000000000000";
  const at = (id: string, number: string) =>
    client.getShardIterator({
      StreamName: "wrong",
      ShardId: id,
      ShardIteratorType: "AT_SEQUENCE_NUMBER",
      StartingSequenceNumber: number,
    });
  await expect(at(other, SequenceNumber!)).rejects.toThrow(/It encodes shardId-/);
  await expect(at(ShardId!, "12")).rejects.toMatchObject({ name: "InvalidArgumentException" });
  await expect(client.getRecords({ ShardIterator: "nonsense" })).rejects.toThrow("Invalid ShardIterator");
});

test("enhanced fan-out pushes what is there and what comes, and ends with the shard's children", async () => {
  const StreamARN = await newStream(client, "pushed");
  await client.putRecords({ StreamName: "pushed", Records: records(2) });
  const { Consumer } = await client.registerStreamConsumer({ StreamARN, ConsumerName: "flink" });
  const { ConsumerARN } = Consumer!;
  await expect
    .poll(async () => (await client.describeStreamConsumer({ ConsumerARN })).ConsumerDescription!.ConsumerStatus, {
      timeout: 5000,
    })
    .toBe("ACTIVE");
  const { EventStream } = await client.subscribeToShard({
    ConsumerARN,
    ShardId: "shardId-000000000000",
    StartingPosition: { Type: "TRIM_HORIZON" },
  });
  const keys: string[] = [];
  let children: (string | undefined)[] | undefined;
  for await (const { SubscribeToShardEvent: event } of EventStream!) {
    keys.push(...event!.Records!.map((r) => r.PartitionKey!));
    if (keys.length === 2)
      await client.putRecord({ StreamName: "pushed", Data: Buffer.from("x"), PartitionKey: "new" });
    if (keys.length === 3 && !event!.ChildShards) {
      await client.splitShard({
        StreamName: "pushed",
        ShardToSplit: "shardId-000000000000",
        NewStartingHashKey: String(2n ** 127n),
      });
    }
    children = event!.ChildShards?.map((c) => c.ShardId);
  }
  expect(keys).toEqual(["k0", "k1", "new"]);
  expect(children).toEqual(["shardId-000000000001", "shardId-000000000002"]);
});
