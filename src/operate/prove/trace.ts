import { GetItemCommand } from "../../aws/dynamodb.ts";
import { unmarshal } from "../../contract/item.ts";
import { alertTable } from "../../pipeline/settings/functions.ts";
import type { Session } from "../../pipeline/settings/session.ts";
import { readInbox } from "../inbox.ts";
import { tail } from "../tail/tail.ts";
import type { Proof, ProveOptions } from "./prove.ts";

type Traced = Pick<Proof, "turbineId" | "timestamp">;

/** When the proof's spike was scored (epoch milliseconds), and how; undefined when `signal` ends the search. */
export async function scoredBy(
  { clients, names, target }: Session,
  options: ProveOptions,
  signal: AbortSignal,
  proof: Traced,
  began: number,
): Promise<{ arrival: number; score: number } | undefined> {
  const records = tail({
    ...options,
    kinesis: await clients.kinesis(),
    stream: names.outputStream,
    signal,
    poll: target.kind === "local" ? 200 : 1000,
    note: () => {},
    // Clocks of stream and producer may differ a little.
    start: { type: "AT_TIMESTAMP", at: new Date(began - 5_000) },
  });
  for await (const { data, partitionKey, arrival } of records) {
    if (partitionKey !== proof.turbineId && !Buffer.from(data).includes(proof.turbineId)) continue;
    const { turbineId, timestamp, score } = JSON.parse(Buffer.from(data).toString());
    if (turbineId === proof.turbineId && timestamp === proof.timestamp) return { arrival, score };
  }
  return undefined;
}

export async function storedAt(
  { clients, names }: Session,
  { turbineId, timestamp }: Traced,
  { wallClock }: Pick<ProveOptions, "wallClock">,
): Promise<number | undefined> {
  const dynamodb = await clients.dynamodb();
  const Key = { turbine_id: { S: turbineId }, timestamp: { S: timestamp } };
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: names.table, Key, ConsistentRead: true }));
  return Item && wallClock();
}

/** When the delivery took the anomaly up and when it had told it, in epoch milliseconds. */
export async function toldTimes(
  { clients, names, settings }: Session,
  { turbineId, timestamp }: Traced,
): Promise<{ opened?: number; told?: number } | undefined> {
  const dynamodb = await clients.dynamodb();
  const what = settings.notify === "every-reading" ? "reading" : "anomaly";
  const Key = { pk: { S: `turbine#${turbineId}` }, sk: { S: `${what}#${timestamp}` } };
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: alertTable(names), Key, ConsistentRead: true }));
  if (!Item) return undefined;
  const { opened_at, told_at } = unmarshal(Item);
  return {
    ...(opened_at !== undefined && { opened: Date.parse(String(opened_at)) }),
    ...(told_at !== undefined && { told: Date.parse(String(told_at)) }),
  };
}

/** When its mail came into the embedded stack's inbox. */
export async function mailTime({ target }: Session, { turbineId }: Traced): Promise<number | undefined> {
  const mail = (await readInbox(target.endpoint!)).find(({ attributes }) => attributes?.turbineId === turbineId);
  return mail && Date.parse(mail.sent);
}
