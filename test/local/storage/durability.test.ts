import { rmSync } from "node:fs";
import { DynamoDB, type ScanCommandOutput } from "@aws-sdk/client-dynamodb";
import { type GetRecordsCommandOutput, Kinesis } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, expect, test } from "vitest";
import { launchStack, stopStack } from "../../../src/local/process/launch.ts";
import { newStream, trimHorizon } from "../services/kinesis/client.ts";
import { clientOptions, temporaryFolder } from "../stack-fixture.ts";

// The built stack as a process, killed under load again and again.

const ROUNDS = 6;
const WRITERS = 4;
const stateDir = temporaryFolder();
afterAll(async () => {
  await stopStack(stateDir);
  rmSync(stateDir, { recursive: true, force: true });
});

test(`kill -9 under load, ${ROUNDS} times: every acknowledged record and item is there once, in order, none torn`, async () => {
  const acknowledged = new Map<string, string>();
  const items = new Set<string>();
  let n = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const stack = await launchStack({ env: process.env, stateDir, port: 0, limits: false });
    const handler = { maxAttempts: 1, requestHandler: new NodeHttpHandler({ requestTimeout: 5000 }) };
    const client = new Kinesis({ ...clientOptions(stack.endpoint), ...handler });
    const tables = new DynamoDB({ ...clientOptions(stack.endpoint), ...handler });
    if (round === 0) {
      await newStream(client, "load", 2);
      await tables.createTable({
        TableName: "load",
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      });
      await expect
        .poll(async () => (await tables.describeTable({ TableName: "load" })).Table!.TableStatus)
        .toBe("ACTIVE");
    }
    const target = acknowledged.size + 1500;
    let killed = false;
    const write = async () => {
      while (!killed) {
        const Records = Array.from({ length: 50 }, () => ({ Data: Buffer.from(`r${n++}`), PartitionKey: `k${n % 7}` }));
        const answer = await client.putRecords({ StreamName: "load", Records }).catch(() => undefined);
        for (const [i, r] of answer?.Records?.entries() ?? []) {
          if (r.SequenceNumber) acknowledged.set(Records[i]!.Data.toString(), r.SequenceNumber);
        }
        const id = `i${n}`;
        await tables.putItem({ TableName: "load", Item: { id: { S: id } } }).then(
          () => items.add(id),
          () => undefined,
        );
        // Whatever is under way in the other writers is cut short.
        if (acknowledged.size >= target && !killed) {
          killed = true;
          process.kill(stack.pid, "SIGKILL");
        }
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, write));
    client.destroy();
    tables.destroy();
  }

  const stack = await launchStack({ env: process.env, stateDir, port: 0, limits: false });
  const client = new Kinesis({ ...clientOptions(stack.endpoint), requestHandler: new NodeHttpHandler() });
  const stored: [string, string][] = [];
  for (const shard of [0, 1]) {
    const numbers: bigint[] = [];
    let next: string | undefined = await trimHorizon(client, "load", shard);
    for (let behind = 1; behind > 0; ) {
      const page: GetRecordsCommandOutput = await client.getRecords({ ShardIterator: next });
      for (const r of page.Records!) {
        stored.push([Buffer.from(r.Data!).toString(), r.SequenceNumber!]);
        numbers.push(BigInt(r.SequenceNumber!));
      }
      next = page.NextShardIterator;
      behind = page.MillisBehindLatest!;
    }
    expect(numbers).toEqual([...numbers].sort((a, b) => (a < b ? -1 : 1)));
  }
  client.destroy();
  const there = new Map(stored);
  expect(acknowledged.size).toBeGreaterThanOrEqual(ROUNDS * 1500);
  expect([...acknowledged].filter(([data, number]) => there.get(data) !== number)).toEqual([]);
  expect(there.size).toBe(stored.length);

  const tables = new DynamoDB(clientOptions(stack.endpoint));
  const rows = new Set<string>();
  let from: ScanCommandOutput["LastEvaluatedKey"];
  do {
    const page: ScanCommandOutput = await tables.scan({
      TableName: "load",
      ExclusiveStartKey: from,
    });
    for (const item of page.Items!) rows.add(item.id!.S!);
    from = page.LastEvaluatedKey;
  } while (from);
  tables.destroy();
  expect([...items].filter((id) => !rows.has(id))).toEqual([]);
});
