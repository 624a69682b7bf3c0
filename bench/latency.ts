// From a reading's acknowledgement to the e-mail in the inbox, on the whole pipeline of the embedded stack, and what each hop takes of it.
// `node scripts/ts.mjs bench/latency.ts [ALERTS] [ENGINE]`; the engine `flink` is built first where it isn't.
import { spawnSync } from "node:child_process";
import { DynamoDB } from "@aws-sdk/client-dynamodb";
import type { Kinesis } from "@aws-sdk/client-kinesis";
import { unmarshal } from "../src/contract/item.ts";
import type { Reading } from "../src/contract/reading.ts";
import { edge } from "../src/io/clock.ts";
import { flinkBuild, isUpToDate } from "../src/job/artifacts.ts";
import { readInbox } from "../src/operate/inbox.ts";
import { produce } from "../src/simulate/producer/producer.ts";
import { wind } from "../src/simulate/wind/wind.ts";
import { credentials, kinesisOf, pause } from "./client.ts";
import { startPipeline } from "./pipeline.ts";
import { figure, median } from "./report.ts";

const RATES = [100, 1000];
const SECONDS = 12;
const alerts = Number(process.argv[2] ?? 40);
const engine = process.argv[3] ?? "embedded";
const WARM_UP = 100;
const part = `end to end, ${engine}`;
/** When each turbine's spike reached a hop: milliseconds since 1970. */
type Times = Map<string, number>;

/** The hops of one spike each in `alerts` turbines, among `rate` readings a second. */
async function followed(endpoint: string, name: string, rate: number): Promise<Record<string, Times>> {
  const kinesis = kinesisOf(endpoint);
  const dynamodb = new DynamoDB({ endpoint, region: "us-east-1", credentials });
  const start = new Date(Date.now() - WARM_UP * 1000);
  const turbines = alerts;
  const acknowledged: Times = new Map();
  const mailed: Times = new Map();
  // The fast part teaches the forests; then one turbine after the other has its spike.
  const readings = function* (from: number, ticks: number, spikes: boolean): Generator<Reading> {
    let i = 0;
    for (const { label: _, ...calm } of wind({
      turbines,
      seed: 3,
      cadenceSeconds: 1,
      start,
      meanSpeed: 8,
      frontsPerDay: 0,
    })) {
      const [turbine, tick] = [i % turbines, Math.floor(i / turbines)];
      i++;
      if (tick < from) continue;
      if (tick >= from + ticks) return;
      const spike = spikes && tick === from + Math.floor((turbine * ticks) / turbines);
      yield { ...calm, turbineId: `${name}-${turbine}`, ...(spike && { speed: 45, spike: 1 }) };
    }
  };
  const outside = edge(new AbortController().signal);
  const output = { ...outside, kinesis, stream: "WindDataStream" };
  await produce(readings(0, WARM_UP, false), { ...output, rate: 900 });
  // What is to be measured starts with nothing behind: the last of these is a row.
  const last = [...readings(WARM_UP - 1, 1, false)];
  for (const { turbineId, timestamp } of last) {
    const Key = { turbine_id: { S: turbineId }, timestamp: { S: timestamp! } };
    while (!(await dynamodb.getItem({ TableName: "WindDataTable", Key })).Item) await pause(50);
  }
  const began = new Date();
  await produce(readings(WARM_UP, Math.max(20, Math.ceil((rate * SECONDS) / turbines)), true), {
    ...output,
    rate,
    onAcknowledged: (some) => {
      for (const { turbineId, spike } of some) if (spike) acknowledged.set(turbineId, Date.now());
    },
  });
  // Mails say when they came: asking all the time would be a load of its own.
  const ours = new RegExp(`${name}-\\d+`);
  for (let i = 0; i < 120 && mailed.size < alerts; i++) {
    await pause(250);
    for (const { text, sent } of await readInbox(endpoint)) {
      const turbine = ours.exec(text)?.[0];
      if (turbine && !mailed.has(turbine)) mailed.set(turbine, Date.parse(sent));
    }
  }
  const opened: Times = new Map();
  const told: Times = new Map();
  for (const id of mailed.keys()) {
    const { Items = [] } = await dynamodb.query({
      TableName: "WindDataTableAlerts",
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :sk)",
      ExpressionAttributeValues: { ":pk": { S: `turbine#${id}` }, ":sk": { S: "anomaly#" } },
    });
    const { opened_at, told_at } = unmarshal(Items[0] ?? {});
    opened.set(id, Date.parse(String(opened_at)));
    told.set(id, Date.parse(String(told_at)));
  }
  const scored = await scoredTimes(kinesis, began, new Set(mailed.keys()));
  kinesis.destroy();
  dynamodb.destroy();
  return { acknowledged, scored, opened, told, mailed };
}

/** When the first score of each turbine that is an anomaly was written to the stream. */
async function scoredTimes(kinesis: Kinesis, began: Date, turbines: Set<string>): Promise<Times> {
  const times: Times = new Map();
  const StreamName = "AnomalyDetectionStream";
  const { Shards = [] } = await kinesis.listShards({ StreamName });
  for (const { ShardId } of Shards) {
    const at = { ShardIteratorType: "AT_TIMESTAMP", Timestamp: began } as const;
    let { ShardIterator } = await kinesis.getShardIterator({ StreamName, ShardId, ...at });
    for (let behind = 1; behind > 0; ) {
      const page = await kinesis.getRecords({ ShardIterator, Limit: 10_000 });
      for (const { Data, ApproximateArrivalTimestamp } of page.Records ?? []) {
        const { turbineId, score } = JSON.parse(Buffer.from(Data!).toString());
        if (score >= 2 && turbines.has(turbineId) && !times.has(turbineId)) {
          times.set(turbineId, ApproximateArrivalTimestamp!.getTime());
        }
      }
      ShardIterator = page.NextShardIterator;
      behind = page.MillisBehindLatest ?? 0;
      if (behind > 0) await pause(200);
    }
  }
  return times;
}

const between = (from: Times, to: Times): number[] =>
  [...to].filter(([id]) => from.has(id)).map(([id, at]) => at - from.get(id)!);

if (engine === "flink" && !isUpToDate(flinkBuild(process.env))) {
  spawnSync(process.execPath, ["bin/windops.js", "build"], { stdio: ["ignore", "ignore", "inherit"] });
}
const { endpoint, windops, stop } = await startPipeline(engine, [], ["--turbines", "1000"]);
try {
  windops("subscribe", "bench@example.com");
  windops("local", "inbox", "--confirm");
  // The functions have run before: a cold start isn't what is measured.
  windops("prove");
  for (const rate of RATES) {
    const { acknowledged, scored, opened, told, mailed } = await followed(endpoint, `at${rate}`, rate);
    const all = between(acknowledged!, mailed!);
    const name = `alert's latency at ${rate.toLocaleString("en-US")} readings/s`;
    figure({
      part,
      metric: `${name}, alerts seen of ${alerts}`,
      value: (100 * all.length) / alerts,
      unit: "%",
      target: { atLeast: 100 },
    });
    figure({ part, metric: `${name}, p50`, value: median(all), unit: "ms" });
    figure({
      part,
      metric: `${name}, p99`,
      value: median(all, 0.99),
      unit: "ms",
      ...(engine === "embedded" && { target: { atMost: 1000 } }),
      limit: "the machine's two cores: producer, scoring, the functions' processes and this bench share them",
    });
    // The stream's times and the producer's are of one clock; what the producer hears last may be scored already.
    const hops: [string, number[]][] = [
      ["scoring", between(acknowledged!, scored!)],
      ["storing, and calling the delivery", between(scored!, opened!)],
      ["delivery to publish", between(opened!, told!)],
      ["publish to inbox", between(told!, mailed!)],
    ];
    const mean = (times: number[]) => times.reduce((sum, ms) => sum + ms, 0) / times.length;
    for (const [hop, times] of hops) {
      const share = Math.round((100 * mean(times)) / mean(all));
      figure({ part, metric: `${name}: ${hop}, p50`, value: median(times), unit: `ms (${share} % of all)` });
    }
  }
} finally {
  stop();
}
