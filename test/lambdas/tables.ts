import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { type Item, unmarshal } from "../../src/contract/item.ts";
import { alertsSchema, readingsSchema } from "../../src/contract/table-schema.ts";

const dynalite = createRequire(import.meta.url)("dynalite");

export interface Tables {
  client: DynamoDBClient;
  readings(): Promise<Item[]>;
  alerts(): Promise<Item[]>;
  close(): Promise<void>;
}

/** Both tables on a DynamoDB of their own. */
export async function startTables(): Promise<Tables> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  });
  await client.send(
    new CreateTableCommand({ TableName: "WindDataTable", BillingMode: "PAY_PER_REQUEST", ...readingsSchema }),
  );
  await client.send(
    new CreateTableCommand({ TableName: "WindDataTableAlerts", BillingMode: "PAY_PER_REQUEST", ...alertsSchema }),
  );
  const all = async (TableName: string) => {
    const items: Item[] = [];
    let start: Record<string, any> | undefined;
    do {
      const page = await client.send(new ScanCommand({ TableName, ExclusiveStartKey: start, ConsistentRead: true }));
      items.push(...page.Items!.map(unmarshal));
      start = page.LastEvaluatedKey;
    } while (start);
    return items;
  };
  return {
    client,
    readings: () => all("WindDataTable"),
    alerts: () => all("WindDataTableAlerts"),
    close: async () => {
      client.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
