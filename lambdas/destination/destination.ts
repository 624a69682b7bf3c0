import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { putRequest, waitingItem } from "../../src/contract/alerts.ts";
import type { DestinationSettings } from "../../src/contract/environment.ts";
import { type Row, rowItem } from "../../src/contract/row.ts";
import { batchWrite, type Write, type WriteOptions } from "../shared/batch-write.ts";
import type { BatchResponse, KinesisEvent, KinesisRecord } from "../shared/lambda.ts";
import { parseRecord, recordsIn } from "./record.ts";

export interface DestinationParts extends WriteOptions {
  settings: DestinationSettings;
  dynamodb: DynamoDBClient;
  /** Keeps whole what can't be a row. */
  quarantine(record: KinesisRecord, why: { error: string; raw: Uint8Array }): Promise<void>;
  /** Asks the delivery to look at these turbines now. */
  alert(turbines: string[]): Promise<void>;
  log(line: string): void;
}

/** A row's writes with the records that they stand for: duplicates share them. */
interface Entry {
  row: Row;
  records: KinesisRecord[];
}

interface Unusable {
  record: KinesisRecord;
  error: string;
  raw: Uint8Array;
}

/**
 * Stores a batch of scored readings: rows by turbine and event time, anomalies also for the delivery. A record is
 * acknowledged only when its row (or, where it can't be one, its bytes in quarantine) is stored; Lambda sends the others
 * again. Writing a record again writes the same.
 */
export async function store(event: KinesisEvent, parts: DestinationParts): Promise<BatchResponse> {
  const failed = new Set<KinesisRecord>();
  const entries = new Map<string, Entry>();
  const unusable: Unusable[] = [];
  for (const record of event.Records.flatMap(recordsIn)) {
    const parsed = parseRecord(record);
    if ("row" in parsed) add(entries, parsed.row, record);
    else unusable.push({ record, ...parsed });
  }
  const refused: Unusable[] = [];
  const { minScore } = parts.settings;
  const alarming = (entry: Entry) => entry.row.score >= minScore;
  const all = [...entries.values()];
  await Promise.all([
    keep(unusable, parts, failed),
    // Apart, so that no alert waits for the rows of ordinary readings.
    alarm(all.filter(alarming), parts, refused, failed),
    write(
      all.filter((entry) => !alarming(entry)),
      parts,
      refused,
      failed,
    ),
  ]);
  await keep(refused, parts, failed);

  const again = new Set([...failed].map(({ kinesis }) => kinesis.sequenceNumber));
  return { batchItemFailures: [...again].map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Stores anomalous rows and has the delivery look at their turbines. */
async function alarm(
  entries: Entry[],
  parts: DestinationParts,
  refused: Unusable[],
  failed: Set<KinesisRecord>,
): Promise<void> {
  await write(entries, parts, refused, failed);
  const gone = new Set(refused.map(({ record }) => record));
  const stored = entries.filter(({ records }) => records.every((r) => !failed.has(r) && !gone.has(r)));
  if (stored.length === 0) return;
  // Not a reason to fail the batch: what waits is on disk, and the delivery looks every minute.
  await parts
    .alert([...new Set(stored.map(({ row }) => row.turbineId))])
    .catch((error) => parts.log(`The delivery couldn't be called: ${error}`));
}

/** Of two readings of one turbine and time the higher score stays: a duplicate doesn't hide an anomaly. */
function add(entries: Map<string, Entry>, row: Row, record: KinesisRecord): void {
  const key = JSON.stringify([row.turbineId, row.timestamp]);
  const entry = entries.get(key);
  if (!entry) {
    entries.set(key, { row, records: [record] });
    return;
  }
  entry.records.push(record);
  if (row.score >= entry.row.score) entry.row = row;
}

async function write(
  entries: Entry[],
  parts: DestinationParts,
  refused: Unusable[],
  failed: Set<KinesisRecord>,
): Promise<void> {
  if (entries.length === 0) return;
  const owners = new Map<Write, Entry>();
  for (const entry of entries) {
    for (const one of writesOf(entry.row, parts.settings)) owners.set(one, entry);
  }
  try {
    const left = await batchWrite(parts.dynamodb, [...owners.keys()], parts);
    for (const one of left) for (const record of owners.get(one)!.records) failed.add(record);
  } catch (error) {
    if (!isRefusal(error)) {
      parts.log(`Nothing of ${entries.length} rows counts as stored: ${error}`);
      for (const { records } of entries) for (const record of records) failed.add(record);
      return;
    }
    // One bad row fails its whole batch: halve until it stands alone, so that poison can't block the shard.
    if (entries.length === 1) {
      const reason = `DynamoDB refuses the row: ${(error as Error).message}`;
      for (const record of entries[0]!.records) {
        refused.push({ record, error: reason, raw: Buffer.from(record.kinesis.data, "base64") });
      }
      return;
    }
    const middle = Math.ceil(entries.length / 2);
    await write(entries.slice(0, middle), parts, refused, failed);
    await write(entries.slice(middle), parts, refused, failed);
  }
}

function writesOf(row: Row, { table, alertTable, minScore }: DestinationSettings): Write[] {
  const writes: Write[] = [{ table, request: putRequest(rowItem(row, minScore)) }];
  if (row.score >= minScore) writes.push({ table: alertTable, request: putRequest(waitingItem(row)) });
  return writes;
}

async function keep(unusable: Unusable[], parts: DestinationParts, failed: Set<KinesisRecord>): Promise<void> {
  await Promise.all(
    unusable.map(async ({ record, error, raw }) => {
      try {
        await parts.quarantine(record, { error, raw });
        parts.log(`Quarantined ${record.eventID}: ${error}`);
      } catch (cause) {
        failed.add(record);
        parts.log(`Couldn't quarantine ${record.eventID}: ${cause}`);
      }
    }),
  );
}

const isRefusal = (error: unknown): boolean =>
  /ValidationException|ItemCollectionSizeLimit/.test((error as Error).name);
