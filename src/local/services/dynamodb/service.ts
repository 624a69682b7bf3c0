import type { Call, Operation, RpcService, Stack } from "../../service.ts";
import { Region } from "./region.ts";
import { settingsOperations } from "./settings.ts";
import { type TableOperation, tableOperations } from "./tables.ts";

/** DynamoDB: dynalite's items, queries and tables, with what it lacks of a table's settings laid over it. */
export function dynamodb(stack: Stack): RpcService {
  const regions = new Map<string, Region>();
  const run = (operation: TableOperation, input: any, call: Call) => {
    let region = regions.get(call.region);
    if (!region) {
      region = new Region(stack.folder("dynamodb"), call.region, stack.log);
      regions.set(call.region, region);
    }
    return region.run(operation, input);
  };
  const plain = tableOperations.map((name): [string, Operation] => [name, (input, call) => run(name, input, call)]);
  return {
    kind: "rpc",
    signingNames: ["dynamodb"],
    protocol: "json",
    targetPrefixes: ["DynamoDB_20120810"],
    operations: { ...Object.fromEntries(plain), ...settingsOperations(stack, run) },
    close: async () => {
      for (const region of regions.values()) await region.close();
    },
  };
}
