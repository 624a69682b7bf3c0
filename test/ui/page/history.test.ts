import { describe, expect, it } from "vitest";
import { envelope } from "../../../src/ui/page/envelope.ts";
import type { History } from "../../../src/ui/protocol.ts";
import { packed, unpacked } from "../../../src/ui/server/columns.ts";

function history(count: number, speed: (i: number) => number, score: (i: number) => number, step = 1000): History {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const time = numbers.map((i) => 1_700_000_000_000 + i * step);
  const about = { id: "tür\u202ebine", location: "Oak Ridge", minScore: 2, anomalies: [], alerts: [] };
  return { ...about, time, speed: numbers.map(speed), score: numbers.map(score) };
}

it.each([0, 1, 5])("a history of %i readings is the same after its way as bytes", (count) => {
  const sent = history(
    count,
    (i) => i + 0.25,
    (i) => i / 8,
  );
  const bytes = packed(sent);
  expect(unpacked(bytes.buffer as ArrayBuffer)).toEqual(sent);
});

describe("the lines that a plot of some pixels shows", () => {
  const wind = history(
    20_000,
    (i) => 9 + Math.sin(i / 900) + (i === 7777 ? 20 : 0) - (i === 12_345 ? 8 : 0),
    (i) => (i === 15_001 ? 4.5 : 0.5),
  );
  const [first, last] = [wind.time[0]!, wind.time.at(-1)!];

  it("are few, and have every extreme, the first and the last reading", () => {
    const [time, speed, score] = envelope(wind, first, last, 500);
    expect(time.length).toBeLessThan(6 * 502);
    expect(time).toEqual([...new Set(time)].sort((a, b) => a - b));
    expect([time[0], time.at(-1)]).toEqual([first / 1000, last / 1000]);
    expect(Math.max(...(speed as number[]))).toBe(Math.max(...wind.speed));
    expect(Math.min(...(speed as number[]))).toBe(Math.min(...wind.speed));
    expect(score[time.indexOf(wind.time[15_001]! / 1000)]).toBe(4.5);
  });

  it("have each reading where they are few to a pixel, and one on either side that leads out", () => {
    const [time] = envelope(wind, wind.time[100]!, wind.time[1100]!, 500);
    expect(time).toEqual(wind.time.slice(99, 1101).map((t) => t / 1000));
  });

  it.each([10, 2000])("are parted where the turbine was silent, on %i pixels", (pixels) => {
    const paused = history(
      1000,
      () => 9,
      () => 1,
    );
    for (let i = 500; i < 1000; i++) paused.time[i]! += 3_600_000;
    const [time, speed, score] = envelope(paused, paused.time[0]!, paused.time.at(-1)!, pixels);
    const gap = speed.indexOf(null);
    expect(score[gap]).toBe(null);
    expect([time[gap - 1], time[gap + 1]]).toEqual([paused.time[499]! / 1000, paused.time[500]! / 1000]);
    expect(speed.filter((v) => v === null)).toHaveLength(1);
  });

  it("are none without readings", () => {
    const none = history(
      0,
      () => 0,
      () => 0,
    );
    expect(envelope(none, 0, 1000, 100)).toEqual([[], [], []]);
  });
});
