import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { kinesisStack, newStream, records, trimHorizon } from "./client.ts";

let k: Awaited<ReturnType<typeof kinesisStack>>;
beforeAll(async () => {
  k = await kinesisStack();
});
afterAll(() => k.close());
// Rates are counted on a clock that stands: how fast this machine is doesn't matter.
afterEach(() => {
  k.clock.stands = undefined;
});

const errors = (answer: { Records?: { ErrorCode?: string }[] }) => answer.Records!.map((r) => r.ErrorCode);

test("a shard takes 1,000 records a second; the rest fail one by one, and go through a second later", async () => {
  await newStream(k.client, "records");
  k.clock.stands = Date.now();
  const put = () => k.client.putRecords({ StreamName: "records", Records: records(500) });
  const answers = [await put(), await put(), await put()];
  const accepted = answers.flatMap(errors).filter((e) => e === undefined).length;
  const failed = answers.reduce((sum, a) => sum + a.FailedRecordCount!, 0);
  expect(failed).toBeGreaterThan(0);
  expect(accepted + failed).toBe(1500);
  expect(new Set(answers.flatMap(errors))).toEqual(new Set([undefined, "ProvisionedThroughputExceededException"]));
  k.clock.ahead += 1000;
  expect((await put()).FailedRecordCount).toBe(0);
});

test("a shard takes 1 MiB a second", async () => {
  await newStream(k.client, "bytes");
  k.clock.stands = Date.now();
  const { Records } = await k.client.putRecords({ StreamName: "bytes", Records: records(4, 400_000) });
  expect(Records!.map((r) => r.ErrorCode !== undefined)).toEqual([false, false, true, true]);
  await expect(
    k.client.putRecord({ StreamName: "bytes", Data: Buffer.alloc(900_000), PartitionKey: "k" }),
  ).rejects.toMatchObject({
    name: "ProvisionedThroughputExceededException",
    message: "Rate exceeded for shard shardId-000000000000 in stream bytes under account 000000000000.",
  });
});

test("five reads a second, and none while what was read is above 2 MiB a second", async () => {
  await newStream(k.client, "reads");
  const ShardIterator = await trimHorizon(k.client, "reads");
  k.clock.stands = Date.now();
  const read = () =>
    k.client.getRecords({ ShardIterator }).then(
      (r) => r.Records!.length,
      (e: Error) => e.name,
    );
  const outcomes = [];
  for (let i = 0; i < 12; i++) outcomes.push(await read());
  expect(outcomes.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
  expect(outcomes).toContain("ProvisionedThroughputExceededException");

  for (let i = 0; i < 4; i++) {
    k.clock.ahead += 1000;
    await k.client.putRecords({ StreamName: "reads", Records: records(1, 1_000_000) });
  }
  expect(await read()).toBe(4);
  k.clock.ahead += 500;
  expect(await read()).toBe("ProvisionedThroughputExceededException");
  k.clock.ahead += 2000;
  expect(await read()).toBe(4);
});

test("what is too large or too much is refused as a whole", async () => {
  await newStream(k.client, "sizes");
  const StreamName = "sizes";
  const put = (n: number, bytes: number) => k.client.putRecords({ StreamName, Records: records(n, bytes) });
  await expect(put(501, 1)).rejects.toThrow("Member must have length between 1 and 500");
  await expect(put(1, (1 << 20) + 1)).rejects.toThrow("less than or equal to 1048576");
  await expect(put(6, 1_000_000)).rejects.toThrow("Records size exceeds 5 MB limit");
  await expect(
    k.client.putRecord({ StreamName, Data: Buffer.from("x"), PartitionKey: "k".repeat(257) }),
  ).rejects.toThrow("less than or equal to 256");
  const whole = await k.client.putRecord({ StreamName, Data: Buffer.alloc(1 << 20), PartitionKey: "k".repeat(256) });
  expect(whole.SequenceNumber).toMatch(/^\d{56}$/);
});

test("control-plane calls have their rates, and quotas say which one it is", async () => {
  const described = await Promise.allSettled(
    Array.from({ length: 15 }, () => k.client.describeStream({ StreamName: "sizes" })),
  );
  const reasons = described.filter((d) => d.status === "rejected").map((d) => (d.reason as Error).name);
  expect(new Set(reasons)).toEqual(new Set(["LimitExceededException"]));
  await expect(k.client.createStream({ StreamName: "huge", ShardCount: 501 })).rejects.toThrow(
    /shard limit for the account 000000000000\. Current shard count/,
  );
});

test("calls from inside the stack aren't limited", async () => {
  const { ShardIterator } = await k.stack.stack.call(
    "kinesis",
    "GetShardIterator",
    { StreamName: "sizes", ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" },
    "us-east-1",
  );
  for (let i = 0; i < 20; i++) await k.stack.stack.call("kinesis", "GetRecords", { ShardIterator }, "us-east-1");
});
