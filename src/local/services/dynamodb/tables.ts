import { createRequire } from "node:module";
import { join } from "node:path";
import { AwsError } from "../../errors.ts";
import { ACCOUNT } from "../../service.ts";
import { batchWrite } from "./batch-write.ts";
import { knowingTables } from "./definitions.ts";
import { closeIterators } from "./streams.ts";

/** What dynalite answers itself. */
const OPERATIONS = [
  "BatchGetItem",
  "BatchWriteItem",
  "CreateTable",
  "DeleteItem",
  "DeleteTable",
  "DescribeTable",
  "GetItem",
  "ListTables",
  "PutItem",
  "Query",
  "Scan",
  "UpdateItem",
  "UpdateTable",
] as const;

export type TableOperation = (typeof OPERATIONS)[number];

/** One region's tables: dynalite's actions on a LevelDB of its own, called without its HTTP server. */
export interface Tables {
  run(operation: TableOperation, input: any): Promise<any>;
  close(): Promise<void>;
}

export const tableOperations: readonly TableOperation[] = OPERATIONS;

interface DynaliteError {
  statusCode?: number;
  body?: { __type?: string; message?: string; Message?: string } & Record<string, unknown>;
}

// The server around dynalite's actions throws what it doesn't expect out of callbacks (a full disk, a client that has
// gone), which would end the process: so the actions are called without it.
export async function openTables(folder: string, region: string): Promise<Tables> {
  const require = createRequire(import.meta.url);
  const validations = require("dynalite/validations");
  const store = require("dynalite/db").create({
    path: join(folder, region),
    createTableMs: 200,
    deleteTableMs: 200,
    updateTableMs: 200,
  });
  store.tableDb.awsAccountId = ACCOUNT;
  store.tableDb.awsRegion = region;
  closeIterators(store.db);
  await store.db.open();
  await settle(store);
  const loaded = new Map<TableOperation, { action: any; validation: any }>();
  const load = (operation: TableOperation) => {
    let parts = loaded.get(operation);
    if (!parts) {
      const file = operation[0]!.toLowerCase() + operation.slice(1);
      parts = { action: require(`dynalite/actions/${file}`), validation: require(`dynalite/validations/${file}`) };
      loaded.set(operation, parts);
    }
    return parts;
  };
  const items = knowingTables(store);
  const act = (operation: TableOperation, action: any, data: any) =>
    new Promise((resolve, reject) => {
      const on = operation.endsWith("Table") ? store : items;
      action(on, data, (error: unknown, output: unknown) => (error ? reject(error) : resolve(output)));
    });
  return {
    run: async (operation, input) => {
      try {
        const { action, validation } = load(operation);
        const data = validations.checkTypes(input, validation.types);
        validations.checkValidations(data, validation.types, validation.custom, store);
        const done = operation === "BatchWriteItem" ? await batchWrite(items, data) : undefined;
        return done ?? (await act(operation, action, data));
      } catch (error) {
        throw asAwsError(error);
      }
    },
    close: () => store.db.close(),
  };
}

/** Ends what was under way when the process died: dynalite's changes of state are timers. */
async function settle(store: any): Promise<void> {
  for await (const [key, table] of store.db.iterator({ gte: "table~", lt: "table~\xff" })) {
    if (!table || table.TableStatus === "ACTIVE") continue;
    const indexes = (table.GlobalSecondaryIndexes ?? []).map((index: object) => ({ ...index, IndexStatus: "ACTIVE" }));
    if (table.TableStatus === "DELETING") {
      await store.db.clear({ gte: `item-${table.TableName}~`, lt: `item-${table.TableName}~\xff` });
      await store.db.del(key);
    } else {
      const rest = table.GlobalSecondaryIndexes ? { GlobalSecondaryIndexes: indexes } : {};
      await store.db.put(key, { ...table, ...rest, TableStatus: "ACTIVE" });
    }
  }
}

function asAwsError(error: unknown): unknown {
  const { statusCode, body } = error as DynaliteError;
  if (!statusCode || !body) return error;
  const { __type = "InternalServerError", message, Message, ...members } = body;
  return new AwsError(__type.slice(__type.indexOf("#") + 1), message ?? Message ?? "", statusCode, members);
}
