import { expect, it } from "vitest";
import { readingLine } from "../../src/commands/tail.ts";
import { RecentReadings } from "../../src/io/terminal/sparkline.ts";

const plain = (s: string) => s;
const style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };
const reading = (speed: number, score?: number) => ({
  turbineId: "oak-ridge-01",
  timestamp: "2026-11-23T10:00:00.000Z",
  speed,
  ...(score !== undefined && { score }),
});

/** The last of the lines that the readings make in a terminal so wide. */
function last(width: number, ...readings: object[]): string {
  const recent = new RecentReadings({ readings: 12, turbines: 10 });
  const lines = readings.map((r) => readingLine(r as Record<string, unknown>, { width, style }, 2, recent));
  return lines.at(-1)!;
}

const HEAD = "2026-11-23T10:00:00.000Z  oak-ridge-01         ";

it.each([
  ["wide", 120, `${HEAD}  30.00 m/s  score  9.00  ▃█            ▂█            anomaly`],
  ["of 95 columns", 95, `${HEAD}  30.00 m/s  score  9.00  ▃█     ▂█     anomaly`],
  ["of 80 columns", 80, `${HEAD}  30.00 m/s  score  9.00  anomaly`],
])("draws a turbine's last speeds and scores in a terminal %s", (_, width, line) => {
  expect(last(width, reading(8, 0.5), reading(30, 9))).toBe(line);
  expect(line.length).toBeLessThanOrEqual(width);
});

it("draws speeds alone where nothing is scored yet, and nothing behind the last bar", () => {
  expect(last(120, reading(0), reading(25))).toBe(`${HEAD}  25.00 m/s  ▁█`);
});

it("keeps turbines apart, and lets no record reach the terminal", () => {
  const other = { ...reading(20, 1), turbineId: "\u001b]0;x\u0007" };
  expect(last(120, reading(8, 1), other)).toContain("\\u001b]0;x\\u0007");
  expect(last(120, reading(8, 1), other)).toMatch(/score {2}1\.00 {2}▇ +▃$/);
});
