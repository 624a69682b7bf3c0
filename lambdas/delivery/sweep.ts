import { type DynamoDBClient, QueryCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { putRequest, waitingItem } from "../../src/contract/alerts.ts";
import type { DeliverySettings } from "../../src/contract/environment.ts";
import { unmarshal } from "../../src/contract/item.ts";
import { partitions } from "../../src/contract/partition.ts";
import { type Row, rowOf } from "../../src/contract/row.ts";
import { batchWrite, type WriteOptions } from "../shared/batch-write.ts";
import type { AlertTable } from "./alert-table.ts";
import { runsOf, touching, turbineKey } from "./ledger.ts";

/** Turbines with readings that wait to be told. */
export async function waitingTurbines(alerts: AlertTable): Promise<Set<string>> {
  const found = new Set<string>();
  await Promise.all(
    partitions().map(async (partition) => {
      for (const item of await alerts.query(`waiting#${partition}`, { from: "\u0000", to: "\uffff" })) {
        found.add(String(item.turbine_id));
      }
    }),
  );
  return found;
}

/**
 * Looks through the whole table, all pages, for anomalies that nobody was told of and that nothing put among the waiting
 * ones (rows that another program wrote, or an older pipeline with its numbers as text), and puts them there.
 */
export async function sweep(
  dynamodb: DynamoDBClient,
  alerts: AlertTable,
  settings: DeliverySettings,
  options: WriteOptions,
): Promise<void> {
  let start: Record<string, any> | undefined;
  do {
    const page = await dynamodb.send(
      new ScanCommand({
        TableName: settings.table,
        ConsistentRead: true,
        FilterExpression: "anomaly_score >= :min OR attribute_type(anomaly_score, :text)",
        ExpressionAttributeValues: { ":min": { N: String(settings.minScore) }, ":text": { S: "S" } },
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
    const rows = (page.Items ?? []).map((item) => rowOf(unmarshal(item)));
    const anomalous = rows.filter((row): row is Row => row !== undefined && row.score >= settings.minScore);
    for (const turbineId of new Set(anomalous.map((row) => row.turbineId))) {
      const mine = anomalous.filter((row) => row.turbineId === turbineId);
      const untold = await notTold(alerts, turbineId, mine, settings);
      const writes = untold.map((row) => ({ table: settings.alertTable, request: putRequest(waitingItem(row)) }));
      await batchWrite(dynamodb, writes, options);
    }
    start = page.LastEvaluatedKey;
  } while (start);
}

async function notTold(alerts: AlertTable, turbineId: string, rows: Row[], settings: DeliverySettings) {
  const untold: Row[] = [];
  if (settings.everyReading) {
    for (const row of rows) {
      const told = await alerts.get({ pk: turbineKey(turbineId), sk: `reading#${row.timestamp}` });
      if (told?.state !== "told") untold.push(row);
    }
    return untold;
  }
  for (const run of runsOf(rows, settings.quiet)) {
    const known = await touching(alerts, turbineId, run, settings.quiet);
    const covered = known.some((a) => String(a.first) <= run.first && run.last <= String(a.last));
    const finished = known.every((a) => a.state === "told" || a.state === "cooldown");
    if (!covered || !finished) untold.push(...rows.filter((r) => r.timestamp >= run.first && r.timestamp <= run.last));
  }
  return untold;
}

/** Event time of the turbine's newest reading. */
export async function newestReading(
  dynamodb: DynamoDBClient,
  table: string,
  turbineId: string,
): Promise<string | undefined> {
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: "turbine_id = :turbine",
      ExpressionAttributeValues: { ":turbine": { S: turbineId } },
      ScanIndexForward: false,
      Limit: 1,
      ConsistentRead: true,
    }),
  );
  return Items[0]?.timestamp?.S;
}
