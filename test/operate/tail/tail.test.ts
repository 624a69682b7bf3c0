import { MergeShardsCommand, SplitShardCommand, UpdateShardCountCommand } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { edge } from "../../../src/io/clock.ts";
import { type TailOptions, tail } from "../../../src/operate/tail/tail.ts";
import { type Clients, clients, put, stream, until } from "../../local/pipeline-fixture.ts";
import { temporaryStack } from "../../local/stack-fixture.ts";

let stack: Awaited<ReturnType<typeof temporaryStack>>;
let c: Clients;
beforeAll(async () => {
  stack = await temporaryStack({ limits: false });
  c = clients(stack.endpoint);
});
afterAll(() => stack.close());

/** Follows a stream in the background; `texts` grows. */
function follow(name: string, start: TailOptions["start"], more: Partial<TailOptions> = {}) {
  const abort = new AbortController();
  const texts: string[] = [];
  const notes: string[] = [];
  const options: TailOptions = {
    ...edge(abort.signal),
    kinesis: c.kinesis,
    stream: name,
    signal: abort.signal,
    poll: 20,
    wallClock: Date.now,
    note: (text) => notes.push(text),
    start,
    ...more,
  };
  const done = (async () => {
    for await (const { data } of tail(options)) texts.push(Buffer.from(data).toString());
  })();
  const stop = () => {
    abort.abort();
    return done;
  };
  return { texts, notes, stop };
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `t${(from + i) % 8}:${String(from + i).padStart(4, "0")}`);

function expectEachInOrder(texts: string[], all: string[]) {
  expect(texts.toSorted()).toEqual(all.toSorted());
  for (let t = 0; t < 8; t++) {
    const mine = texts.filter((text) => text.startsWith(`t${t}:`));
    expect(mine).toEqual(mine.toSorted());
  }
}

it("reads every record once, in order by key, while the stream is split, merged and scaled", async () => {
  await stream(c, "reshard");
  await put(c, "reshard", numbered(0, 40));
  const reader = follow("reshard", { type: "TRIM_HORIZON" });
  const settled = () => until(() => active("reshard"), "active");
  await c.kinesis.send(
    new SplitShardCommand({
      StreamName: "reshard",
      ShardToSplit: "shardId-000000000000",
      NewStartingHashKey: `${2n ** 127n}`,
    }),
  );
  await settled();
  await put(c, "reshard", numbered(40, 80));
  await c.kinesis.send(
    new MergeShardsCommand({
      StreamName: "reshard",
      ShardToMerge: "shardId-000000000001",
      AdjacentShardToMerge: "shardId-000000000002",
    }),
  );
  await settled();
  await put(c, "reshard", numbered(80, 120));
  await c.kinesis.send(
    new UpdateShardCountCommand({ StreamName: "reshard", TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" }),
  );
  await settled();
  await put(c, "reshard", numbered(120, 160));
  await until(() => reader.texts.length >= 160, "160 records");
  await reader.stop();
  expectEachInOrder(reader.texts, numbered(0, 160));
  // From its beginning, now that the shards' family tree is three generations deep.
  const again = follow("reshard", { type: "AT_TIMESTAMP", at: new Date(0) });
  await until(() => again.texts.length >= 160, "160 records again");
  await again.stop();
  expectEachInOrder(again.texts, numbered(0, 160));
});

async function active(StreamName: string) {
  const { DescribeStreamSummaryCommand } = await import("@aws-sdk/client-kinesis");
  const { StreamDescriptionSummary } = await c.kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
  return StreamDescriptionSummary?.StreamStatus === "ACTIVE";
}

it("from now on: nothing from before, all from after, also in children that a reshard makes", async () => {
  await stream(c, "latest");
  await put(c, "latest", numbered(0, 8));
  let opened = 0;
  const kinesis = {
    send: async (command: any, ...rest: any[]) => {
      const answer = await (c.kinesis.send as any)(command, ...rest);
      if (command.constructor.name === "GetShardIteratorCommand") opened++;
      return answer;
    },
  } as TailOptions["kinesis"];
  const reader = follow("latest", { type: "LATEST" }, { kinesis });
  await until(() => opened > 0, "the iterator");
  await put(c, "latest", numbered(8, 16));
  await c.kinesis.send(
    new SplitShardCommand({
      StreamName: "latest",
      ShardToSplit: "shardId-000000000000",
      NewStartingHashKey: `${2n ** 127n}`,
    }),
  );
  await until(() => active("latest"), "active");
  await put(c, "latest", numbered(16, 32));
  await until(() => reader.texts.length >= 24, "24 records");
  await reader.stop();
  expectEachInOrder(reader.texts, numbered(8, 32));
});

it("goes on over expired iterators, throttling and a stream that can't be reached", async () => {
  await stream(c, "faults");
  await put(c, "faults", numbered(0, 16));
  const faults = [
    "ProvisionedThroughputExceededException",
    "ExpiredIteratorException",
    "ECONNREFUSED",
    "TimeoutError",
    "InternalFailure",
  ];
  let reads = 0;
  const kinesis = {
    send: (command: any, ...rest: any[]) => {
      if (command.constructor.name === "GetRecordsCommand" && ++reads % 2 === 0 && faults.length > 0) {
        return Promise.reject(Object.assign(new Error("fault"), { name: faults.shift() }));
      }
      return (c.kinesis.send as any)(command, ...rest);
    },
  } as TailOptions["kinesis"];
  const abort = new AbortController();
  const quick = { ...edge(abort.signal), sleep: () => new Promise<void>((done) => setTimeout(done, 5)) };
  const reader = follow("faults", { type: "TRIM_HORIZON" }, { ...quick, kinesis });
  for (let i = 16; i < 80; i += 16) {
    await put(c, "faults", numbered(i, i + 16));
    await until(() => reader.texts.length >= i + 16, `${i + 16} records`);
  }
  await until(() => faults.length === 0, "all faults");
  await put(c, "faults", numbered(80, 96));
  await until(() => reader.texts.length >= 96, "96 records");
  await reader.stop();
  expectEachInOrder(reader.texts, numbered(0, 96));
});

it("says what it skipped when the stream didn't keep it", async () => {
  await stream(c, "gap");
  await put(c, "gap", numbered(0, 1));
  let expire = false;
  const kinesis = {
    send: (command: any, ...rest: any[]) => {
      if (expire && command.constructor.name === "GetRecordsCommand") {
        expire = false;
        return Promise.reject(Object.assign(new Error("old"), { name: "ExpiredIteratorException" }));
      }
      return (c.kinesis.send as any)(command, ...rest);
    },
  } as TailOptions["kinesis"];
  let clock = Date.now();
  const reader = follow("gap", { type: "TRIM_HORIZON" }, { kinesis, wallClock: () => clock });
  await until(() => reader.texts.length === 1, "a record");
  clock += 30 * 3_600_000;
  expire = true;
  await until(() => reader.notes.length > 0, "a note");
  await reader.stop();
  expect(reader.notes[0]).toMatch(/^shardId-000000000000: the stream no longer keeps what came between .* skipped\.$/);
});

it("reads 64 shards in one process, each once a period, and without Node's warning of a leak", async () => {
  await stream(c, "wide", 64);
  const warnings: string[] = [];
  const warn = (warning: Error) => warnings.push(warning.name);
  process.on("warning", warn);
  const reads = new Map<string, number[]>();
  let clock = 0;
  const kinesis = {
    send: async (command: any, ...rest: any[]) => {
      const { ShardIterator } = command.input;
      if (command.constructor.name === "GetShardIteratorCommand") {
        const answer = await (c.kinesis.send as any)(command, ...rest);
        return { ShardIterator: `${command.input.ShardId} ${answer.ShardIterator}` };
      }
      if (command.constructor.name !== "GetRecordsCommand") return (c.kinesis.send as any)(command, ...rest);
      const [shard, iterator] = ShardIterator.split(" ");
      reads.set(shard, [...(reads.get(shard) ?? []), clock]);
      command.input.ShardIterator = iterator;
      const answer = await (c.kinesis.send as any)(command, ...rest);
      return { ...answer, NextShardIterator: `${shard} ${answer.NextShardIterator}` };
    },
  } as TailOptions["kinesis"];
  // A clock that only sleep moves, for all shards alike.
  const sleep = (milliseconds: number) => {
    const due = clock + milliseconds;
    return new Promise<void>((done) =>
      setTimeout(() => {
        clock = Math.max(clock, due);
        done();
      }, milliseconds / 20),
    );
  };
  const reader = follow("wide", { type: "TRIM_HORIZON" }, { kinesis, poll: 1000, sleep, now: () => clock });
  const sent = Array.from({ length: 200 }, (_, i) => `t${i}`);
  await put(c, "wide", sent);
  await until(() => reader.texts.length === 200 && [...reads.values()].every((times) => times.length > 3), "all read");
  await reader.stop();
  process.off("warning", warn);
  expect(reader.texts.toSorted()).toEqual(sent.toSorted());
  expect(reads.size).toBe(64);
  const gaps = [...reads.values()].flatMap((times) => times.slice(1).map((at, i) => at - times[i]!));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(250);
  expect(warnings).not.toContain("MaxListenersExceededWarning");
});

it("names the stream that isn't there", async () => {
  await expect(follow("nope", { type: "LATEST" }).stop()).rejects.toMatchObject({ code: "E_NO_STREAM" });
});
