import type { AttributeValue, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { unmarshal } from "../../lambdas/shared/item.ts";
import { partitions } from "../../lambdas/shared/partition.ts";
import { type Row, rowOf } from "../../lambdas/shared/row.ts";
import { DescribeTableCommand, QueryCommand, ScanCommand } from "../aws/dynamodb.ts";
import { WindopsError } from "../io/errors.ts";
import { ANOMALY_INDEX, ANOMALY_INDEX_SCORE } from "./table-schema.ts";

export interface ScanQuery {
  minScore: number;
  /** Event time from which on, ISO 8601 UTC. */
  since?: string;
  location?: string;
  /** The highest so many. */
  limit?: number;
  /** Read the whole table even where the index would do. */
  full?: boolean;
}

export interface ScanOptions extends ScanQuery {
  dynamodb: Pick<DynamoDBClient, "send">;
  table: string;
  signal: AbortSignal;
  /** Items looked at, and about how many there are. */
  onProgress?(looked: number, of: number): void;
}

export interface ScanResult {
  rows: Row[];
  /** Whether the sparse index served it, so that it cost what it found. */
  indexed: boolean;
  looked: number;
}

const SEGMENTS = 4;
/** Rows looked at to learn whether the table holds rows of an older pipeline, which the index doesn't know. */
const SAMPLE = 25;

/**
 * Rows with a score of at least `minScore`, highest first, then by time, all pages. From the index where every row that can match is in it; else
 * from the whole table, whose older rows may hold their numbers as text. Throws `WindopsError` where there's no table.
 */
export async function findAnomalies(options: ScanOptions): Promise<ScanResult> {
  const { dynamodb, table } = options;
  const description = await describe(dynamodb, table);
  const indexed =
    !options.full &&
    options.minScore >= ANOMALY_INDEX_SCORE &&
    (description.GlobalSecondaryIndexes ?? []).some(
      ({ IndexName, IndexStatus }) => IndexName === ANOMALY_INDEX && IndexStatus === "ACTIVE",
    ) &&
    (await onlyIndexedRows(dynamodb, table));
  const best = new Best(options.limit ?? Infinity);
  let looked = 0;
  const take = (items: Record<string, AttributeValue>[] = [], scanned = 0) => {
    looked += scanned;
    for (const item of items) {
      const row = rowOf(unmarshal(item));
      if (row && matches(row, options)) best.add(row);
    }
    options.onProgress?.(looked, description.ItemCount ?? 0);
  };
  if (indexed) await fromIndex(options, take);
  else await fromTable(options, take);
  return { rows: best.rows(), indexed, looked };
}

type Take = (items: Record<string, AttributeValue>[] | undefined, scanned: number | undefined) => void;

async function fromIndex({ dynamodb, table, minScore, since, signal }: ScanOptions, take: Take): Promise<void> {
  const queue = partitions();
  await parallel(SEGMENTS, async () => {
    for (let partition = queue.shift(); partition !== undefined; partition = queue.shift()) {
      let start: Record<string, AttributeValue> | undefined;
      do {
        signal.throwIfAborted();
        const page = await dynamodb.send(
          new QueryCommand({
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
          }),
        );
        take(page.Items, page.ScannedCount);
        start = page.LastEvaluatedKey;
      } while (start);
    }
  });
}

async function fromTable({ dynamodb, table, minScore, signal }: ScanOptions, take: Take): Promise<void> {
  let segment = 0;
  await parallel(SEGMENTS, async () => {
    const Segment = segment++;
    let start: Record<string, AttributeValue> | undefined;
    do {
      signal.throwIfAborted();
      const page = await dynamodb.send(
        new ScanCommand({
          TableName: table,
          Segment,
          TotalSegments: SEGMENTS,
          ConsistentRead: true,
          FilterExpression: "anomaly_score >= :min OR attribute_type(anomaly_score, :text)",
          ExpressionAttributeValues: { ":min": { N: String(minScore) }, ":text": { S: "S" } },
          ...(start && { ExclusiveStartKey: start }),
        }),
      );
      take(page.Items, page.ScannedCount);
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
    if ((error as Error).name !== "ResourceNotFoundException") throw error;
    throw new WindopsError("E_NO_TABLE", `There is no table "${table}".`, {
      hint: "Run `windops setup`.",
      cause: error,
    });
  }
}

async function onlyIndexedRows(dynamodb: ScanOptions["dynamodb"], table: string): Promise<boolean> {
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: table, Limit: SAMPLE }));
  return Items.every(({ anomaly_score, anomaly_partition }) => {
    if (anomaly_score?.N === undefined) return false;
    return Number(anomaly_score.N) < ANOMALY_INDEX_SCORE || anomaly_partition !== undefined;
  });
}
