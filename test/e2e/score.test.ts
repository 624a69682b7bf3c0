import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { planAnomalies } from "../../src/simulate/wind/anomalies.ts";
import { wind } from "../../src/simulate/wind/wind.ts";
import { finished, Machine } from "./windops.ts";

const machine = new Machine();
afterAll(() => machine.close());

const START = new Date("2026-01-01T00:00:00Z");
const READINGS = 2 * 1200;

/** Two turbines' wind with a spike each. */
function simulated() {
  const to = new Date(START.getTime() + 1_200_000);
  const from = new Date(START.getTime() + 600_000);
  const plan = planAnomalies({ count: 2, kinds: ["spike"], seed: 4, turbines: 2, from, to });
  const readings = [];
  for (const reading of wind({ turbines: 2, seed: 4, cadenceSeconds: 1, start: START }, plan)) {
    readings.push(reading);
    if (readings.length === READINGS) return readings;
  }
  throw new Error("the wind never ends");
}
const readings = simulated();
const csv = [
  'wtg,note,"wind, m/s",when',
  ...readings.map((r) => `${r.turbineId},"said ""hm"", then",${r.speed},${r.timestamp}`),
];
const file = join(machine.home, "wind.csv.gz");
writeFileSync(file, gzipSync(`${csv.join("\r\n")}\r\n`));
const columns = ["--value", "wind", "--key", "wtg", "--time", "when"];
const labels = join(machine.home, "labels.csv");
const spikes = readings.filter((reading) => reading.label);
writeFileSync(
  labels,
  ["series,kind,start,end", ...spikes.map((r) => `${r.turbineId},spike,${r.timestamp},${r.timestamp}`)].join("\n"),
);

describe("windops score", () => {
  it("writes the same rows in order with their scores, quotes kept", async () => {
    const plain = join(machine.home, "plain.csv");
    writeFileSync(plain, csv.join("\n").replace('"wind, m/s"', "wind"));
    const { code, stdout, stderr } = await machine.run("score", plain, ...columns);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("2,400 rows of 2 turbines") });
    const rows = stdout.trim().split("\n");
    expect(rows[0]).toBe("wtg,note,wind,when,score,rcfScore");
    expect(rows.slice(1).map((row) => row.replace(/,[^,]*,[^,]*$/, ""))).toEqual(csv.slice(1));
    const high = rows.slice(1).flatMap((row, i) => (Number(row.split(",").at(-2)) >= 2 ? [i] : []));
    for (const [i, reading] of readings.entries()) if (reading.label) expect(high).toContain(i);
    expect(rows.slice(1, 65).every((row) => row.includes("Z,0,"))).toBe(true);
  });

  it("reads JSON lines from stdin, any columns, without a key or a time", async () => {
    const child = machine.start("score", "-", "--value", "v", "--value", "w");
    for (let i = 0; i < 100; i++)
      child.stdin.write(`${JSON.stringify({ v: i % 7, w: i === 80 ? null : -i, tag: [i] })}\n`);
    child.stdin.end();
    const { code, stdout } = await finished(child);
    expect(code).toBe(0);
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map((row) => row.tag[0])).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(rows[0]).toMatchObject({ v: 0, score: 0, rcfScore: 0 });
    expect(rows[99].score).toBeGreaterThan(0);
  });

  it("gives a header alone its new columns", async () => {
    const alone = join(machine.home, "alone.csv");
    writeFileSync(alone, "wind\n");
    expect(await machine.run("score", alone)).toMatchObject({ code: 0, stdout: "wind,score,rcfScore\n" });
  });

  it("says which columns there are where the named one isn't, and leaves no file", async () => {
    const out = join(machine.home, "none.csv");
    const { code, stderr } = await machine.run("score", file, ...columns, "--out", out);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('no column "wind"') });
    expect(stderr).toContain("wind, m/s");
    expect(() => readFileSync(out)).toThrow("ENOENT");
  });
});

describe("windops backtest", () => {
  const named = ["--value", "wind, m/s", "--key", "wtg", "--time", "when"];

  it("judges thresholds, recommends one and plots", async () => {
    const plot = join(machine.home, "plot.svg");
    const options = ["--labels", labels, ...named, "--plot", plot];
    const result = await machine.json("backtest", file, ...options, "--max-alerts-per-day", "0");
    expect(result).toMatchObject({ rows: READINGS, windows: 2, recommended: { recall: 1, precision: 1, f1: 1 } });
    expect(readFileSync(plot, "utf8")).toMatch(/^<svg .*choose/);
    const { stdout } = await machine.run("backtest", file, ...options);
    expect(stdout).toMatch(/← choose[\s\S]*Choose [\d.]+: 2 of 2 labelled windows found in 2,400 readings/);
  });

  it("takes points in time, and plots a page with the table", async () => {
    const points = join(machine.home, "points.csv");
    writeFileSync(points, ["wtg,time", ...spikes.map((r) => `${r.turbineId},${r.timestamp}`)].join("\n"));
    const page = join(machine.home, "plot.html");
    const result = await machine.json("backtest", file, "--labels", points, ...named, "--plot", page);
    expect(result).toMatchObject({ windows: 2, recommended: { recall: 1 } });
    expect(readFileSync(page, "utf8")).toMatch(/<svg [\s\S]*<table>[\s\S]*median delay/);
  });

  it("says so when no label falls on a reading", async () => {
    const other = join(machine.home, "other.csv");
    writeFileSync(other, "start,end\n2020-01-01,2020-01-02\n");
    const { code, stderr } = await machine.run("backtest", file, "--labels", other, ...named);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("E_NO_LABELS") });
  });
});
