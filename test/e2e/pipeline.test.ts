import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unmarshal } from "../../src/contract/item.ts";
import { column, readRows } from "../../src/io/rows/rows.ts";
import { until } from "../local/pipeline-fixture.ts";
import { clientOptions } from "../local/stack-fixture.ts";
import { Machine, sharedData } from "./windops.ts";

const machine = new Machine();
let options: ReturnType<typeof clientOptions>;
let dynamodb: DynamoDBClient;

beforeAll(async () => {
  machine.env.WINDOPS_EMAIL = "operator@example.org";
  await machine.json("setup", "--port", "0");
  options = clientOptions(await machine.endpoint());
  dynamodb = new DynamoDBClient(options);
  for (const { confirmUrl } of (await mails()).filter((mail) => mail.confirmUrl)) await fetch(confirmUrl!);
});
afterAll(() => machine.close());

interface Mail {
  kind: string;
  subject: string;
  confirmUrl?: string;
  attributes?: Record<string, string>;
}

async function mails(): Promise<Mail[]> {
  return (await machine.json("local", "inbox", "--limit", "10000")).mails;
}

async function rows() {
  const all: Record<string, string | number | boolean>[] = [];
  let start: Record<string, any> | undefined;
  do {
    const page = await dynamodb.send(
      new ScanCommand({ TableName: "WindDataTable", ExclusiveStartKey: start, ConsistentRead: true }),
    );
    all.push(...page.Items!.map(unmarshal));
    start = page.LastEvaluatedKey;
  } while (start);
  return all;
}

const stored = (count: number) =>
  until(async () => (await rows()).length >= count || undefined, `${count} rows`, 40).then(rows);

describe("bad records among good ones", () => {
  it("all good ones are stored, every bad one is whole in quarantine", async () => {
    const good = Array.from({ length: 12 }, (_, i) =>
      JSON.stringify({
        turbineId: "t-1",
        location: "Oak Ridge",
        speed: 8 + (i % 3),
        timestamp: new Date(Date.UTC(2026, 0, 1, 0, i)).toISOString(),
        // Unknown fields don't make a record bad.
        ...(i === 5 && { colour: "green", nested: { a: [1] }, power: 12 }),
      }),
    );
    const bad: (string | Uint8Array)[] = [
      "not JSON at all",
      '{"turbineId":"t-1","timestamp":"2026-01-01T00:00:00.000Z"}',
      '{"turbineId":"t-1","speed":NaN}',
      '{"turbineId":"t-1","speed":null}',
      "null",
      JSON.stringify({ turbineId: "t-1", speed: 5, pad: "x".repeat(1_048_000) }),
      Buffer.from('{"turbineId":"K\xf6ln","speed":5}', "latin1"),
      Buffer.from('\ufeff{"turbineId":"t-1","speed":5}', "utf16le"),
      '{"turbineId":"t-1","speed":"fast"}',
      '{"turbineId":"t-1","speed":1e999}',
      "[]",
    ];
    const kinesis = new KinesisClient({ ...options, requestHandler: new NodeHttpHandler() });
    const records = good.flatMap((text, i) => [text, ...(bad[i] === undefined ? [] : [bad[i]!])]);
    for (let i = 0; i < records.length; i += 4) {
      const Records = records
        .slice(i, i + 4)
        .map((data) => ({ Data: Buffer.from(data as string), PartitionKey: "t-1" }));
      const answer = await until(async () => {
        const put = await kinesis.send(new PutRecordsCommand({ StreamName: "WindDataStream", Records }));
        return put.FailedRecordCount === 0 || undefined;
      }, "records taken");
      expect(answer).toBe(true);
    }
    const s3 = new S3Client({ ...options, forcePathStyle: true });
    const Bucket = "kinesis-flink-000000000000-us-east-1";
    const list = () => s3.send(new ListObjectsV2Command({ Bucket, Prefix: "quarantine/" }));
    await until(async () => ((await list()).KeyCount ?? 0) >= bad.length || undefined, "quarantine", 40);
    const kept = await Promise.all(
      (await list()).Contents!.map(async ({ Key }) => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        return Buffer.from(await Body!.transformToByteArray());
      }),
    );
    const sorted = (all: (string | Uint8Array)[]) => all.map((b) => Buffer.from(b as string).toString("hex")).sort();
    expect(sorted(kept).map((b) => b.length)).toEqual(sorted(bad).map((b) => b.length));
    expect(sorted(kept).every((b, i) => b === sorted(bad)[i])).toBe(true);
    const t1 = (await stored(good.length)).filter((row) => row.turbine_id === "t-1");
    expect(t1.map((row) => row.timestamp).sort()).toEqual(good.map((text) => JSON.parse(text).timestamp));
    expect(t1.find((row) => row.power === 12)).toMatchObject({ wind_speed: 10 });
  });
});

const marge = sharedData("marge_20200227_20200229.csv.gz");

describe.runIf(marge)("real wind", () => {
  const columns = ["--time", "dtTimeStamp", "--speed", "WindSpeedMean", "--turbine", "TurbineName"];

  it("stores one row for each reading with a speed, with the file's own times, however often it's replayed", async () => {
    const expected = new Map<string, number>();
    for await (const batch of readRows(marge!)) {
      const [turbine, time, speed] = ["TurbineName", "dtTimeStamp", "WindSpeedMean"].map((name) => column(batch, name));
      for (const row of batch.lines.keys()) {
        if (speed!(row) !== "") expected.set(`${turbine!(row)} ${time!(row)}`, Number(speed!(row)));
      }
    }
    const before = (await rows()).length;
    const first = await machine.json("replay", marge!, ...columns);
    expect(first.acknowledged).toBe(expected.size);
    const table = (await stored(before + expected.size)).filter((row) => String(row.turbine_id).startsWith("MRG_"));
    expect(new Map(table.map((row) => [`${row.turbine_id} ${row.timestamp}`, row.wind_speed]))).toEqual(expected);

    const found = await machine.json("scan");
    const at = (from: string, to: string) =>
      found.filter((row: any) => row.turbineId.startsWith("MRG_") && row.timestamp >= from && row.timestamp <= to);
    expect(at("2020-02-29T14:20", "2020-02-29T14:21").length, "the pulse").toBeGreaterThanOrEqual(6);
    expect(at("2020-02-29T19:30", "2020-02-29T23:51").length, "the gale").toBeGreaterThanOrEqual(1);

    const told = (await mails()).length;
    const again = await machine.json("replay", marge!, ...columns);
    expect(again.acknowledged).toBe(expected.size);
    // A reading of another turbine comes out behind all of them.
    const kinesis = new KinesisClient({ ...options, requestHandler: new NodeHttpHandler() });
    const mark = { turbineId: "mark", location: "Marge", speed: 1, timestamp: "2026-01-01T00:00:00.000Z" };
    await kinesis.send(
      new PutRecordsCommand({
        StreamName: "WindDataStream",
        Records: [{ Data: Buffer.from(JSON.stringify(mark)), PartitionKey: "mark" }],
      }),
    );
    const all = await stored(before + expected.size + 1);
    expect(all).toHaveLength(before + expected.size + 1);
    // A notification for an anomaly of the first replay isn't repeated.
    const ids = (await mails()).map((mail) => mail.attributes?.deduplicationId).filter((id) => id !== undefined);
    expect(new Set(ids).size).toBe(ids.length);
    expect(told).toBeLessThanOrEqual((await mails()).length);
  });
});
