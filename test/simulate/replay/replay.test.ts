import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reading } from "../../../src/contract/reading.ts";
import { numberOf, type Timed, timeOf } from "../../../src/io/rows/readings.ts";
import { type ReplayOptions, replay } from "../../../src/simulate/replay/replay.ts";
import { sorted } from "../../../src/simulate/replay/sort-readings.ts";
import { TestClock } from "../../clock.ts";

const folder = mkdtempSync(join(tmpdir(), "replay-"));
process.env.TMPDIR = folder;
let files = 0;
const file = (text: string): string => {
  const path = join(folder, `${files++}.csv`);
  writeFileSync(path, text);
  return path;
};

/** Replays to a stream that takes everything; time passes only by waiting. */
async function sent(path: string, columns: Partial<ReplayOptions["columns"]>, more: Partial<ReplayOptions> = {}) {
  const taken: (Reading & { at: number })[] = [];
  const clock = new TestClock();
  const outcome = await replay({
    files: [path],
    columns: { time: "t", speed: "v", turbine: "id", ...columns },
    stream: "s",
    rate: 900,
    now: clock.now,
    sleep: clock.sleep,
    random: () => 0.5,
    kinesis: {
      send: async ({ input }: any) => {
        for (const { Data } of input.Records)
          taken.push({ ...JSON.parse(Buffer.from(Data).toString()), at: clock.time });
        return { Records: input.Records.map(() => ({ ShardId: "a" })) };
      },
    } as any,
    ...more,
  });
  return { taken, outcome };
}

describe("replay", () => {
  it("sends rows with a speed, by time and turbine, with the file's own times", async () => {
    const path = file(
      "id,t,v,p\nB,2020-02-29T00:10:00Z,12,1\nA,2020-02-29T00:10:00Z,11.5,2\nA,2020-02-29T00:00:00Z,9,3\nC,2020-02-29T00:00:00Z,,4\nD,soon,3,5\n,2020-02-29T00:00:00Z,3,6\nE,2020-02-29T00:00:00Z,fast,7\n",
    );
    const { taken, outcome } = await sent(path, { location: "Marge", more: ["p"] });
    expect(taken.map(({ at: _, ...r }) => r)).toEqual([
      { turbineId: "A", location: "Marge", speed: 9, timestamp: "2020-02-29T00:00:00.000Z", p: 3 },
      { turbineId: "A", location: "Marge", speed: 11.5, timestamp: "2020-02-29T00:10:00.000Z", p: 2 },
      { turbineId: "B", location: "Marge", speed: 12, timestamp: "2020-02-29T00:10:00.000Z", p: 1 },
    ]);
    expect(outcome).toMatchObject({
      rows: 7,
      readings: 3,
      acknowledged: 3,
      withoutSpeed: 1,
      unreadable: 3,
      firstUnreadable: `${path}, line 6`,
      turbines: 2,
      since: "2020-02-29T00:00:00.000Z",
      until: "2020-02-29T00:10:00.000Z",
    });
  });

  it("takes the location from a column, else the turbine's name; all numbers along on request", async () => {
    const path = file("id,t,v,place,note,w\nA,2020-01-01,1,Oak Ridge,x,5\n");
    expect((await sent(path, { location: "place" })).taken).toMatchObject([{ location: "Oak Ridge" }]);
    const [all] = (await sent(path, { more: "all" })).taken;
    expect(all).toMatchObject({ location: "A", w: 5 });
    expect(all).not.toHaveProperty("note");
  });

  it("keeps the file's pace", async () => {
    const path = file("id,t,v\nA,2020-01-01T00:00:00Z,1\nA,2020-01-01T00:10:00Z,2\nA,2020-01-01T00:30:00Z,3\n");
    const { taken } = await sent(path, {}, { pace: 600 });
    const gaps = taken.map(({ at }) => at - taken[0]!.at);
    expect(gaps[1]).toBeGreaterThanOrEqual(950);
    expect(gaps[1]).toBeLessThan(1200);
    expect(gaps[2]).toBeGreaterThanOrEqual(2950);
    expect(gaps[2]).toBeLessThan(3300);
  });

  it("goes on where it was", async () => {
    const path = file(`id,t,v\n${Array.from({ length: 50 }, (_, i) => `A,${i + 1e9},${i}`).join("\n")}`);
    const { taken, outcome } = await sent(path, {}, { from: 30 });
    expect(taken.map((r) => r.speed)).toEqual(Array.from({ length: 20 }, (_, i) => 30 + i));
    expect(outcome.done).toBe(50);
  });
});

describe("sorting", () => {
  it("is by time, then turbine, and stable, in memory or in files", async () => {
    const one = fc.record({ at: fc.integer({ min: 0, max: 9 }), turbineId: fc.constantFrom("a", "b") });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }), async (input, memory) => {
        const timed = input.map(({ at, turbineId }, i) => {
          return { at, reading: { turbineId, location: "", speed: i, timestamp: "" } } satisfies Timed;
        });
        async function* batches() {
          for (let i = 0; i < timed.length; i += 3) yield timed.slice(i, i + 3);
        }
        const out: Timed[] = [];
        for await (const t of sorted(batches(), memory)) out.push(t);
        const key = ({ at, reading }: Timed) => `${at}${reading.turbineId}${String(reading.speed).padStart(3, "0")}`;
        expect(out.map(key)).toEqual(timed.map(key).sort());
      }),
    );
    expect(readdirSync(folder).filter((name) => name.startsWith("windops-replay-"))).toEqual([]);
  });
});

describe("cells", () => {
  it.each<[unknown, string | undefined]>([
    ["2020-02-29T12:30:00.000Z", "2020-02-29T12:30:00.000Z"],
    ["2020-02-29 12:30", "2020-02-29T12:30:00.000Z"],
    ["2020-02-29 12:30:15", "2020-02-29T12:30:15.000Z"],
    ["2020-02-29T12:30:00+01:00", "2020-02-29T11:30:00.000Z"],
    ["2020-02-29 12:30:00 +0100", "2020-02-29T11:30:00.000Z"],
    ["2020-02-29", "2020-02-29T00:00:00.000Z"],
    ["1582979400", "2020-02-29T12:30:00.000Z"],
    [1582979400000, "2020-02-29T12:30:00.000Z"],
    ["29/02/2020 12:30", undefined],
    ["2020-02-30T00:00:00Z", undefined],
    ["", undefined],
    [null, undefined],
  ])("time %j is %s", (text, iso) => {
    const at = timeOf(text);
    expect(at === undefined ? undefined : new Date(at).toISOString()).toBe(iso);
  });

  it.each<[unknown, number | undefined]>([
    ["12.4", 12.4],
    [" 7 ", 7],
    ["12,4", 12.4],
    ["1e2", 100],
    [3, 3],
    ["1,234,5", undefined],
    ["Infinity", undefined],
    ["", undefined],
    ["abc", undefined],
    [Number.NaN, undefined],
  ])("number %j is %s", (text, number) => {
    expect(numberOf(text)).toBe(number);
  });
});
