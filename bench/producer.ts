// The producer against a bare loop of prepared batches and against one PutRecord a reading, in turn in one run; then on one shard
// with its limits on. `node scripts/ts.mjs bench/producer.ts [ROUNDS] [SECONDS]`
import { kinesisOf, stream } from "./client.ts";
import { figure, median } from "./report.ts";
import { windops } from "./servers.ts";
import { simulated } from "./simulated.ts";

const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 4);
const part = "producing";
const batch = Array.from({ length: 500 }, (_, i) => ({
  PartitionKey: `oak-ridge-${i % 40}`,
  Data: Buffer.from(
    JSON.stringify({
      turbineId: `oak-ridge-${i % 40}`,
      location: "Oak Ridge",
      speed: 9.12,
      timestamp: "2026-11-23T10:00:00.000Z",
    }),
  ),
}));

async function looped(send: () => Promise<number>): Promise<number> {
  const began = performance.now();
  let sent = 0;
  while (performance.now() - began < seconds * 1000) sent += await send();
  return sent / ((performance.now() - began) / 1000);
}

async function free(): Promise<void> {
  const server = await windops();
  const kinesis = kinesisOf(server.endpoint);
  await stream(kinesis, "bench");
  const rates = { ours: [] as number[], bare: [] as number[], single: [] as number[], aggregated: [] as number[] };
  for (let i = 0; i < rounds; i++) {
    rates.bare.push(
      await looped(async () => (await kinesis.putRecords({ StreamName: "bench", Records: batch })).Records!.length),
    );
    rates.ours.push((await simulated(kinesis, "bench", seconds)).rate);
    rates.single.push(
      await looped(async () => {
        await kinesis.putRecord({ StreamName: "bench", ...batch[0]! });
        return 1;
      }),
    );
    rates.aggregated.push((await simulated(kinesis, "bench", seconds, {}, { aggregate: true })).rate);
  }
  const [ours, bare, single] = [rates.ours, rates.bare, rates.single].map((all) => median(all)) as [
    number,
    number,
    number,
  ];
  figure({ part, metric: "simulate --rate max, limits off", value: ours, unit: "readings/s" });
  figure({
    part,
    metric: "against a bare loop of prepared batches",
    value: ours / bare,
    unit: "×",
    target: { atLeast: 0.8 },
    limit: "making and encoding the readings shares the core with the SDK's signing and the loop has neither",
  });
  figure({ part, metric: "against one PutRecord a reading", value: ours / single, unit: "×", target: { atLeast: 5 } });
  figure({
    part,
    metric: "--aggregate against --rate max, limits off",
    value: median(rates.aggregated) / ours,
    unit: "×",
  });
  kinesis.destroy();
  await server.stop();
}

async function limited(): Promise<void> {
  const server = await windops(undefined, { limits: true });
  const kinesis = kinesisOf(server.endpoint);
  for (const name of ["paced", "full", "packed"]) await stream(kinesis, name);
  const paced = await simulated(
    kinesis,
    "paced",
    seconds,
    { rate: 1000, duration: seconds * 3000 },
    { signal: undefined },
  );
  figure({
    part,
    metric: "--rate 1000 on one shard, off by",
    value: Math.abs(paced.acknowledged / paced.elapsed / 1000 - 1) * 100,
    unit: "%",
    target: { atMost: 1 },
  });
  figure({
    part,
    metric: "--rate 1000 on one shard, refused",
    value: paced.resent,
    unit: "records",
    target: { atMost: 0 },
  });
  const full = await simulated(kinesis, "full", seconds);
  // The shard's second in hand at the start counts.
  figure({
    part,
    metric: "--rate max on one shard, of its records",
    value: (100 * full.acknowledged) / (1000 * (full.elapsed + 1)),
    unit: "%",
    target: { atLeast: 95 },
  });
  const packed = await simulated(kinesis, "packed", seconds, {}, { aggregate: true });
  figure({
    part,
    metric: "--aggregate on one shard, readings against records",
    value: packed.rate / full.rate,
    unit: "×",
    target: { atLeast: 10 },
    limit: "a shard's 1 MiB a second: a reading is 105 bytes and 6 of the format, so 9.4 times is all that fits",
  });
  figure({ part, metric: "--aggregate on one shard", value: packed.rate, unit: "readings/s" });
  kinesis.destroy();
  await server.stop();
}

await free();
await limited();
