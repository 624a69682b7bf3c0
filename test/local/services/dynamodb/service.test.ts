import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStack } from "../../../../src/local/stack.ts";
import { clientOptions, temporaryFolder, temporaryStack } from "../../stack-fixture.ts";

let stack: Awaited<ReturnType<typeof temporaryStack>>;
let client: DynamoDB;
beforeAll(async () => {
  stack = await temporaryStack();
  client = new DynamoDB({ ...clientOptions(stack.endpoint), maxAttempts: 1 });
});
afterAll(async () => {
  client.destroy();
  await stack.close();
});

const definition = (TableName: string) => ({
  TableName,
  BillingMode: "PAY_PER_REQUEST" as const,
  KeySchema: [
    { AttributeName: "turbine_id", KeyType: "HASH" as const },
    { AttributeName: "timestamp", KeyType: "RANGE" as const },
  ],
  AttributeDefinitions: [
    { AttributeName: "turbine_id", AttributeType: "S" as const },
    { AttributeName: "timestamp", AttributeType: "S" as const },
  ],
});

async function untilActive(TableName: string) {
  await expect
    .poll(async () => (await client.describeTable({ TableName })).Table!.TableStatus, { timeout: 5000 })
    .toBe("ACTIVE");
}

test("a table's settings are kept and shown", async () => {
  await client.createTable({
    ...definition("settings"),
    SSESpecification: { Enabled: true },
    DeletionProtectionEnabled: true,
    Tags: [{ Key: "windops:pipeline", Value: "a" }],
  });
  await untilActive("settings");
  const { Table } = await client.describeTable({ TableName: "settings" });
  expect(Table).toMatchObject({
    BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
    DeletionProtectionEnabled: true,
    SSEDescription: { Status: "ENABLED", SSEType: "KMS" },
  });
  await client.updateContinuousBackups({
    TableName: "settings",
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  const { ContinuousBackupsDescription } = await client.describeContinuousBackups({ TableName: "settings" });
  expect(ContinuousBackupsDescription!.PointInTimeRecoveryDescription).toMatchObject({
    PointInTimeRecoveryStatus: "ENABLED",
    RecoveryPeriodInDays: 35,
    EarliestRestorableDateTime: expect.any(Date),
  });
  await client.updateTimeToLive({
    TableName: "settings",
    TimeToLiveSpecification: { AttributeName: "expires", Enabled: true },
  });
  expect((await client.describeTimeToLive({ TableName: "settings" })).TimeToLiveDescription).toEqual({
    TimeToLiveStatus: "ENABLED",
    AttributeName: "expires",
  });
  const ResourceArn = Table!.TableArn!;
  await client.tagResource({ ResourceArn, Tags: [{ Key: "b", Value: "2" }] });
  await client.untagResource({ ResourceArn, TagKeys: ["windops:pipeline"] });
  expect((await client.listTagsOfResource({ ResourceArn })).Tags).toEqual([{ Key: "b", Value: "2" }]);
});

test("a protected table isn't deleted until its protection is off; made again it has none of the old settings", async () => {
  await expect(client.deleteTable({ TableName: "settings" })).rejects.toThrow(/protected against deletion/);
  await client.updateTable({ TableName: "settings", DeletionProtectionEnabled: false });
  await client.deleteTable({ TableName: "settings" });
  await expect
    .poll(() => client.describeTable({ TableName: "settings" }).then(String, (e: Error) => e.name), { timeout: 5000 })
    .toBe("ResourceNotFoundException");
  await client.createTable(definition("settings"));
  const { Table } = await client.describeTable({ TableName: "settings" });
  expect(Table!.SSEDescription).toBeUndefined();
  expect((await client.listTagsOfResource({ ResourceArn: Table!.TableArn! })).Tags).toEqual([]);
});

test("items: conditional writes, numbers, queries in pages, and their errors by name", async () => {
  await client.createTable(definition("items"));
  await untilActive("items");
  const TableName = "items";
  for (let i = 0; i < 5; i++) {
    await client.putItem({
      TableName,
      Item: {
        turbine_id: { S: "oak-1" },
        timestamp: { S: `2026-11-23T10:00:0${i}Z` },
        wind_speed: { N: String(i * 2.5) },
      },
    });
  }
  const condition = { ConditionExpression: "attribute_not_exists(turbine_id)" };
  const Item = { turbine_id: { S: "oak-1" }, timestamp: { S: "2026-11-23T10:00:00Z" } };
  await expect(client.putItem({ TableName, Item, ...condition })).rejects.toMatchObject({
    name: "ConditionalCheckFailedException",
  });
  const query = {
    TableName,
    KeyConditionExpression: "turbine_id = :t",
    ExpressionAttributeValues: { ":t": { S: "oak-1" } },
    Limit: 3,
  };
  const first = await client.query(query);
  const second = await client.query({ ...query, ExclusiveStartKey: first.LastEvaluatedKey });
  expect([...first.Items!, ...second.Items!].map((i) => i.wind_speed!.N)).toEqual(["0", "2.5", "5", "7.5", "10"]);
  await expect(client.getItem({ TableName: "nobody", Key: Item })).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
});

test("a table made again under its name, with another key, takes items by that one alone", async () => {
  const TableName = "remade";
  await client.createTable(definition(TableName));
  await untilActive(TableName);
  const old = { turbine_id: { S: "oak-1" }, timestamp: { S: "2026-11-23T10:00:00Z" } };
  await client.putItem({ TableName, Item: old });
  await client.deleteTable({ TableName });
  await expect(client.putItem({ TableName, Item: old })).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await expect
    .poll(() => client.describeTable({ TableName }).then(String, (e: Error) => e.name), { timeout: 5000 })
    .toBe("ResourceNotFoundException");
  await client.createTable({
    TableName,
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  await untilActive(TableName);
  await expect(client.putItem({ TableName, Item: old })).rejects.toMatchObject({ name: "ValidationException" });
  await client.putItem({ TableName, Item: { id: { S: "a" } } });
  expect((await client.scan({ TableName })).Items).toEqual([{ id: { S: "a" } }]);
});

test("regions are apart, and a call that isn't there is named", async () => {
  const west = new DynamoDB({ ...clientOptions(stack.endpoint), region: "us-west-2", maxAttempts: 1 });
  expect((await west.listTables({})).TableNames).toEqual([]);
  west.destroy();
  await expect(client.transactWriteItems({ TransactItems: [] })).rejects.toThrow(
    'dynamodb has no operation "TransactWriteItems"',
  );
});

test("a table that was being made when the process died is there when it comes back", async () => {
  const stateDir = temporaryFolder();
  const first = await startStack({ stateDir });
  const one = new DynamoDB(clientOptions(first.endpoint));
  await one.createTable({ ...definition("half"), SSESpecification: { Enabled: true } });
  one.destroy();
  await first.close();
  const second = await temporaryStack({ stateDir });
  const two = new DynamoDB(clientOptions(second.endpoint));
  const { Table } = await two.describeTable({ TableName: "half" });
  expect([Table!.TableStatus, Table!.SSEDescription?.Status]).toEqual(["ACTIVE", "ENABLED"]);
  two.destroy();
  await second.close();
});
