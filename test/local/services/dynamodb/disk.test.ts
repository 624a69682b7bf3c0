import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { afterAll, expect, test } from "vitest";
import { launchStack, stopStack } from "../../../../src/local/process/launch.ts";
import { clientOptions, temporaryFolder } from "../../stack-fixture.ts";

// A write that a full disk cuts in the middle tears LevelDB's log: what it writes behind the tear, it can't read again.
// Linux's limit on a file's size plays the full disk: it cuts the write just so, and can be lifted from outside.

const stateDir = temporaryFolder();
afterAll(async () => {
  await stopStack(stateDir);
  rmSync(stateDir, { recursive: true, force: true });
});

const limitFiles = (pid: number, bytes: number | "unlimited") =>
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);

const canLimit = (() => {
  try {
    execFileSync("prlimit", ["--version"], { stdio: "ignore" });
    return process.platform === "linux";
  } catch {
    return false;
  }
})();

test.runIf(canLimit)("a full disk and then kill -9: every acknowledged item is there", async () => {
  const start = () => launchStack({ env: process.env, stateDir, port: 0 });
  let stack = await start();
  const acknowledged = new Set<string>();
  const put = async (id: string, maxAttempts: number) => {
    const client = new DynamoDB({ ...clientOptions(stack.endpoint), maxAttempts });
    const Item = { id: { S: id }, pad: { S: "x".repeat(900) } };
    try {
      await client.putItem({ TableName: "items", Item });
      acknowledged.add(id);
      return true;
    } catch {
      return false;
    } finally {
      client.destroy();
    }
  };
  const client = new DynamoDB(clientOptions(stack.endpoint));
  await client.createTable({
    TableName: "items",
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  });
  const active = async () => (await client.describeTable({ TableName: "items" })).Table!.TableStatus === "ACTIVE";
  await expect.poll(active).toBe(true);
  for (let i = 0; i < 20; i++) expect(await put(`before-${i}`, 3)).toBe(true);

  const folder = join(stateDir, "data", "dynamodb", "us-east-1");
  const sizes = readdirSync(folder)
    .filter((name) => name.endsWith(".log"))
    .map((name) => statSync(join(folder, name)).size);
  limitFiles(stack.pid, Math.max(...sizes) + 300);
  expect(await put("cut", 1)).toBe(false);
  limitFiles(stack.pid, "unlimited");
  for (let i = 0; i < 60; i++) expect(await put(`after-${i}`, 5)).toBe(true);
  client.destroy();

  process.kill(stack.pid, "SIGKILL");
  stack = await start();
  const again = new DynamoDB(clientOptions(stack.endpoint));
  const { Items } = await again.scan({ TableName: "items" });
  again.destroy();
  const there = new Set(Items!.map((item) => item.id!.S!));
  expect([...acknowledged].filter((id) => !there.has(id))).toEqual([]);
});
