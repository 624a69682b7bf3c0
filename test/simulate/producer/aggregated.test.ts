import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  UpdateShardCountCommand,
} from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Reading } from "../../../src/contract/reading.ts";
import { edge } from "../../../src/io/clock.ts";
import { userRecords } from "../../../src/kinesis-format/aggregated-record.ts";
import { tail } from "../../../src/operate/tail/tail.ts";
import { type ProducerOptions, produce } from "../../../src/simulate/producer/producer.ts";
import { type Clients, clients, stream, until } from "../../local/pipeline-fixture.ts";
import { temporaryStack } from "../../local/stack-fixture.ts";

let stack: Awaited<ReturnType<typeof temporaryStack>>;
let c: Clients;
beforeAll(async () => {
  stack = await temporaryStack({ limits: false });
  c = clients(stack.endpoint);
});
afterAll(() => stack.close());

const readings = (turbines: number, ticks: number): Reading[] =>
  Array.from({ length: turbines * ticks }, (_, i) => ({
    turbineId: `oak-ridge-${i % turbines}`,
    location: "Oak Ridge",
    speed: i,
    timestamp: new Date(Math.floor(i / turbines) * 1000).toISOString(),
  }));

const options = (name: string, more: Partial<ProducerOptions> = {}): ProducerOptions => ({
  ...edge(new AbortController().signal),
  kinesis: c.kinesis,
  stream: name,
  rate: 1_000_000,
  aggregate: true,
  ...more,
});

/** What `tail` makes of all that is in the stream. */
async function all(name: string, count: number): Promise<Reading[]> {
  const abort = new AbortController();
  const found: Reading[] = [];
  const records = tail({
    ...edge(abort.signal),
    kinesis: c.kinesis,
    stream: name,
    signal: abort.signal,
    poll: 20,
    wallClock: Date.now,
    note: () => {},
    start: { type: "TRIM_HORIZON" },
  });
  for await (const { data } of records) {
    found.push(JSON.parse(Buffer.from(data).toString()));
    if (found.length === count) break;
  }
  return found;
}

/** The records themselves, by shard. */
async function records(name: string): Promise<Map<string, { key: string; data: Uint8Array }[]>> {
  const found = new Map<string, { key: string; data: Uint8Array }[]>();
  const { Shards = [] } = await c.kinesis.send(new ListShardsCommand({ StreamName: name }));
  for (const { ShardId } of Shards) {
    const at = { StreamName: name, ShardId, ShardIteratorType: "TRIM_HORIZON" as const };
    const { ShardIterator } = await c.kinesis.send(new GetShardIteratorCommand(at));
    const { Records = [] } = await c.kinesis.send(new GetRecordsCommand({ ShardIterator }));
    found.set(
      ShardId!,
      Records.map(({ PartitionKey, Data }) => ({ key: PartitionKey!, data: Data! })),
    );
  }
  return found;
}

function expectOnceAndInOrder(found: Reading[], sent: Reading[]) {
  const byTurbine = (list: Reading[]) => {
    const turbines = new Map<string, number[]>();
    for (const { turbineId, speed } of list) turbines.set(turbineId, [...(turbines.get(turbineId) ?? []), speed]);
    return new Map([...turbines].sort());
  };
  expect(byTurbine(found)).toEqual(byTurbine(sent));
}

it("puts many readings in a record, each in its turbine's shard, and tail reads them as single ones", async () => {
  await stream(c, "many", 4);
  const sent = readings(40, 100);
  const counts = await produce(sent, options("many"));
  expect(counts).toMatchObject({ acknowledged: 4000, resent: 0, interrupted: false });
  const shards = await records("many");
  const sizes = [...shards.values()].flat().map(({ data }) => userRecords(data)!.length);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(4000);
  // 50 KiB hold several hundred; the ends of the run are smaller.
  expect(Math.max(...sizes)).toBeGreaterThan(300);
  expect([...shards.values()].every((list) => list.length > 0)).toBe(true);
  for (const { data } of [...shards.values()].flat()) expect(data.length).toBeLessThanOrEqual(51_200);
  expectOnceAndInOrder(await all("many", 4000), sent);
});

it("sends again what a reshard has put into the wrong shard: each reading is read once", async () => {
  await stream(c, "moved", 1);
  const sent = readings(30, 60);
  let requests = 0;
  const kinesis = {
    send: async (command: any, ...rest: any[]) => {
      // Behind the producer's back, between its look at the shards and its request: one shard becomes three.
      if (command.constructor.name === "PutRecordsCommand" && ++requests === 2) {
        const change = { StreamName: "moved", TargetShardCount: 3, ScalingType: "UNIFORM_SCALING" as const };
        await c.kinesis.send(new UpdateShardCountCommand({ ...change, TargetShardCount: 2 }));
        await until(() => active("moved"), "two shards");
        await c.kinesis.send(new UpdateShardCountCommand(change));
        await until(() => active("moved"), "three shards");
      }
      return (c.kinesis.send as any)(command, ...rest);
    },
  } as ProducerOptions["kinesis"];
  const counts = await produce(sent, options("moved", { kinesis, rate: 20_000 }));
  expect(counts.acknowledged).toBe(1800);
  expect(counts.resent).toBeGreaterThan(0);
  expectOnceAndInOrder(await all("moved", 1800), sent);
  // They do lie there twice: the readers leave out what isn't their shard's.
  const parts = [...(await records("moved")).values()]
    .flat()
    .flatMap(({ data }) => userRecords(data)?.map((part) => part.data) ?? [data]);
  expect(parts).toHaveLength(1800 + counts.resent);
});

async function active(StreamName: string) {
  const { StreamDescriptionSummary } = await c.kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
  return StreamDescriptionSummary?.StreamStatus === "ACTIVE";
}

it("a reading alone goes as it is", async () => {
  await stream(c, "single", 2);
  await produce(readings(1, 1), options("single"));
  const [record] = [...(await records("single")).values()].flat();
  expect(record!.key).toBe("oak-ridge-0");
  expect(JSON.parse(Buffer.from(record!.data).toString())).toMatchObject({ turbineId: "oak-ridge-0", speed: 0 });
});

it("resends whole records that a shard refused, in order", async () => {
  await stream(c, "refused", 2);
  let requests = 0;
  const kinesis = {
    send: async (command: any, ...rest: any[]) => {
      if (command.constructor.name !== "PutRecordsCommand" || ++requests % 3 !== 0) {
        return (c.kinesis.send as any)(command, ...rest);
      }
      const [first, ...others] = command.input.Records;
      const refused = { ErrorCode: "ProvisionedThroughputExceededException" };
      if (others.length === 0) return { FailedRecordCount: 1, Records: [refused] };
      const { PutRecordsCommand } = await import("@aws-sdk/client-kinesis");
      const answer = await c.kinesis.send(new PutRecordsCommand({ StreamName: "refused", Records: others }));
      expect(first.Data).toBeDefined();
      return { FailedRecordCount: 1, Records: [refused, ...answer.Records!] };
    },
  } as ProducerOptions["kinesis"];
  const quick = {
    ...edge(new AbortController().signal),
    sleep: () => new Promise<void>((done) => setTimeout(done, 2)),
  };
  const sent = readings(20, 100);
  const counts = await produce(sent, options("refused", { ...quick, kinesis, rate: 40_000 }));
  expect(counts.acknowledged).toBe(2000);
  expect(counts.resent).toBeGreaterThan(0);
  expectOnceAndInOrder(await all("refused", 2000), sent);
});

it("names the stream that isn't there", async () => {
  await expect(produce(readings(1, 1), options("nope"))).rejects.toMatchObject({ code: "E_NO_STREAM" });
});
