// tail on 64 shards in one process: what it adds to the poll, and how often it reads. `node scripts/ts.mjs bench/tail.ts [SECONDS]`
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { createClients } from "../src/aws/clients.ts";
import { edge } from "../src/io/clock.ts";
import { registerFanOut } from "../src/operate/tail/fan-out.ts";
import { type TailOptions, tail } from "../src/operate/tail/tail.ts";
import { credentials, kinesisOf, pause, stream } from "./client.ts";
import { figure, median } from "./report.ts";
import { windops } from "./servers.ts";

const seconds = Number(process.argv[2] ?? 15);
const SHARDS = 64;
const POLL = 1000;
const part = "tail";
const server = await windops(undefined, { limits: true });
const kinesis = kinesisOf(server.endpoint);
await stream(kinesis, "wide", SHARDS);
const clients = createClients({ region: "us-east-1", endpoint: server.endpoint, credentials });

async function latencies(push?: TailOptions["push"]): Promise<{ delays: number[]; reads: number }> {
  const abort = new AbortController();
  const delays: number[] = [];
  let reads = 0;
  const options: TailOptions = {
    ...edge(abort.signal),
    kinesis: {
      send: (command: any, ...rest: any[]) => {
        if (command.constructor.name === "GetRecordsCommand") reads++;
        return (kinesis.send as any)(command, ...rest);
      },
    } as TailOptions["kinesis"],
    stream: "wide",
    signal: abort.signal,
    poll: POLL,
    wallClock: Date.now,
    note: (text) => console.error(text),
    start: { type: "LATEST" },
    ...(push && { push }),
  };
  const reading = (async () => {
    for await (const { data } of tail(options)) delays.push(performance.now() - Number(Buffer.from(data).toString()));
  })();
  await pause(3000);
  reads = 0;
  const end = performance.now() + seconds * 1000;
  for (let i = 0; performance.now() < end; i++) {
    const Data = Buffer.from(String(performance.now()));
    await kinesis.putRecord({ StreamName: "wide", PartitionKey: `key-${i}`, Data });
    await pause(20);
  }
  const measured = reads;
  await pause(POLL + 500);
  abort.abort();
  await reading;
  return { delays, reads: measured };
}

const polled = await latencies();
const added = median(polled.delays, 0.99) - POLL;
figure({
  part,
  metric: "64 shards, p99 beyond the poll",
  value: Math.max(0, added),
  unit: "ms",
  target: { atMost: 100 },
});
figure({
  part,
  metric: "64 shards, reads a second and shard",
  value: polled.reads / seconds / SHARDS,
  unit: "",
  target: { atMost: 1.05 },
});
const isAlive = () => true;
const fanOut = await registerFanOut({
  ...edge(new AbortController().signal),
  kinesis,
  stream: "wide",
  folder: mkdtempSync(`${tmpdir()}/bench-`),
  pid: process.pid,
  isAlive,
  note: () => {},
});
const pushed = await latencies({ client: await clients.kinesisPush(), consumerArn: fanOut.consumerArn });
await fanOut.end();
figure({ part, metric: "64 shards, --efo, median", value: median(pushed.delays), unit: "ms" });
figure({
  part,
  metric: "64 shards, --efo, p99",
  value: median(pushed.delays, 0.99),
  unit: "ms",
  target: { atMost: 100 },
});
clients.destroy();
kinesis.destroy();
await server.stop();
process.exit();
