import { expect, it } from "vitest";
import { RecentReadings, sparkline } from "../../../src/io/terminal/sparkline.ts";

it.each([
  ["a bar for each eighth", [0, 1, 2, 3, 4, 5, 6, 7], 8, {}, "▁▂▃▄▅▆▇█"],
  ["the newest where there is no room for all", [7, 0, 3.5, 7], 2, {}, "▅█"],
  ["against a top of its own", [5, 10], 4, { max: 20 }, "▃▅"],
  ["from another bottom", [10, 15, 20], 4, { min: 10 }, "▁▅█"],
  ["below the bottom as the bottom", [-5, 10], 4, {}, "▁█"],
  ["a blank for what isn't known", [1, Number.NaN, 1], 4, {}, "█ █"],
  ["nothing but zeros as the lowest bar", [0, 0], 4, {}, "▁▁"],
  ["nothing for nothing", [], 4, {}, ""],
  ["nothing where there is no room", [1, 2], 0, {}, ""],
  ["nothing where the room is negative", [1, 2], -3, {}, ""],
] as [string, number[], number, object, string][])("draws %s", (_, values, width, range, bars) => {
  expect(sparkline(values, width, range)).toBe(bars);
});

it("keeps the last readings of the turbines heard last", () => {
  const recent = new RecentReadings({ readings: 2, turbines: 2 });
  recent.add("a", 1, 0.1);
  recent.add("b", 2, 0.2);
  recent.add("a", 3, 0.3);
  expect(recent.add("a", 4, 0.4)).toEqual({ speeds: [3, 4], scores: [0.3, 0.4] });
  recent.add("c", 5, 0.5);
  expect(recent.add("b", 6, 0.6)).toEqual({ speeds: [6], scores: [0.6] });
});
