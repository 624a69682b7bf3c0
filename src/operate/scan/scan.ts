import type { AttributeValue, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DescribeTableCommand, QueryCommand, ScanCommand } from "../../aws/dynamodb.ts";
import { missingTable } from "../../aws/failures.ts";
import { unmarshal } from "../../contract/item.ts";
import { partitions } from "../../contract/partition.ts";
import { type Row, rowOf } from "../../contract/row.ts";
import { ANOMALY_INDEX, ANOMALY_INDEX_SCORE } from "../../contract/table-schema.ts";
import type { Edge } from "../../io/clock.ts";
import { ReadPace } from "./read-pace.ts";

export interface ScanQuery {
  minScore: number;
  /** Event time from which on, ISO 8601 UTC. */
  since?: string;
  location?: string;
  /** Read the whole table even where the index would do. */
  full?: boolean;
}

export interface ScanOptions extends ScanQuery, Edge {
  dynamodb: Pick<DynamoDBClient, "send">;
  table: string;
  signal: AbortSignal;
  /** Read units a second at most (8 KB each); what the table refuses slows it further. */
  readUnits?: number;
  /**
   * Items looked at, and about how many there are: DynamoDB counts a table's items every six hours, an index's share of them nobody
   * knows beforehand.
   */
  onProgress?(looked: number, of: number | undefined): void;
}

export interface ScanCost {
  /** Whether the sparse index served it, so that it cost what it found. */
  indexed: boolean;
  looked: number;
  /** Read units. */
  units: number;
}

export interface ScanResult extends ScanCost {
  rows: Row[];
}

/**
 * A sixth of what a new table on demand takes (12,000: docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html),
 * below the 3,000 of one partition: the pipeline beside it isn't refused its reads. On paper a million rows are through in 7 s.
 */
const READ_UNITS = 2000;
const SEGMENTS = 4;
/** Rows looked at to learn whether the table holds rows of an older pipeline, which the index doesn't know. */
const SAMPLE = 25;

/**
 * Rows with a score of at least `minScore`, highest first, then by time: the highest `limit`, or all of them, which are then in memory.
 * Throws `WindopsError` where there's no table.
 */
export async function findAnomalies(options: ScanOptions & { limit?: number }): Promise<ScanResult> {
  const best = new Best(options.limit ?? Infinity);
  const cost = await eachAnomaly(options, (row) => best.add(row));
  return { rows: best.rows(), ...cost };
}

/**
 * Each row with a score of at least `minScore`, in no order, all pages; no more than a few pages are in memory. From the index where every
 * row that can match is in it; else from the whole table, whose older rows may hold their numbers as text. Reads on when what `found` gives back is
 * settled. Throws `WindopsError` where there's no table.
 */
export async function eachAnomaly(options: ScanOptions, found: (row: Row) => unknown): Promise<ScanCost> {
  const { dynamodb, table, minScore, signal, readUnits = READ_UNITS } = options;
  const description = await describe(dynamodb, table);
  const pace = new ReadPace(readUnits, options, signal);
  const indexed =
    !options.full &&
    minScore >= ANOMALY_INDEX_SCORE &&
    (description.GlobalSecondaryIndexes ?? []).some(
      ({ IndexName, IndexStatus }) => IndexName === ANOMALY_INDEX && IndexStatus === "ACTIVE",
    ) &&
    (await onlyIndexedRows(dynamodb, table, pace));
  let looked = 0;
  const take: Take = async (items = [], scanned = 0) => {
    looked += scanned;
    for (const item of items) {
      const row = rowOf(unmarshal(item));
      if (row && matches(row, options)) await found(row);
    }
    options.onProgress?.(looked, (!indexed && description.ItemCount) || undefined);
  };
  if (indexed) await fromIndex(options, pace, take);
  else await fromTable(options, pace, take);
  return { indexed, looked, units: pace.units };
}

type Take = (items: Record<string, AttributeValue>[] | undefined, scanned: number | undefined) => Promise<void>;

async function fromIndex({ dynamodb, table, minScore, since }: ScanOptions, pace: ReadPace, take: Take): Promise<void> {
  const queue = partitions();
  await parallel(SEGMENTS, async () => {
    for (let partition = queue.shift(); partition !== undefined; partition = queue.shift()) {
      let start: Record<string, AttributeValue> | undefined;
      do {
        const query = new QueryCommand({
          ReturnConsumedCapacity: "TOTAL",
          TableName: table,
          IndexName: ANOMALY_INDEX,
          KeyConditionExpression: `anomaly_partition = :p${since === undefined ? "" : " AND #timestamp >= :since"}`,
          FilterExpression: "anomaly_score >= :min",
          ...(since !== undefined && { ExpressionAttributeNames: { "#timestamp": "timestamp" } }),
          ExpressionAttributeValues: {
            ":p": { S: partition },
            ":min": { N: String(minScore) },
            ...(since !== undefined && { ":since": { S: since } }),
          },
          ...(start && { ExclusiveStartKey: start }),
        });
        const page = await pace.page(() => dynamodb.send(query));
        await take(page.Items, page.ScannedCount);
        start = page.LastEvaluatedKey;
      } while (start);
    }
  });
}

async function fromTable({ dynamodb, table, minScore }: ScanOptions, pace: ReadPace, take: Take): Promise<void> {
  let segment = 0;
  await parallel(SEGMENTS, async () => {
    const Segment = segment++;
    let start: Record<string, AttributeValue> | undefined;
    do {
      // Reads that may be a second behind cost half.
      const scan = new ScanCommand({
        ReturnConsumedCapacity: "TOTAL",
        TableName: table,
        Segment,
        TotalSegments: SEGMENTS,
        FilterExpression: "anomaly_score >= :min OR attribute_type(anomaly_score, :text)",
        ExpressionAttributeValues: { ":min": { N: String(minScore) }, ":text": { S: "S" } },
        ...(start && { ExclusiveStartKey: start }),
      });
      const page = await pace.page(() => dynamodb.send(scan));
      await take(page.Items, page.ScannedCount);
      // An empty page isn't the end.
      start = page.LastEvaluatedKey;
    } while (start);
  });
}

function matches(row: Row, { minScore, since, location }: ScanQuery): boolean {
  return (
    row.score >= minScore &&
    (since === undefined || row.timestamp >= since) &&
    (location === undefined || row.location === location)
  );
}

/** The highest rows seen so far, in memory for about twice as many. */
class Best {
  #rows: Row[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(row: Row): void {
    this.#rows.push(row);
    if (this.#rows.length > 2 * this.#limit + 1000) this.#rows = this.rows();
  }

  rows(): Row[] {
    return this.#rows
      .toSorted((a, b) => b.score - a.score || (a.timestamp < b.timestamp ? -1 : 1))
      .slice(0, this.#limit === Infinity ? undefined : this.#limit);
  }
}

const parallel = (workers: number, work: () => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: workers }, work));

async function describe(dynamodb: ScanOptions["dynamodb"], table: string) {
  try {
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table }));
    return Table ?? {};
  } catch (error) {
    throw missingTable(table, error);
  }
}

async function onlyIndexedRows(dynamodb: ScanOptions["dynamodb"], table: string, pace: ReadPace): Promise<boolean> {
  const sample = new ScanCommand({ TableName: table, Limit: SAMPLE, ReturnConsumedCapacity: "TOTAL" });
  const { Items = [] } = await pace.page(() => dynamodb.send(sample));
  return Items.every(({ anomaly_score, anomaly_partition }) => {
    if (anomaly_score?.N === undefined) return false;
    return Number(anomaly_score.N) < ANOMALY_INDEX_SCORE || anomaly_partition !== undefined;
  });
}
