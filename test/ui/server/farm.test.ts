import { describe, expect, it } from "vitest";
import { withNews } from "../../../src/ui/protocol.ts";
import { Farm } from "../../../src/ui/server/farm.ts";

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const reading = (seconds: number, speed: number, score: number, turbineId = "oak-ridge-01") => ({
  turbineId,
  location: "Oak Ridge",
  speed,
  score,
  timestamp: at(seconds),
});
const farm = (now = () => 0, more = {}) => new Farm({ minScore: 2, quietMs: 900_000, now, ...more });

describe("a turbine's status", () => {
  it.each([
    ["warming while the score is 0", [[0, 9, 0]], "warming"],
    ["calm", [[0, 9, 0.7]], "calm"],
    ["high wind from a gale on", [[0, 17.2, 0.7]], "high-wind"],
    ["anomaly at the threshold", [[0, 9, 2]], "anomaly"],
    [
      "anomaly until the quiet time is over",
      [
        [0, 9, 2],
        [899, 9, 0.5],
      ],
      "anomaly",
    ],
    [
      "calm again after it",
      [
        [0, 9, 2],
        [900, 9, 0.5],
      ],
      "calm",
    ],
  ] as [string, [number, number, number][], string][])("%s", (_, readings, status) => {
    const f = farm();
    for (const [s, speed, score] of readings) f.add(reading(s, speed, score));
    expect(f.all()[0]!.status).toBe(status);
  });

  it("falls silent by the clock alone, and is reported once", () => {
    let now = 1000;
    const f = farm(() => now);
    f.add(reading(0, 9, 1));
    expect(f.changes()).toHaveLength(1);
    expect(f.changes()).toHaveLength(0);
    now += 61_000;
    expect(f.changes().map((t) => t.status)).toEqual(["silent"]);
    expect(f.changes()).toHaveLength(0);
    f.add(reading(1, 9, 1));
    expect(f.changes().map((t) => t.status)).toEqual(["calm"]);
  });
});

it("takes a reading once, and none that isn't one", () => {
  const f = farm();
  expect(f.add(reading(0, 9, 1))).toBe(true);
  expect(f.add(reading(0, 9, 1))).toBe(false);
  expect(f.add({ ...reading(1, 9, 1), speed: Number.NaN })).toBe(false);
  expect(f.add({ ...reading(1, 9, 1), timestamp: "yesterday" })).toBe(false);
  expect(f.history("oak-ridge-01")!.time).toHaveLength(1);
});

it("reports only the speeds since the last report, from which a page that came between makes the same line", () => {
  const f = farm();
  const line = Array.from({ length: 50 }, (_, i) => i % 17);
  for (const [s, speed] of line.slice(0, 30).entries()) f.add(reading(s, speed, 1));
  f.changes();
  const early = f.all()[0]!;
  for (const [s, speed] of line.slice(30).entries()) f.add(reading(30 + s, speed, 1));
  // One that connects now has in its snapshot what the next report has too.
  const late = f.all()[0]!;
  const [news] = f.changes();
  expect(news!.recent).toEqual(line.slice(30));
  for (const known of [early, late]) expect(withNews(known, news!).recent).toEqual(line.slice(-40));
  f.setThreshold(0.5);
  expect(withNews(late, f.changes()[0]!)).toMatchObject({ recent: late.recent, status: "anomaly" });
});

it("counts anomalies as the pipeline does: runs closed by the quiet time", () => {
  const f = farm();
  for (const [s, score] of [
    [0, 2.1],
    [10, 0.4],
    [600, 2.5],
    [1499, 2.2],
    [2399, 3],
  ] as const)
    f.add(reading(s, 20, score));
  expect(f.history("oak-ridge-01")!.anomalies.map((a) => [at(0) && (a.to - a.from) / 1000, a.peakScore])).toEqual([
    [1499, 2.5],
    [0, 3],
  ]);
  expect(f.effects([1, 2, 2.4, 9])).toEqual([
    { minScore: 1, readings: 4, anomalies: 2 },
    { minScore: 2, readings: 4, anomalies: 2 },
    { minScore: 2.4, readings: 2, anomalies: 2 },
    { minScore: 9, readings: 0, anomalies: 0 },
  ]);
});

it("applies another threshold to what is already here", () => {
  const f = farm();
  f.add(reading(0, 9, 1.5));
  f.changes();
  f.setThreshold(1.5);
  expect(f.changes().map((t) => t.status)).toEqual(["anomaly"]);
});

it("holds no more readings than it is allowed, however many turbines come", () => {
  const f = farm(undefined, { capacity: 1000, totalReadings: 2000 });
  for (let s = 0; s < 5000; s++) for (const id of ["a", "b", "c", "d"]) f.add(reading(s, 9, 1, id));
  for (const id of ["a", "b", "c", "d"]) {
    const { time } = f.history(id)!;
    expect(time.length).toBeLessThanOrEqual(625);
    expect(time.at(-1)).toBe(Date.parse(at(4999)));
  }
});
