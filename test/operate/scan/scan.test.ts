import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Item, marshal } from "../../../src/contract/item.ts";
import { rowItem } from "../../../src/contract/row.ts";
import { edge } from "../../../src/io/clock.ts";
import { eachAnomaly, findAnomalies, type ScanQuery } from "../../../src/operate/scan/scan.ts";
import { startTables, type Tables } from "../../lambdas/tables.ts";

let tables: Tables;
beforeEach(async () => {
  tables = await startTables();
});
afterEach(() => tables.close());

const put = (item: Item) => tables.client.send(new PutItemCommand({ TableName: "WindDataTable", Item: marshal(item) }));

const row = (i: number, score: number, location = "Oak Ridge") => ({
  turbineId: `t-${i}`,
  timestamp: `2026-11-23T10:00:${String(i % 60).padStart(2, "0")}.000Z`,
  location,
  speed: 10 + i,
  score,
  rcfScore: score / 2,
  more: { power: i },
});

const outside = edge(new AbortController().signal);

async function found(query: ScanQuery & { limit?: number }) {
  const { rows, indexed } = await findAnomalies({
    ...outside,
    ...query,
    dynamodb: tables.client,
    table: "WindDataTable",
    signal: new AbortController().signal,
  });
  return { indexed, turbines: rows.map((r) => r.turbineId), rows };
}

it("finds anomalies through the index, highest first, and the same in the whole table", async () => {
  for (let i = 0; i < 60; i++) await put(rowItem(row(i, i % 10 === 0 ? 2 + i / 10 : 1.5), 2));
  const highest = ["t-50", "t-40", "t-30", "t-20", "t-10", "t-0"];
  expect(await found({ minScore: 2 })).toMatchObject({ indexed: true, turbines: highest });
  expect(await found({ minScore: 2, full: true })).toMatchObject({ indexed: false, turbines: highest });
  expect((await found({ minScore: 2, limit: 2 })).turbines).toEqual(highest.slice(0, 2));
  expect((await found({ minScore: 2, since: "2026-11-23T10:00:30.000Z" })).turbines).toEqual(["t-50", "t-40", "t-30"]);
  // Below what the index holds the table is read.
  expect(await found({ minScore: 1.5 })).toMatchObject({ indexed: false });
  expect((await found({ minScore: 1.5 })).turbines).toHaveLength(60);
  expect((await found({ minScore: 2 })).rows[0]).toEqual({ ...row(50, 7), more: { power: 50 } });
});

it("is of one location where that's asked for", async () => {
  await put(rowItem(row(1, 3), 2));
  await put(rowItem(row(2, 4, "Gull Bay"), 2));
  expect((await found({ minScore: 2, location: "Gull Bay" })).turbines).toEqual(["t-2"]);
});

it("reads all pages", async () => {
  const padding = "x".repeat(60_000);
  for (let i = 0; i < 50; i++) await put({ ...rowItem(row(i, i % 5 ? 1 : 3), 2), padding });
  expect((await found({ minScore: 2, full: true })).turbines).toHaveLength(10);
  expect((await found({ minScore: 2 })).turbines).toHaveLength(10);
});

it("finds rows of an older pipeline, whose numbers are text and compare as numbers", async () => {
  const old = { timestamp: "2026-01-01T00:00:00.000Z", location: "Oak Ridge", wind_speed: "31" };
  await put({ ...old, turbine_id: "ten", anomaly_score: "10" });
  await put({ ...old, turbine_id: "three", anomaly_score: "3" });
  await put({ ...old, turbine_id: "calm", anomaly_score: "1" });
  await put(rowItem(row(1, 5), 2));
  expect(await found({ minScore: 2 })).toMatchObject({ indexed: false, turbines: ["ten", "t-1", "three"] });
});

it("names the table that isn't there", async () => {
  const signal = new AbortController().signal;
  const missing = findAnomalies({ ...outside, minScore: 2, dynamodb: tables.client, table: "Nope", signal });
  await expect(missing).rejects.toMatchObject({ code: "E_NO_TABLE" });
});

it("gives rows as they are found, waiting for whoever takes them, and says what it cost", async () => {
  for (let i = 0; i < 20; i++) await put(rowItem(row(i, i % 2 ? 1 : 3), 2));
  const taken: string[] = [];
  let busy = 0;
  const cost = await eachAnomaly(
    {
      ...outside,
      minScore: 1,
      dynamodb: tables.client,
      table: "WindDataTable",
      signal: new AbortController().signal,
    },
    async ({ turbineId }) => {
      busy++;
      await new Promise((resolve) => setImmediate(resolve));
      busy--;
      taken.push(turbineId);
    },
  );
  expect(busy).toBe(0);
  expect(taken.toSorted()).toEqual(Array.from({ length: 20 }, (_, i) => `t-${i}`).toSorted());
  // Four segments, each rounded up to half a unit.
  expect(cost).toMatchObject({ indexed: false, looked: 20 });
  expect(cost.units).toBeGreaterThan(0);
});
