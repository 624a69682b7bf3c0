import { settingsOperations } from "./dynamodb-settings.ts";
import { openTables, type TableOperation, type Tables, tableOperations } from "./dynamodb-tables.ts";
import type { Call, Operation, RpcService, Stack } from "./service.ts";

/** DynamoDB: dynalite's items, queries and tables, with what it lacks of a table's settings laid over it. */
export function dynamodb(stack: Stack): RpcService {
  const regions = new Map<string, Promise<Tables>>();
  const tables = (region: string) => {
    let open = regions.get(region);
    if (!open) {
      open = openTables(stack.folder("dynamodb"), region);
      regions.set(region, open);
      // A folder that couldn't be opened is tried again by the next call.
      open.catch(() => regions.delete(region));
    }
    return open;
  };
  const run = async (operation: TableOperation, input: any, call: Call) =>
    (await tables(call.region)).run(operation, input);
  const plain = tableOperations.map((name): [string, Operation] => [name, (input, call) => run(name, input, call)]);
  return {
    kind: "rpc",
    signingNames: ["dynamodb"],
    protocol: "json",
    targetPrefixes: ["DynamoDB_20120810"],
    operations: { ...Object.fromEntries(plain), ...settingsOperations(stack, run) },
    close: async () => {
      for (const open of regions.values()) await (await open).close();
    },
  };
}
