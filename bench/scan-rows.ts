import { createRequire } from "node:module";
import { marshal } from "../src/contract/item.ts";
import { rowItem } from "../src/contract/row.ts";
import { readingsSchema } from "../src/contract/table-schema.ts";
import { type Change, changesOf } from "../src/local/services/dynamodb/batch-write.ts";
import { startStack } from "../src/local/stack.ts";
import { pause } from "./client.ts";

const AT_ONCE = 5000;
const REGION = "us-east-1";

/**
 * Makes the readings' table in a stack's folder and puts `rows` into it, `anomalies` of them anomalous: the entries of LevelDB that
 * BatchWriteItem makes, but thousands at once and without its checks, since a million by that call would take the bench's whole time.
 */
export async function fillTable(stateDir: string, TableName: string, rows: number, anomalies: number): Promise<void> {
  const running = await startStack({ stateDir, limits: false });
  const call = (operation: string, input: object) => running.stack.call("dynamodb", operation, input, REGION);
  await call("CreateTable", { TableName, ...readingsSchema, BillingMode: "PAY_PER_REQUEST" });
  while ((await call("DescribeTable", { TableName })).Table.TableStatus !== "ACTIVE") await pause(50);
  const folder = running.stack.folder("dynamodb");
  await running.close();

  const db = createRequire(import.meta.url)("dynalite/db");
  const store = db.create({ path: `${folder}/${REGION}` });
  await store.db.open();
  const table = await store.db.get(`table~${TableName}`);
  const every = rows / anomalies;
  for (let from = 0; from < rows; from += AT_ONCE) {
    const changes: Change[] = [];
    for (let i = from; i < Math.min(rows, from + AT_ONCE); i++) {
      const item = marshal(
        rowItem(
          {
            turbineId: `oak-ridge-${i % 1000}`,
            timestamp: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
            location: "Oak Ridge",
            speed: 9.5,
            score: i % every === 7 ? 3 : 0.7,
            rcfScore: 0.9,
            more: {},
          },
          2,
        ),
      ) as any;
      changes.push(...changesOf(db, TableName, table, { key: db.createKey(item, table), item }, undefined));
    }
    await store.db.batch(changes);
  }
  await store.db.close();
}
