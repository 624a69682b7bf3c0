import { expect, it } from "vitest";
import { windLines } from "../../../src/commands/status.ts";
import { WindWatch } from "../../../src/operate/tail/wind-watch.ts";

const reading = (speed: number, score: number) => JSON.stringify({ turbineId: "a", speed, score });

it("gives each look the mean speed and the highest score since the last one", () => {
  const watch = new WindWatch();
  for (const json of [reading(8, 0.4), reading(10, 3), "no JSON", '{"error":"x","raw":"y"}', "null"]) watch.add(json);
  watch.look();
  watch.look();
  watch.add(reading(6, 0.5));
  expect(watch.look()).toEqual({ speed: [9, Number.NaN, 6], score: [3, Number.NaN, 0.5] });
});

it.each([
  [80, ["Speed: ▁▄ █ 30.0 m/s, mean", "Score: ▁▅ █ 9.00, highest"]],
  [26, ["Speed:  █ 30.0 m/s, mean", "Score:  █ 9.00, highest"]],
  [10, ["Speed: 30.0 m/s, mean", "Score: 9.00, highest"]],
])("draws the looks in a terminal %i wide", (width, lines) => {
  const series = { speed: [0, 12, Number.NaN, 30], score: [0, 2, Number.NaN, 9] };
  expect(windLines(series, 2, width)).toEqual(lines);
});

it("draws nothing before anything came", () => {
  expect(windLines({ speed: [Number.NaN], score: [Number.NaN] }, 2, 80)).toEqual([]);
});
