import { setTimeout as sleep } from "node:timers/promises";
import { QueryCommand } from "../../src/aws/dynamodb.ts";
import { partitions } from "../../src/contract/partition.ts";
import { alertTable } from "../../src/pipeline/settings/functions.ts";
import type { Stage } from "./play.ts";

const TIMEOUT_MS = 600_000;
/** Looks in a row at which nothing was under way: a batch can be between two hops at one. */
const CALM_LOOKS = 10;
const LOOK_EVERY_MS = 100;

/** Resolves when nothing is under way any more (true), or when that takes too long (false). */
export async function drained(stage: Stage, log: (line: string) => void): Promise<boolean> {
  let calm = 0;
  let said = 0;
  for (const end = Date.now() + TIMEOUT_MS; Date.now() < end && !stage.signal.aborted; await sleep(LOOK_EVERY_MS)) {
    const left = await underWay(stage).catch((error) => `no answer: ${error}`);
    calm = left === undefined ? calm + 1 : 0;
    if (calm >= CALM_LOOKS) return true;
    if (left !== undefined && Date.now() > said + 10_000) {
      said = Date.now();
      log(`draining: ${left}`);
    }
  }
  return false;
}

async function underWay({ stack, clients, names }: Stage): Promise<string | undefined> {
  const page = async (path: string) => (await fetch(`${stack.endpoint}/_windops/${path}`)).json() as Promise<any[]>;
  const [application] = await page(`application?name=${names.application}`);
  if (application?.millisBehindLatest !== 0) return `scoring is ${application?.millisBehindLatest} ms behind`;
  const [mapping] = await page("event-source-mappings");
  const ages = Object.values((mapping?.Shards ?? {}) as Record<string, any>).map((shard) => shard.iteratorAgeMs);
  if (ages.length === 0 || ages.some((age) => age !== 0)) return `storing is ${Math.max(...ages)} ms behind`;
  const dynamodb = await clients.dynamodb();
  for (const partition of partitions()) {
    const { Count } = await dynamodb.send(
      new QueryCommand({
        TableName: alertTable(names),
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": { S: `waiting#${partition}` } },
        Select: "COUNT",
        ConsistentRead: true,
      }),
    );
    if (Count) return "anomalies wait to be told";
  }
  return undefined;
}
