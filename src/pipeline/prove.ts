import { unmarshal } from "../../lambdas/shared/item.ts";
import { waitingKey } from "../../lambdas/shared/waiting.ts";
import { BatchWriteItemCommand, type DynamoDBClient, GetItemCommand, QueryCommand } from "../aws/dynamodb.ts";
import type { Edge } from "../io/edge.ts";
import { produce, type Reading } from "../simulate/producer.ts";
import { wind } from "../simulate/wind.ts";
import { alertTable } from "./functions.ts";
import { readInbox } from "./inbox.ts";
import type { Session } from "./session.ts";
import { tail } from "./tail.ts";

/** In the order of the way. */
export type Hop = "acknowledged" | "scored" | "stored" | "claimed" | "published" | "inbox";

export interface Proof {
  ok: boolean;
  turbineId: string;
  /** Event time of the injected anomaly. */
  timestamp: string;
  /** Milliseconds from the acknowledgement to each hop that was reached; the inbox only on the embedded stack. */
  hops: { hop: Hop; ms: number }[];
  score?: number;
  failed?: { hop: Hop; look: string };
}

export interface ProveOptions extends Edge {
  signal: AbortSignal;
  wallClock(): number;
  /** Milliseconds for the whole way. */
  timeout: number;
  /** Names this proof's turbine. */
  id: string;
  onHop?(hop: Hop, milliseconds: number): void;
}

/** Ordinary readings first: a forest that knows nothing gives no score. */
const WARM_UP = 192;
const SPIKE = 60;

const LOOK: Record<Hop, string> = {
  acknowledged: "Is the stream there and has it room? windops status",
  scored: "Does the application run? windops status, windops logs flink",
  stored: "Do the trigger and the function work? windops logs AnalyticsDestinationFunction; quarantine/ in the bucket",
  claimed: "Does the destination call the delivery? windops logs AnalyticsDestinationFunction",
  published: "Does the delivery reach the topic? windops logs AnomalyMessageDeliveryFunction",
  inbox: "Has somebody subscribed and confirmed? windops subscribe EMAIL, windops local inbox",
};

/**
 * Sends ordinary wind and one spike of a turbine that exists for this proof only, follows the spike through every hop and
 * removes what it left behind. The real turbines' forests never see it; subscribers get its notification.
 */
export async function prove(session: Session, options: ProveOptions): Promise<Proof> {
  const { names, target } = session;
  const local = target.kind === "local";
  const turbineId = `windops-prove-${options.id}`;
  const spike = spikeOf(turbineId, options.wallClock());
  const proof: Proof = { ok: false, turbineId, timestamp: spike.at(-1)!.timestamp, hops: [] };
  const stop = new AbortController();
  const end = () => stop.abort();
  options.signal.addEventListener("abort", end, { once: true });
  try {
    const began = options.wallClock();
    const { acknowledged } = await produce(spike, {
      ...options,
      kinesis: await session.clients.kinesis(),
      stream: names.inputStream,
      // In one go: the stream keeps the order of requests.
      rate: Infinity,
    });
    const origin = options.wallClock();
    const failed = (hop: Hop): Proof => ({ ...proof, failed: { hop, look: LOOK[hop] } });
    if (acknowledged < spike.length) return failed("acknowledged");
    const reach = (hop: Hop, at: number) => {
      const ms = Math.max(0, at - origin);
      proof.hops.push({ hop, ms });
      options.onHop?.(hop, ms);
    };
    reach("acknowledged", origin);
    const deadline = options.now() + options.timeout;
    const scored = await within(deadline, options, stop, () => scoredBy(session, options, stop.signal, proof, began));
    const looks: [Hop, () => Promise<number | undefined>][] = [
      ["stored", () => storedAt(session, proof, options)],
      ["claimed", () => alertTime(session, proof, "opened_at")],
      ["published", () => alertTime(session, proof, "told_at")],
    ];
    if (local) looks.push(["inbox", () => mailTime(session, proof)]);
    if (scored === undefined) return failed("scored");
    reach("scored", scored.arrival);
    proof.score = scored.score;
    for (const [hop, look] of looks) {
      let at = await look();
      while (at === undefined && options.now() < deadline && !options.signal.aborted) {
        await options.sleep(local ? 25 : 250);
        at = await look();
      }
      options.signal.throwIfAborted();
      if (at === undefined) return failed(hop);
      reach(hop, at);
    }
    // Seen by asking again and again; it was there before the delivery had anything to claim.
    const [stored, claimed] = ["stored", "claimed"].map((name) => proof.hops.find(({ hop }) => hop === name)!);
    stored!.ms = Math.min(stored!.ms, claimed!.ms);
    proof.ok = true;
    return proof;
  } finally {
    options.signal.removeEventListener("abort", end);
    stop.abort();
    await cleanUp(session, turbineId);
  }
}

function spikeOf(turbineId: string, now: number): Reading[] {
  const readings: Reading[] = [];
  const start = new Date(now - WARM_UP * 1000);
  for (const { speed, timestamp } of wind({ turbines: 1, seed: 1, cadenceSeconds: 1, start })) {
    const last = readings.length === WARM_UP;
    readings.push({ turbineId, location: "windops prove", speed: last ? SPIKE : speed, timestamp });
    if (last) return readings;
  }
  return readings;
}

interface ScoredAt {
  arrival: number;
  score: number;
}

/** The first scored reading of the proof's turbine that is an anomaly. */
async function scoredBy(
  { clients, names, settings, target }: Session,
  options: ProveOptions,
  signal: AbortSignal,
  proof: Proof,
  began: number,
): Promise<ScoredAt | undefined> {
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
    if (turbineId !== proof.turbineId || timestamp !== proof.timestamp) continue;
    return score >= settings.minScore ? { arrival, score } : undefined;
  }
  return undefined;
}

async function within<T>(
  deadline: number,
  { now, sleep }: Edge,
  stop: AbortController,
  work: () => Promise<T | undefined>,
): Promise<T | undefined> {
  return Promise.race([
    work(),
    sleep(deadline - now()).then(() => {
      stop.abort();
      return undefined;
    }),
  ]);
}

async function storedAt({ clients, names }: Session, proof: Proof, { wallClock }: ProveOptions) {
  const dynamodb = await clients.dynamodb();
  const Key = { turbine_id: { S: proof.turbineId }, timestamp: { S: proof.timestamp } };
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: names.table, Key, ConsistentRead: true }));
  return Item && wallClock();
}

async function alertTime({ clients, names }: Session, proof: Proof, attribute: string): Promise<number | undefined> {
  const dynamodb = await clients.dynamodb();
  const Key = { pk: { S: `turbine#${proof.turbineId}` }, sk: { S: `anomaly#${proof.timestamp}` } };
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: alertTable(names), Key, ConsistentRead: true }));
  const time = Item && unmarshal(Item)[attribute];
  return time === undefined ? undefined : Date.parse(String(time));
}

async function mailTime({ target }: Session, { turbineId }: Proof): Promise<number | undefined> {
  const mail = (await readInbox(target.endpoint!)).find(({ attributes }) => attributes?.turbineId === turbineId);
  return mail && Date.parse(mail.sent);
}

/** Removes the proof's rows and what the delivery noted of it. */
async function cleanUp({ clients, names }: Session, turbineId: string): Promise<void> {
  const dynamodb = await clients.dynamodb();
  const { pk, sk } = waitingKey(turbineId, "");
  await Promise.allSettled([
    removeAll(dynamodb, names.table, ["turbine_id", "timestamp"], turbineId),
    removeAll(dynamodb, alertTable(names), ["pk", "sk"], `turbine#${turbineId}`),
    removeAll(dynamodb, alertTable(names), ["pk", "sk"], pk, sk),
    removeAll(dynamodb, alertTable(names), ["pk", "sk"], "calm", `${turbineId}#`),
  ]);
}

async function removeAll(
  dynamodb: DynamoDBClient,
  TableName: string,
  [hash, range]: [string, string],
  partition: string,
  prefix?: string,
): Promise<void> {
  let start: Record<string, any> | undefined;
  do {
    const page = await dynamodb.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: `#h = :h${prefix === undefined ? "" : " AND begins_with(#r, :r)"}`,
        ProjectionExpression: "#h, #r",
        ExpressionAttributeNames: { "#h": hash, "#r": range },
        ExpressionAttributeValues: { ":h": { S: partition }, ...(prefix !== undefined && { ":r": { S: prefix } }) },
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
    const items = page.Items ?? [];
    for (let i = 0; i < items.length; i += 25) {
      const requests = items.slice(i, i + 25).map((Key) => ({ DeleteRequest: { Key } }));
      await dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
    }
    start = page.LastEvaluatedKey;
  } while (start);
}
