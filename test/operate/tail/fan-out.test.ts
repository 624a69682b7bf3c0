import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeStreamSummaryCommand,
  ListStreamConsumersCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
} from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createClients, LOCAL_CREDENTIALS } from "../../../src/aws/clients.ts";
import { edge } from "../../../src/io/clock.ts";
import { type FanOutOptions, registerFanOut } from "../../../src/operate/tail/fan-out.ts";
import { type TailOptions, tail } from "../../../src/operate/tail/tail.ts";
import { type Clients, clients, put, stream, until } from "../../local/pipeline-fixture.ts";
import { temporaryStack } from "../../local/stack-fixture.ts";

let stack: Awaited<ReturnType<typeof temporaryStack>>;
let c: Clients;
let mine: ReturnType<typeof createClients>;
const folder = mkdtempSync(join(tmpdir(), "windops-efo-"));
beforeAll(async () => {
  stack = await temporaryStack({ limits: false });
  c = clients(stack.endpoint);
  mine = createClients({ region: "us-east-1", endpoint: stack.endpoint, credentials: LOCAL_CREDENTIALS });
});
afterAll(async () => {
  mine.destroy();
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

const registering = (name: string, more: Partial<FanOutOptions> = {}): FanOutOptions => ({
  ...edge(new AbortController().signal),
  kinesis: c.kinesis,
  stream: name,
  folder,
  pid: 1,
  isAlive: () => true,
  note: () => {},
  ...more,
});

async function follow(name: string, start: TailOptions["start"], push: TailOptions["push"]) {
  const abort = new AbortController();
  const texts: string[] = [];
  const options: TailOptions = {
    ...edge(abort.signal),
    // Nothing is polled.
    kinesis: {
      send: (command: any, ...rest: any[]) => {
        expect(command.constructor.name).not.toMatch(/GetRecords|GetShardIterator/);
        return (c.kinesis.send as any)(command, ...rest);
      },
    } as TailOptions["kinesis"],
    stream: name,
    signal: abort.signal,
    poll: 20,
    wallClock: Date.now,
    note: () => {},
    start,
    ...(push && { push }),
  };
  const done = (async () => {
    for await (const { data } of tail(options)) texts.push(Buffer.from(data).toString());
  })();
  const stop = () => {
    abort.abort();
    return done;
  };
  return { texts, stop };
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `t${(from + i) % 8}:${String(from + i).padStart(4, "0")}`);

function expectEachInOrder(texts: string[], all: string[]) {
  expect(texts.toSorted()).toEqual(all.toSorted());
  for (let t = 0; t < 8; t++) {
    const one = texts.filter((text) => text.startsWith(`t${t}:`));
    expect(one).toEqual(one.toSorted());
  }
}

async function active(StreamName: string) {
  const { StreamDescriptionSummary } = await c.kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
  return StreamDescriptionSummary?.StreamStatus === "ACTIVE" && StreamDescriptionSummary;
}

async function consumers(name: string) {
  const { StreamARN } = await until(() => active(name), "active");
  const { Consumers } = await c.kinesis.send(new ListStreamConsumersCommand({ StreamARN }));
  return Consumers!.filter(({ ConsumerStatus }) => ConsumerStatus !== "DELETING").map((one) => one.ConsumerName);
}

it("is pushed every record once, across resharding, and goes on where a subscription ends", async () => {
  await stream(c, "pushed", 2);
  await put(c, "pushed", numbered(0, 40));
  const fanOut = await registerFanOut(registering("pushed"));
  const client = await mine.kinesisPush();
  let subscriptions = 0;
  // Subscriptions last five minutes; here the first ones one event.
  const short = {
    send: async (command: any, ...rest: any[]) => {
      const answer = await (client.send as any)(command, ...rest);
      // What the other side hasn't noticed the end of it gives up after five seconds only: of each shard one.
      const most = subscriptions++ < 2 ? 1 : Infinity;
      return {
        ...answer,
        EventStream: (async function* () {
          let events = 0;
          for await (const event of answer.EventStream) {
            yield event;
            if (++events === most) return;
          }
        })(),
      };
    },
  } as NonNullable<TailOptions["push"]>["client"];
  const reader = await follow("pushed", { type: "TRIM_HORIZON" }, { client: short, consumerArn: fanOut.consumerArn });
  await until(() => reader.texts.length >= 40, "40 records");
  await c.kinesis.send(
    new SplitShardCommand({
      StreamName: "pushed",
      ShardToSplit: "shardId-000000000000",
      NewStartingHashKey: `${2n ** 126n}`,
    }),
  );
  await until(() => active("pushed"), "active");
  await put(c, "pushed", numbered(40, 80));
  await until(() => reader.texts.length >= 80, "80 records");
  await c.kinesis.send(
    new UpdateShardCountCommand({ StreamName: "pushed", TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" }),
  );
  await until(() => active("pushed"), "active again");
  await put(c, "pushed", numbered(80, 120));
  await until(() => reader.texts.length >= 120, "120 records");
  await reader.stop();
  expectEachInOrder(reader.texts, numbered(0, 120));
  expect(subscriptions).toBeGreaterThan(5);
  expect(await consumers("pushed")).toEqual([fanOut.name]);
  await fanOut.end();
  expect(await consumers("pushed")).toEqual([]);
}, 60_000);

it("from now on: nothing from before, all from after, over a call that fails", async () => {
  await stream(c, "later");
  await put(c, "later", numbered(0, 8));
  const fanOut = await registerFanOut(registering("later"));
  const client = await mine.kinesisPush();
  let calls = 0;
  const failing = {
    send: async (command: any, ...rest: any[]) => {
      const answer = await (client.send as any)(command, ...rest);
      if (++calls > 1) return answer;
      return {
        ...answer,
        // biome-ignore lint/correctness/useYield: it fails before its first event.
        EventStream: (async function* () {
          await put(c, "later", numbered(8, 12));
          throw Object.assign(new Error("reset"), { name: "ECONNRESET" });
        })(),
      };
    },
  } as NonNullable<TailOptions["push"]>["client"];
  const reader = await follow("later", { type: "LATEST" }, { client: failing, consumerArn: fanOut.consumerArn });
  await until(() => calls > 1, "the second subscription", 30);
  await put(c, "later", numbered(12, 24));
  await until(() => reader.texts.length >= 16, "16 records", 30);
  await reader.stop();
  expectEachInOrder(reader.texts, numbered(8, 24));
  await fanOut.end();
}, 60_000);

it("takes over what a killed run of this machine has left, and nobody else's", async () => {
  await stream(c, "left");
  const notes: string[] = [];
  const killed = await registerFanOut(registering("left", { pid: 7 }));
  const others = await registerFanOut(registering("left", { folder: join(folder, "elsewhere"), pid: 7 }));
  const running = await registerFanOut(registering("left", { pid: 8 }));
  expect(new Set([killed.name, others.name, running.name]).size).toBe(3);
  const next = await registerFanOut(
    registering("left", { pid: 9, isAlive: (pid) => pid !== 7, note: (text) => notes.push(text) }),
  );
  expect(next.name).toBe(killed.name);
  expect(notes).toEqual([`Using ${killed.name}, which a run that was killed has left registered.`]);
  await next.end();
  expect((await consumers("left")).toSorted()).toEqual([others.name, running.name].toSorted());
  // Already gone: no error.
  await running.end();
  await running.end();
});

it("names the stream that isn't there, and the limit of consumers", async () => {
  await expect(registerFanOut(registering("nope"))).rejects.toMatchObject({ code: "E_NO_STREAM" });
  await stream(c, "crowded");
  const full = {
    send: (command: any, ...rest: any[]) => {
      if (command.constructor.name !== "RegisterStreamConsumerCommand")
        return (c.kinesis.send as any)(command, ...rest);
      return Promise.reject(Object.assign(new Error("already has 20"), { name: "LimitExceededException" }));
    },
  } as FanOutOptions["kinesis"];
  await expect(registerFanOut(registering("crowded", { kinesis: full }))).rejects.toMatchObject({
    code: "E_CONSUMERS",
  });
});
