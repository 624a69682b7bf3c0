import type { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { describe, expect, it } from "vitest";
import type { Reading } from "../../../src/contract/reading.ts";
import { type ProducerOptions, produce } from "../../../src/simulate/producer/producer.ts";
import { random } from "../../../src/simulate/wind/random.ts";
import { TestClock } from "../../clock.ts";

const readings = (turbines: number, ticks: number): Reading[] =>
  Array.from({ length: turbines * ticks }, (_, i) => ({
    turbineId: `t-${i % turbines}`,
    location: "Oak Ridge",
    speed: i,
    timestamp: new Date(Math.floor(i / turbines) * 1000).toISOString(),
  }));

type Verdict = "ok" | "throttled" | "lost";

/** A stream that takes what `judge` lets through, on a clock that only waiting moves. */
class Stream {
  clock = 0;
  readonly taken: Reading[] = [];
  readonly sizes: number[] = [];
  readonly judge: (reading: Reading, clock: number) => Verdict;

  constructor(judge: Stream["judge"] = () => "ok") {
    this.judge = judge;
  }

  options(rate: number): ProducerOptions {
    const { uniform } = random(1);
    return {
      stream: "WindDataStream",
      rate,
      now: () => this.clock,
      sleep: async (milliseconds) => {
        this.clock += milliseconds;
      },
      random: uniform,
      kinesis: { send: (async (command: PutRecordsCommand) => this.#put(command)) as any },
    };
  }

  #put({ input }: PutRecordsCommand) {
    this.sizes.push(input.Records!.length);
    this.clock += 5;
    const Records = input.Records!.map(({ Data }) => {
      const reading: Reading = JSON.parse(Buffer.from(Data!).toString());
      if (this.judge(reading, this.clock) !== "ok") return { ErrorCode: "ProvisionedThroughputExceededException" };
      this.taken.push(reading);
      return { ShardId: `shardId-${reading.turbineId.length}`, SequenceNumber: "1" };
    });
    return { Records };
  }

  speedsOf(turbineId: string): number[] {
    return this.taken.filter((r) => r.turbineId === turbineId).map((r) => r.speed);
  }
}

const ascending = (numbers: number[]) => numbers.every((n, i) => i === 0 || n > numbers[i - 1]!);

describe("produce", () => {
  it("sends everything once, in order, and counts what was acknowledged", async () => {
    const stream = new Stream();
    const all = readings(7, 300);
    const seen: Reading[] = [];
    const result = await produce(all, { ...stream.options(1000), onAcknowledged: (some) => seen.push(...some) });
    expect(result).toMatchObject({ acknowledged: 2100, resent: 0, interrupted: false });
    expect(stream.taken).toEqual(all);
    expect(seen).toEqual(all);
  });

  it("resends exactly what failed, each turbine's readings in order", async () => {
    const { uniform } = random(7);
    const stream = new Stream(() => (uniform() < 0.3 ? "throttled" : "ok"));
    const all = readings(20, 50);
    const result = await produce(all, stream.options(500));
    expect(result.acknowledged).toBe(1000);
    expect(result.resent).toBeGreaterThan(200);
    expect(stream.taken).toHaveLength(1000);
    for (let t = 0; t < 20; t++) {
      expect(stream.speedsOf(`t-${t}`)).toHaveLength(50);
      expect(ascending(stream.speedsOf(`t-${t}`))).toBe(true);
    }
  });

  it("a shard that refuses everything doesn't hold up the others", async () => {
    // Turbines 10 and up are on another shard.
    const stream = new Stream((r, clock) => (r.turbineId.length > 3 && clock < 3000 ? "throttled" : "ok"));
    await produce(readings(20, 100), stream.options(1000));
    const lastOfOpen = stream.taken.findLastIndex((r) => r.turbineId.length === 3);
    const firstOfBlocked = stream.taken.findIndex((r) => r.turbineId.length > 3);
    expect(firstOfBlocked).toBeGreaterThan(lastOfOpen / 2);
    expect(stream.taken).toHaveLength(2000);
    for (let t = 0; t < 20; t++) expect(ascending(stream.speedsOf(`t-${t}`))).toBe(true);
  });

  it.each([1, 10, 100, 1000])("keeps to %d readings a second", async (rate) => {
    const stream = new Stream();
    const result = await produce(readings(10, rate === 1 ? 1 : rate), stream.options(rate));
    expect(result.acknowledged / (stream.clock / 1000)).toBeGreaterThan(rate * 0.9);
    expect(result.acknowledged / (stream.clock / 1000)).toBeLessThanOrEqual(rate * 1.25);
  });

  it("sends full requests where there's no rate to keep to", async () => {
    const stream = new Stream();
    await produce(readings(3, 400), stream.options(Infinity));
    expect(stream.sizes).toEqual([500, 500, 200]);
  });

  it("never puts two readings of one turbine into a request that may fail in part", async () => {
    const stream = new Stream();
    await produce(readings(4, 100), stream.options(1000));
    expect(Math.max(...stream.sizes)).toBe(4);
  });

  it("ends with the request in hand when it's interrupted", async () => {
    const stream = new Stream();
    const abort = new AbortController();
    const options = { ...stream.options(100), signal: abort.signal };
    const result = await produce(readings(10, 100), {
      ...options,
      onAcknowledged: (_, { acknowledged }) => acknowledged >= 50 && abort.abort(),
    });
    expect(result.interrupted).toBe(true);
    expect(result.acknowledged).toBe(stream.taken.length);
    expect(result.acknowledged).toBeLessThan(100);
  });

  it("sends what a slow source gave, without waiting for its next", async () => {
    const stream = new Stream();
    const clock = new TestClock();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* slow() {
      yield* readings(3, 1);
      await held;
    }
    const done = produce(slow(), {
      ...stream.options(1000),
      now: clock.now,
      sleep: clock.sleep,
      onAcknowledged: () => release(),
    });
    expect((await done).acknowledged).toBe(3);
  });

  it("names the stream that isn't there", async () => {
    const missing = Object.assign(new Error("gone"), { name: "ResourceNotFoundException" });
    const options = { ...new Stream().options(1), kinesis: { send: () => Promise.reject(missing) } as any };
    await expect(produce(readings(1, 1), options)).rejects.toMatchObject({ code: "E_NO_STREAM" });
  });
});
