import { paginateScan } from "@aws-sdk/client-dynamodb";
import {
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from "@aws-sdk/client-kinesis";
import { GetObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import type { Clients } from "../../src/aws/clients.ts";
import { unmarshal } from "../../src/contract/item.ts";
import { readInbox } from "../../src/operate/inbox.ts";
import type { Names } from "../../src/pipeline/settings/config.ts";
import type { Ledger } from "./load.ts";
import type { Evidence } from "./verdict.ts";

/** Reads what the pipeline holds in the end. */
export async function collect(
  clients: Clients,
  names: Names,
  endpoint: string,
  ledger: Ledger,
  rule: { minScore: number; quiet: number },
): Promise<Evidence> {
  const kinesis = await clients.kinesis();
  const [input, output] = [await records(kinesis, names.inputStream), await records(kinesis, names.outputStream)];
  return {
    sent: ledger.readings,
    malformed: ledger.malformed,
    input: input.flatMap((text) => reading(text) ?? []),
    output: output.flatMap((text) => reading(text) ?? []),
    rows: await rows(clients, names.table),
    quarantined: await quarantined(clients, names.bucket),
    mails: (await readInbox(endpoint))
      .filter(({ kind }) => kind === "notification")
      .map(({ attributes }) => ({ deduplicationId: attributes?.deduplicationId ?? "none" })),
    ...rule,
  };
}

/** The records that are readings of the soak: those with a serial. */
function reading(text: string): any {
  try {
    const value = JSON.parse(text);
    return typeof value?.serial === "number" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** All of a stream: shards come in the order in which they were made, so parents before children. */
async function records(kinesis: KinesisClient, StreamName: string): Promise<string[]> {
  const texts: string[] = [];
  for (const ShardId of await shardIds(kinesis, StreamName)) {
    let { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
    );
    while (ShardIterator) {
      const answer: GetRecordsCommandOutput = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
      for (const { Data } of answer.Records ?? []) texts.push(Buffer.from(Data!).toString());
      const end = answer.Records?.length === 0 && answer.MillisBehindLatest === 0;
      ShardIterator = end ? undefined : answer.NextShardIterator;
    }
  }
  return texts;
}

async function shardIds(kinesis: KinesisClient, StreamName: string): Promise<string[]> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  return Shards.map(({ ShardId }) => ShardId!).sort();
}

async function rows(clients: Clients, TableName: string): Promise<Evidence["rows"]> {
  const all: Evidence["rows"] = [];
  const client = await clients.dynamodb();
  for await (const { Items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true })) {
    for (const item of Items) {
      const { serial, turbine_id, timestamp, wind_speed, anomaly_score } = unmarshal(item);
      all.push({
        serial: Number(serial),
        turbineId: String(turbine_id),
        timestamp: String(timestamp),
        speed: Number(wind_speed),
        score: Number(anomaly_score),
      });
    }
  }
  return all;
}

async function quarantined(clients: Clients, Bucket: string): Promise<string[]> {
  const client = await clients.s3();
  const texts: string[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: "quarantine/" })) {
    for (const { Key } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      texts.push(await Body!.transformToString());
    }
  }
  return texts;
}
