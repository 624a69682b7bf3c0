import { BatchWriteItemCommand, type DynamoDBClient, paginateQuery, type WriteRequest } from "../../aws/dynamodb.ts";
import { missingTable } from "../../aws/failures.ts";
import { waitingKey } from "../../contract/alerts.ts";
import { type Item, marshal, unmarshal } from "../../contract/item.ts";
import type { Edge } from "../../io/clock.ts";
import { alertTable } from "../../pipeline/settings/functions.ts";
import type { Session } from "../../pipeline/settings/session.ts";
import { PROOF_LOCATION } from "./turbine.ts";

/**
 * Proofs in the alerts' table: one that failed or was killed leaves readings in the streams that become rows when what was
 * broken works again. So each is noted before it sends anything, and the next ones clean up after it until the streams have
 * let go of its readings.
 */
const NOTES = "prove";
const HOUR_MS = 3_600_000;
const WRITE_MS = 30_000;
/** What BatchWriteItem takes at once. */
const BATCH = 25;
/** Milliseconds before what DynamoDB left unprocessed is sent again. */
const PAUSE_MS = 200;

interface Write {
  table: string;
  request: WriteRequest;
}

export async function noteProof(session: Session, turbineId: string, edge: Edge, now: number): Promise<void> {
  const Item = marshal({ pk: NOTES, sk: turbineId, at: new Date(now).toISOString() });
  await write(session, [{ table: alertTable(session.names), request: { PutRequest: { Item } } }], edge);
}

/** Cleans up again after earlier proofs that didn't come through. `now`: epoch milliseconds. */
export async function removeLeftovers(session: Session, edge: Edge, now: number): Promise<void> {
  const { clients, names, settings } = session;
  const table = alertTable(names);
  const notes = await query(await clients.dynamodb(), table, { pk: NOTES }).catch((error) => {
    throw missingTable(table, error);
  });
  for (const { sk, at } of notes) {
    const expired = now - Date.parse(String(at)) > settings.retentionHours * HOUR_MS;
    await removeProof(session, String(sk), edge, expired);
  }
}

/** Removes the rows and alert items of one proof's turbine, at the end its note where `forget` says so: of one that came through. */
export async function removeProof(session: Session, turbineId: string, edge: Edge, forget: boolean): Promise<void> {
  const { clients, names } = session;
  const dynamodb = await clients.dynamodb();
  const alerts = alertTable(names);
  const waiting = waitingKey(turbineId, "");
  const parts: [string, Record<string, string>, string?][] = [
    [names.table, { turbine_id: turbineId, timestamp: "" }],
    [alerts, { pk: `turbine#${turbineId}`, sk: "" }],
    [alerts, { pk: waiting.pk, sk: waiting.sk }],
    [alerts, { pk: "calm", sk: `${turbineId}#` }],
    // Of other proofs, too: only this one's.
    [alerts, { pk: `gathering#${PROOF_LOCATION}`, sk: "" }, turbineId],
    [alerts, { pk: `digest#${PROOF_LOCATION}`, sk: "" }, turbineId],
  ];
  const writes: Write[] = [];
  for (const [table, keys, mentioned = ""] of parts) {
    for (const item of await query(dynamodb, table, keys)) {
      if (!JSON.stringify(item).includes(mentioned)) continue;
      const Key = marshal(Object.fromEntries(Object.keys(keys).map((name) => [name, item[name]!])));
      writes.push({ table, request: { DeleteRequest: { Key } } });
    }
  }
  await write(session, writes, edge);
  const note = { DeleteRequest: { Key: marshal({ pk: NOTES, sk: turbineId }) } };
  if (forget) await write(session, [{ table: alerts, request: note }], edge);
}

/** Items of a partition whose sort key begins with what `keys` says of it. */
async function query(dynamodb: DynamoDBClient, TableName: string, keys: Record<string, string>): Promise<Item[]> {
  const [[hash, partition], [range, prefix = ""] = []] = Object.entries(keys) as [[string, string], [string, string]?];
  const found: Item[] = [];
  const pages = paginateQuery(
    { client: dynamodb },
    {
      TableName,
      KeyConditionExpression: `#h = :h${prefix && " AND begins_with(#r, :r)"}`,
      ExpressionAttributeNames: { "#h": hash, ...(prefix && { "#r": range! }) },
      ExpressionAttributeValues: { ":h": { S: partition }, ...(prefix && { ":r": { S: prefix } }) },
      ConsistentRead: true,
    },
  );
  for await (const { Items = [] } of pages) found.push(...Items.map(unmarshal));
  return found;
}

/** Sends again what DynamoDB leaves unprocessed. The client itself tries again what was throttled. */
async function write({ clients }: Session, writes: Write[], { now, sleep, random }: Edge): Promise<void> {
  const dynamodb = await clients.dynamodb();
  const until = now() + WRITE_MS;
  for (let i = 0; i < writes.length; i += BATCH) {
    let RequestItems: Record<string, WriteRequest[]> = {};
    for (const { table, request } of writes.slice(i, i + BATCH)) {
      RequestItems[table] = [...(RequestItems[table] ?? []), request];
    }
    while (Object.keys(RequestItems).length > 0) {
      const { UnprocessedItems = {} } = await dynamodb.send(new BatchWriteItemCommand({ RequestItems }));
      RequestItems = UnprocessedItems;
      if (Object.keys(RequestItems).length === 0) break;
      if (now() >= until) throw new Error(`DynamoDB didn't take all of ${writes.length} writes in time`);
      await sleep(PAUSE_MS * (0.5 + random()));
    }
  }
}
