import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DETECTOR_DEFAULTS } from "../../../../../src/detect/detector.ts";
import type { Stack } from "../../../../../src/local/service.ts";
import {
  CheckpointWriter,
  checkpointIds,
  checkpointPath,
  readCheckpoint,
} from "../../../../../src/local/services/kinesisanalytics/engines/embedded/checkpoint.ts";
import type { Reading } from "../../../../../src/local/services/kinesisanalytics/engines/embedded/reading.ts";
import {
  type SavedTurbine,
  Turbines,
} from "../../../../../src/local/services/kinesisanalytics/engines/embedded/turbines.ts";
import { StreamWriter } from "../../../../../src/local/services/kinesisanalytics/engines/embedded/writer.ts";
import { temporaryFolder } from "../../../stack-fixture.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const position = { streamCreatedAt: 5, startAt: undefined, positions: { s: { sequenceNumber: "9" } } };
const turbine = (id: string, byte: number): SavedTurbine => ({
  id,
  lastSeen: 1,
  warmup: 0.5,
  state: new Uint8Array(1000).fill(byte),
});

async function written(id: number): Promise<string> {
  const path = checkpointPath(folder, id);
  const writer = await CheckpointWriter.create(path);
  writer.add(turbine("a", 1));
  writer.add(turbine("b", 2));
  await writer.commit(position);
  return path;
}

describe("a checkpoint", () => {
  it("is read back as it was written", async () => {
    const { state, turbines } = await readCheckpoint(await written(1));
    expect(state).toEqual({ streamCreatedAt: 5, positions: position.positions });
    expect(turbines).toEqual([turbine("a", 1), turbine("b", 2)]);
  });

  it("that is damaged anywhere, or cut off, is refused", async () => {
    const path = await written(1);
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 97) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1;
      writeFileSync(path, damaged);
      await expect(readCheckpoint(path)).rejects.toThrow(/no checkpoint|is damaged/);
      writeFileSync(path, whole.subarray(0, at));
      await expect(readCheckpoint(path)).rejects.toThrow(/no checkpoint|is damaged/);
    }
  });

  it("that was never finished isn't there", async () => {
    await written(3);
    const writer = await CheckpointWriter.create(checkpointPath(folder, 4));
    writer.add(turbine("a", 1));
    expect(await checkpointIds(folder)).toEqual([3]);
    await writer.abandon();
    expect(readdirSync(folder)).toHaveLength(1);
    expect(existsSync(checkpointPath(folder, 4))).toBe(false);
  });
});

const options = { ...DETECTOR_DEFAULTS, numberOfTrees: 20, sampleSize: 64 };
const reading = (turbineId: string, speed: number): Reading => ({
  turbineId,
  location: undefined,
  speed,
  timestamp: "2026-11-23T10:00:00.000Z",
  more: [],
});

describe("the turbines' state", () => {
  it("is that of one moment, while readings go on", async () => {
    const turbines = new Turbines(options, () => {});
    const ids = ["a", "b", "c", "d"];
    for (let i = 0; i < 200; i++) for (const id of ids) turbines.next(reading(id, 9 + Math.sin(i)), i);
    const saved: SavedTurbine[] = [];
    let turns = 0;
    const saving = turbines.save(
      (one) => saved.push(one),
      async () => {
        // Between any two turbines every turbine gets a reading.
        turns++;
        for (const id of ids) turbines.next(reading(id, 30), 1000);
        await nextTurn();
      },
    );
    await saving;
    expect(turns).toBeGreaterThan(0);
    expect(saved.map(({ id }) => id).sort()).toEqual(ids);
    const restored = new Turbines(options, () => {});
    for (const one of saved) restored.restore(one);
    const reference = new Turbines(options, () => {});
    for (let i = 0; i < 200; i++) for (const id of ids) reference.next(reading(id, 9 + Math.sin(i)), i);
    for (const id of ids) expect(restored.next(reading(id, 12), 0)).toEqual(reference.next(reading(id, 12), 0));
  });

  it("of another version or other parameters warms up anew, and says so", () => {
    const old = new Turbines(options, () => {});
    for (let i = 0; i < 100; i++) old.next(reading("a", 9), i);
    const states: SavedTurbine[] = [];
    void old.save((one) => states.push(one), nextTurn);
    const said: string[] = [];
    const other = new Turbines({ ...options, sampleSize: 128 }, (message) => said.push(message));
    other.restore(states[0]!);
    other.restore({ ...states[0]!, id: "b", state: new Uint8Array(64) });
    expect([other.next(reading("a", 9), 0).warmup, other.next(reading("b", 9), 0).warmup]).toEqual([1 / 32, 1 / 32]);
    expect(said).toEqual([expect.stringContaining("a warms up anew"), expect.stringContaining("b warms up anew")]);
  });

  it("forgets who is silent for long", () => {
    const turbines = new Turbines(options, () => {});
    turbines.next(reading("silent", 9), 100);
    turbines.next(reading("alive", 9), 900);
    turbines.expire(500);
    expect(turbines.expired).toBe(1);
    expect(Object.keys(turbines.warmUp())).toEqual(["alive"]);
  });
});

describe("the writer", () => {
  /** A stream that refuses and fails as the pattern says, and keeps what it took. */
  function faulty(pattern: (call: number, record: number) => "ok" | "refused" | "thrown") {
    const taken: string[] = [];
    let call = 0;
    const stack = {
      call: async (_service: string, _operation: string, input: any) => {
        call++;
        if (pattern(call, 0) === "thrown") throw new Error("no such stream");
        const Records = input.Records.map(({ Data }: any, i: number) => {
          if (pattern(call, i) !== "ok")
            return { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: "slow down" };
          taken.push(Buffer.from(Data).toString());
          return { SequenceNumber: "1" };
        });
        return { Records };
      },
    } as unknown as Stack;
    return { stack, taken };
  }

  it.each([
    ["nothing fails", () => "ok" as const],
    [
      "every other record fails at first",
      (call: number, i: number) => (call % 2 === 1 && i % 2 === 0 ? "refused" : "ok") as "ok" | "refused",
    ],
    ["whole calls fail", (call: number) => (call % 3 === 0 ? "thrown" : "ok") as "ok" | "thrown"],
  ])("puts every record once, in order by key, when %s", async (_, pattern) => {
    const { stack, taken } = faulty(pattern);
    const stop = new AbortController();
    const writer = new StreamWriter({
      stack,
      streamName: "out",
      region: "us-east-1",
      signal: stop.signal,
      log: () => {},
    });
    const keys = ["a", "b", "c"];
    for (let i = 0; i < 10; i++) for (const key of keys) writer.add(key, Buffer.from(`${key}:${i}`));
    expect(await writer.flushed()).toBe(true);
    expect(writer.written).toBe(30);
    for (const key of keys) {
      expect(taken.filter((text) => text.startsWith(key))).toEqual(Array.from({ length: 10 }, (_, i) => `${key}:${i}`));
    }
  });

  it("says what it couldn't put when it is stopped", async () => {
    const { stack } = faulty(() => "thrown");
    const stop = new AbortController();
    const writer = new StreamWriter({
      stack,
      streamName: "out",
      region: "us-east-1",
      signal: stop.signal,
      log: () => stop.abort(),
    });
    writer.add("a", Buffer.from("x"));
    expect(await writer.flushed()).toBe(false);
  });
});
