import { expect, test } from "vitest";
import { faultScript } from "./script.ts";

test("the same seed gives the same faults, another one others", () => {
  expect(faultScript(1, 600_000, "embedded")).toEqual(faultScript(1, 600_000, "embedded"));
  expect(faultScript(2, 600_000, "embedded")).not.toEqual(faultScript(1, 600_000, "embedded"));
});

test.each([
  [20_000, "embedded", 8],
  [600_000, "embedded", 8],
  [600_000, "flink", 9],
] as const)("%d ms on %s: every kind, within the time", (duration, engine, kinds) => {
  for (let seed = 1; seed <= 20; seed++) {
    const script = faultScript(seed, duration, engine);
    expect(new Set(script.map(({ kind }) => kind)).size).toBe(kinds);
    expect(script.every(({ at }, i) => at < duration && at > (script[i - 1]?.at ?? 0))).toBe(true);
  }
});
