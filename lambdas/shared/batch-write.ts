import { BatchWriteItemCommand, type DynamoDBClient, type WriteRequest } from "@aws-sdk/client-dynamodb";

export interface Write {
  table: string;
  request: WriteRequest;
}

export interface WriteOptions {
  /** Milliseconds left for it all. */
  remaining(): number;
  wait(milliseconds: number): Promise<void>;
  random(): number;
}

/** What BatchWriteItem takes at once. */
const BATCH = 25;
const CONCURRENCY = 4;
const FIRST_BACKOFF = 50;
const LONGEST_BACKOFF = 5_000;
/** Kept back for telling what wasn't written. */
const RESERVE = 2_000;

/**
 * Writes `writes` (no key twice), sends again with growing, jittered pauses what DynamoDB leaves unprocessed, and gives
 * back those that are not written when time runs out. Throws what the service refuses (ValidationException …).
 */
export async function batchWrite(client: DynamoDBClient, writes: Write[], options: WriteOptions): Promise<Set<Write>> {
  const batches: Write[][] = [];
  for (let i = 0; i < writes.length; i += BATCH) batches.push(writes.slice(i, i + BATCH));
  const left = new Set<Write>();
  const worker = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      for (const write of await writeBatch(client, batch, options)) left.add(write);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, batches.length) }, worker));
  return left;
}

async function writeBatch(client: DynamoDBClient, batch: Write[], options: WriteOptions): Promise<Write[]> {
  let pending = batch;
  for (let backoff = FIRST_BACKOFF; ; backoff = Math.min(2 * backoff, LONGEST_BACKOFF)) {
    const tables: Record<string, WriteRequest[]> = {};
    for (const { table, request } of pending) {
      tables[table] ??= [];
      tables[table].push(request);
    }
    try {
      const { UnprocessedItems = {} } = await client.send(new BatchWriteItemCommand({ RequestItems: tables }));
      const unprocessed = new Set(
        Object.entries(UnprocessedItems).flatMap(([table, requests]) => requests.map((r) => identity(table, r))),
      );
      pending = pending.filter(({ table, request }) => unprocessed.has(identity(table, request)));
    } catch (error) {
      if (!passing(error)) throw error;
    }
    if (pending.length === 0) return [];
    const pause = backoff * (0.5 + options.random() / 2);
    if (options.remaining() < pause + RESERVE) return pending;
    await options.wait(pause);
  }
}

/** All of the batch was throttled, or the service or the line failed: worth another try. */
function passing(error: unknown): boolean {
  const { name = "", $metadata, $retryable } = error as { name?: string; $metadata?: any; $retryable?: unknown };
  if (/Throttl|ProvisionedThroughput|RequestLimit|TooManyRequests|InternalServer|ServiceUnavailable/.test(name)) {
    return true;
  }
  if ($retryable || $metadata?.httpStatusCode >= 500) return true;
  return /Timeout|ECONNRESET|ECONNREFUSED|EPIPE|socket hang up/i.test(`${name} ${(error as any).code ?? ""}`);
}

/** A write by its table and key: the answer's requests are other objects than ours. */
function identity(table: string, request: WriteRequest): string {
  const at = request.PutRequest?.Item ?? request.DeleteRequest?.Key ?? {};
  const key = at.pk ? [at.pk.S, at.sk?.S] : [at.turbine_id?.S, at.timestamp?.S];
  return JSON.stringify([table, ...key]);
}
