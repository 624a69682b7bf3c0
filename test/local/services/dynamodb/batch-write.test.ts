import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDB, type WriteRequest } from "@aws-sdk/client-dynamodb";
import { expect, it } from "vitest";
import { alertsSchema, readingsSchema } from "../../../../src/contract/table-schema.ts";
import { closeIterators } from "../../../../src/local/services/dynamodb/streams.ts";
import { startTables } from "../../../lambdas/tables.ts";
import { clientOptions, temporaryStack } from "../../stack-fixture.ts";

const reading = (turbine: string, second: number, more: object = {}): WriteRequest => ({
  PutRequest: { Item: { ...key(turbine, second), anomaly_score: { N: "1" }, ...more } },
});
const key = (turbine: string, second: number) => ({
  turbine_id: { S: turbine },
  timestamp: { S: `2026-11-23T10:00:0${second}.000Z` },
});
const anomaly = (partition: string) => ({ anomaly_partition: { S: partition }, anomaly_score: { N: "3" } });

/** In order: made, changed in and out of the index, moved within it, removed, and what is refused as a whole. */
const BATCHES: Record<string, WriteRequest[]>[] = [
  { WindDataTable: [reading("a", 1), reading("a", 2, anomaly("03")), reading("b", 1, anomaly("04"))] },
  { WindDataTable: [reading("a", 1, anomaly("01")), reading("a", 2), reading("b", 1, anomaly("05"))] },
  {
    WindDataTable: [
      reading("c", 1),
      { DeleteRequest: { Key: key("b", 1) } },
      { DeleteRequest: { Key: key("none", 1) } },
    ],
    WindDataTableAlerts: [{ PutRequest: { Item: { pk: { S: "p" }, sk: { S: "s" } } } }],
  },
  { WindDataTable: [reading("d", 1), reading("d", 1)] },
  { WindDataTable: [reading("e", 1), { PutRequest: { Item: { turbine_id: { S: "e" } } } }] },
  { WindDataTable: [reading("f", 1), { PutRequest: { Item: { ...key("f", 2), turbine_id: { N: "1" } } } }] },
  { WindDataTable: [reading("g", 1, { anomaly_partition: { N: "1" } })] },
  { WindDataTable: [reading("h", 1), { DeleteRequest: { Key: { turbine_id: { S: "h" } } } }] },
  { WindDataTable: [reading("i", 1)], Nowhere: [reading("i", 1)] },
];

async function outcome(client: DynamoDB) {
  const answers: unknown[] = [];
  for (const RequestItems of BATCHES) {
    answers.push(
      await client.batchWriteItem({ RequestItems }).then(
        ({ UnprocessedItems }) => UnprocessedItems,
        ({ name, message }) => ({ name, message }),
      ),
    );
  }
  const { Items: rows } = await client.scan({ TableName: "WindDataTable" });
  const { Items: indexed } = await client.scan({ TableName: "WindDataTable", IndexName: "AnomalyIndex" });
  const { Items: alerts } = await client.scan({ TableName: "WindDataTableAlerts" });
  return { answers, rows, indexed, alerts };
}

it("writes batches as dynalite does, and refuses what it refuses", async () => {
  const theirs = await startTables();
  const stack = await temporaryStack();
  const ours = new DynamoDB({ ...clientOptions(stack.endpoint), maxAttempts: 1 });
  for (const [TableName, schema] of Object.entries({
    WindDataTable: readingsSchema,
    WindDataTableAlerts: alertsSchema,
  })) {
    await ours.createTable({ TableName, BillingMode: "PAY_PER_REQUEST", ...schema });
    await expect
      .poll(async () => (await ours.describeTable({ TableName })).Table!.TableStatus, { timeout: 5000 })
      .toBe("ACTIVE");
  }
  const oracle = new DynamoDB({ ...clientOptions(urlOf(await theirs.client.config.endpoint!())), maxAttempts: 1 });
  const expected = await outcome(oracle);
  oracle.destroy();
  expect(await outcome(ours)).toEqual(expected);
  expect(expected.indexed).toHaveLength(1);

  // At the same time, on the same keys, beside single writes: each ends with one of them, and the index agrees with the table.
  await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const more = i % 2 ? anomaly(`0${i % 7}`) : {};
      await ours.batchWriteItem({ RequestItems: { WindDataTable: [reading("x", 1, more), reading("x", 2, more)] } });
      await ours.putItem({ TableName: "WindDataTable", Item: reading("x", 2, more).PutRequest!.Item });
    }),
  );
  const { Items: rows = [] } = await ours.scan({ TableName: "WindDataTable" });
  const { Items: indexed } = await ours.scan({ TableName: "WindDataTable", IndexName: "AnomalyIndex" });
  expect(indexed!.length).toBe(rows.filter((row) => row.anomaly_partition).length);
  ours.destroy();
  await Promise.all([theirs.close(), stack.close()]);
});

const urlOf = ({ protocol, hostname, port }: { protocol: string; hostname: string; port?: number }) =>
  `${protocol}//${hostname}:${port}`;

it("leaves no iterator of LevelDB open behind a query, whether it read to the end or not", async () => {
  const path = mkdtempSync(join(tmpdir(), "windops-iterators-"));
  const { db } = createRequire(import.meta.url)("dynalite/db").create({ path });
  await db.open();
  closeIterators(db);
  const iterators: any[] = [];
  const values = db.values.bind(db);
  db.values = (options: object) => {
    iterators.push(values(options));
    return iterators.at(-1);
  };
  await db.batch(Array.from({ length: 500 }, (_, i) => ({ type: "put", key: `k-${1000 + i}`, value: { i } })));
  const seen: number[] = [];
  for await (const { i } of db.createValueStream()) seen.push(i);
  expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => i));
  for await (const { i } of db.createValueStream({ gte: "k-1010" })) if (i >= 20) break;
  expect(iterators).toHaveLength(2);
  for (const iterator of iterators)
    await expect(iterator.next()).rejects.toMatchObject({ code: "LEVEL_ITERATOR_NOT_OPEN" });
  await db.close();
  rmSync(path, { recursive: true });
});
