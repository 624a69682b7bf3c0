import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DestinationParts, store } from "../../lambdas/destination/destination.ts";
import { quarantineKey } from "../../lambdas/destination/quarantine.ts";
import type { KinesisRecord } from "../../lambdas/shared/lambda.ts";
import { Aggregate } from "../../src/kinesis-format/aggregated-record.ts";
import { startTables, type Tables } from "./tables.ts";

const ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/AnomalyDetectionStream";
let sequence = 0;

function record(data: unknown): KinesisRecord {
  const sequenceNumber = String(4959 + sequence++);
  const bytes = data instanceof Uint8Array ? data : typeof data === "string" ? data : JSON.stringify(data);
  return {
    eventID: `shardId-000000000000:${sequenceNumber}`,
    eventSourceARN: ARN,
    kinesis: {
      sequenceNumber,
      partitionKey: "p",
      data: Buffer.from(bytes as string).toString("base64"),
      approximateArrivalTimestamp: 1_790_000_000.25,
    },
  };
}

let turbine = 0;
const scored = (score = 0.5, more: object = {}) => ({
  turbineId: `t-${turbine++}`,
  location: "Oak Ridge",
  speed: 12.4,
  timestamp: "2026-11-23T10:00:00.000Z",
  rcfScore: 0.7,
  score,
  ...more,
});

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

let kept: Map<string, { error: string; raw: Uint8Array }>;
let alerted: string[][];
beforeEach(() => {
  kept = new Map();
  alerted = [];
});

function parts(overrides: Partial<DestinationParts> = {}): DestinationParts {
  return {
    settings: {
      table: "WindDataTable",
      alertTable: "WindDataTableAlerts",
      minScore: 2,
      deliveryFunction: "d",
      quarantineBucket: "b",
    },
    dynamodb: tables.client,
    quarantine: async (r, why) => {
      kept.set(quarantineKey(r), why);
    },
    alert: async (turbines) => {
      alerted.push(turbines);
    },
    log: () => {},
    remaining: () => 30_000,
    wait: async () => {},
    random: () => 0.5,
    ...overrides,
  };
}

/** A DynamoDB client that does `instead` for the calls that it answers, else the real call. */
const altered = (instead: (command: any, real: () => Promise<any>) => Promise<any> | undefined) =>
  ({
    send: (command: any) => {
      const real = () => tables.client.send(command) as Promise<any>;
      return instead(command, real) ?? real();
    },
  }) as unknown as DestinationParts["dynamodb"];

const rowsOf = async (...turbines: string[]) =>
  (await tables.readings()).filter((row) => turbines.includes(String(row.turbine_id)));

describe("the destination", () => {
  it("stores a scored reading by turbine and event time, numbers as numbers, extra numbers along", async () => {
    const reading = scored(0.5, { power: 1467.8, note: "text stays behind", wind_speed: 99 });
    expect(await store({ Records: [record(reading)] }, parts())).toEqual({ batchItemFailures: [] });
    expect(await rowsOf(reading.turbineId)).toEqual([
      {
        turbine_id: reading.turbineId,
        timestamp: reading.timestamp,
        location: "Oak Ridge",
        wind_speed: 12.4,
        anomaly_score: 0.5,
        rcf_score: 0.7,
        power: 1467.8,
      },
    ]);
    expect(alerted).toEqual([]);
  });

  it("puts an anomaly in the index and among the waiting ones, and calls the delivery", async () => {
    const reading = scored(2);
    await store({ Records: [record(scored(1.99)), record(reading)] }, parts());
    const [row] = await rowsOf(reading.turbineId);
    expect(row!.anomaly_partition).toMatch(/^(0\d|1[0-5])$/);
    expect(alerted).toEqual([[reading.turbineId]]);
    const waiting = (await tables.alerts()).filter((item) => String(item.pk).startsWith("waiting#"));
    expect(waiting).toMatchObject([{ turbine_id: reading.turbineId, anomaly_score: 2, wind_speed: 12.4 }]);
  });

  it("stores the same when a batch comes again, also in another order and with its duplicates", async () => {
    const batch = [scored(), scored(3), scored()].map((s) => record(s));
    await store({ Records: batch }, parts());
    const before = await tables.readings();
    await store({ Records: [...batch.toReversed(), ...batch] }, parts());
    const order = (rows: any[]) => rows.map((r) => JSON.stringify(r, Object.keys(r).sort())).sort();
    expect(order(await tables.readings())).toEqual(order(before));
  });

  it("takes the minimal record of older producers", async () => {
    await store({ Records: [record({ location: "Nowhere", speed: 3, score: 0 })] }, parts());
    expect(await rowsOf("Nowhere")).toMatchObject([{ location: "Nowhere", timestamp: "2026-09-21T14:13:20.250Z" }]);
  });

  it("takes an aggregated record apart: rows, anomalies and quarantine, each part by itself", async () => {
    const [calm, high] = [scored(0.5), scored(3)];
    const aggregate = new Aggregate();
    for (const part of [calm, high, "no reading", "nor this"]) {
      aggregate.add("p", Buffer.from(typeof part === "string" ? part : JSON.stringify(part)));
    }
    const whole = record(aggregate.encode());
    expect(await store({ Records: [whole] }, parts())).toEqual({ batchItemFailures: [] });
    expect(await rowsOf(calm.turbineId, high.turbineId)).toHaveLength(2);
    expect(alerted).toEqual([[high.turbineId]]);
    expect([...kept.values()].map(({ raw }) => Buffer.from(raw).toString())).toEqual(["no reading", "nor this"]);
    // What fails of it comes again as a whole, named once.
    const dynamodb = altered(() => Promise.reject(new Error("the line is cut")));
    expect(await store({ Records: [whole] }, parts({ dynamodb }))).toEqual({
      batchItemFailures: [{ itemIdentifier: whole.kinesis.sequenceNumber }],
    });
  });

  const megabyte = "x".repeat(1_000_000);
  it.each<[string, string | Uint8Array, Uint8Array | string]>([
    ["no JSON", "{{not json", "{{not json"],
    ["a list", "[1]", "[1]"],
    ["null", "null", "null"],
    ["no speed", '{"turbineId":"q","score":1}', '{"turbineId":"q","score":1}'],
    ["a null speed", '{"turbineId":"q","speed":null,"score":1}', '{"turbineId":"q","speed":null,"score":1}'],
    ["a text for speed", '{"turbineId":"q","speed":"1","score":1}', '{"turbineId":"q","speed":"1","score":1}'],
    [
      "a speed beyond all numbers",
      '{"turbineId":"q","speed":1e400,"score":1}',
      '{"turbineId":"q","speed":1e400,"score":1}',
    ],
    [
      "a speed beyond DynamoDB",
      '{"turbineId":"q","speed":1e200,"score":1}',
      '{"turbineId":"q","speed":1e200,"score":1}',
    ],
    ["no turbine", '{"speed":1,"score":1}', '{"speed":1,"score":1}'],
    [
      "no time",
      '{"turbineId":"q","speed":1,"score":1,"timestamp":"soon"}',
      '{"turbineId":"q","speed":1,"score":1,"timestamp":"soon"}',
    ],
    [
      "a year of five digits",
      '{"turbineId":"q","speed":1,"score":1,"timestamp":253402300800000}',
      '{"turbineId":"q","speed":1,"score":1,"timestamp":253402300800000}',
    ],
    [
      "1 MB",
      `{"turbineId":"q","speed":1,"score":1,"pad":"${megabyte}"}`,
      `{"turbineId":"q","speed":1,"score":1,"pad":"${megabyte}"}`,
    ],
    [
      "wrong encoding",
      Buffer.from('{"turbineId":"K\xf6ln","speed":1}', "latin1"),
      Buffer.from('{"turbineId":"K\xf6ln","speed":1}', "latin1"),
    ],
    ["what the application couldn't score", '{"error":"not JSON","raw":"{\\"speed\\""}', '{"speed"'],
    ["the same in base64", '{"error":"not text","raw":"/w==","encoding":"base64"}', Buffer.from([0xff])],
    [
      "the same packed",
      JSON.stringify({ error: "large", raw: gzipSync(megabyte).toString("base64"), encoding: "gzip+base64" }),
      megabyte,
    ],
  ])("keeps %s whole in quarantine, in the middle of good ones", async (_, data, raw) => {
    const good = [scored(), scored()];
    const bad = record(data);
    const response = await store({ Records: [record(good[0]), bad, record(good[1])] }, parts());
    expect(response.batchItemFailures).toEqual([]);
    expect(await rowsOf(good[0]!.turbineId, good[1]!.turbineId)).toHaveLength(2);
    expect([...kept.keys()]).toEqual([
      `quarantine/AnomalyDetectionStream/2026-09-21/shardId-000000000000-${bad.kinesis.sequenceNumber}`,
    ]);
    expect(Buffer.from([...kept.values()][0]!.raw).equals(Buffer.from(raw as string))).toBe(true);
  });

  it("acknowledges nothing that isn't stored", async () => {
    const batch = [scored(), scored(), scored()].map((s) => record(s));
    const dynamodb = altered(() =>
      Promise.reject(Object.assign(new Error("slow down"), { name: "ThrottlingException" })),
    );
    const { batchItemFailures } = await store({ Records: batch }, parts({ dynamodb, remaining: () => 1_000 }));
    expect(batchItemFailures.map((f) => f.itemIdentifier)).toEqual(batch.map((r) => r.kinesis.sequenceNumber));
  });

  it("sends again what DynamoDB leaves unprocessed, and only that", async () => {
    const batch = Array.from({ length: 30 }, () => scored());
    const sent: number[] = [];
    const dynamodb = altered((command, real) => {
      const requests = command.input.RequestItems.WindDataTable;
      sent.push(requests.length);
      if (requests.length < 5) return real();
      const rest = requests.slice(3);
      command.input.RequestItems.WindDataTable = requests.slice(0, 3);
      return real().then(() => ({ UnprocessedItems: { WindDataTable: structuredClone(rest) } }));
    });
    const response = await store({ Records: batch.map((s) => record(s)) }, parts({ dynamodb }));
    expect(response.batchItemFailures).toEqual([]);
    expect(await rowsOf(...batch.map((s) => s.turbineId))).toHaveLength(30);
    // 25 + 5 in steps of 3.
    expect(sent.toSorted((a, b) => b - a)).toEqual([25, 22, 19, 16, 13, 10, 7, 5, 4, 2]);
  });

  it("finds the one row that DynamoDB refuses and quarantines it alone", async () => {
    const batch = Array.from({ length: 9 }, () => scored());
    const poison = batch[4]!.turbineId;
    const dynamodb = altered((command) =>
      JSON.stringify(command.input).includes(`"${poison}"`)
        ? Promise.reject(Object.assign(new Error("Item size has exceeded"), { name: "ValidationException" }))
        : undefined,
    );
    const response = await store({ Records: batch.map((s) => record(s)) }, parts({ dynamodb }));
    expect(response.batchItemFailures).toEqual([]);
    expect(await rowsOf(...batch.map((s) => s.turbineId))).toHaveLength(8);
    expect([...kept.values()].map((k) => JSON.parse(Buffer.from(k.raw).toString()).turbineId)).toEqual([poison]);
  });

  it("doesn't acknowledge a bad record that couldn't be kept", async () => {
    const bad = record("no");
    const good = scored();
    const quarantine = () => Promise.reject(new Error("S3 is away"));
    const response = await store({ Records: [record(good), bad] }, parts({ quarantine }));
    expect(response.batchItemFailures).toEqual([{ itemIdentifier: bad.kinesis.sequenceNumber }]);
    expect(await rowsOf(good.turbineId)).toHaveLength(1);
  });

  it("acknowledges what is stored though the delivery can't be called", async () => {
    const alert = () => Promise.reject(new Error("away"));
    expect(await store({ Records: [record(scored(5))] }, parts({ alert }))).toEqual({ batchItemFailures: [] });
  });

  it("keeps the higher score of two readings of one turbine and time in a batch", async () => {
    const high = scored(4);
    await store({ Records: [record(high), record({ ...high, score: 1 })] }, parts());
    expect(await rowsOf(high.turbineId)).toMatchObject([{ anomaly_score: 4 }]);
  });
});
