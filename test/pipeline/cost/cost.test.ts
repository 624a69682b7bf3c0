import { expect, it } from "vitest";
import { cost } from "../../../src/pipeline/cost/cost.ts";
import { type Capacity, farmLoad } from "../../../src/pipeline/cost/load.ts";
import { ALARMS, settingsCost } from "../../../src/pipeline/cost/plan-cost.ts";
import type { Pipeline } from "../../../src/pipeline/resource.ts";
import { alarmSpecs } from "../../../src/pipeline/resources/alarm.ts";
import { settingsSchema } from "../../../src/pipeline/settings/config.ts";
import { testPipeline } from "../provisioned.ts";

const capacity: Capacity = {
  shards: 1,
  retentionHours: 24,
  parallelism: 1,
  alarms: 5,
  logRetentionDays: 30,
  functionMegabytes: 256,
  batchSize: 500,
};
const idle = farmLoad(1, { readingsPerSecond: 0, anomaliesPerDay: 0 });

/** Dollars a month of the item whose text has both words. */
function month(part: string, what: string, given: Partial<Capacity>, load = idle): number | undefined {
  const items = cost("us-east-1", { ...capacity, ...given }, load).items;
  return items.find((item) => item.part === part && item.what.includes(what))?.month;
}

it.each<[string, string, Partial<Capacity>, number]>([
  // 2 streams × 1 shard × 730 h × 0.015
  ["Kinesis", "streams", {}, 21.9],
  ["Kinesis", "streams", { shards: 4 }, 87.6],
  ["Kinesis", "streams", { shards: "on-demand" }, 58.4],
  ["Kinesis", "retention of 48", { retentionHours: 48 }, 29.2],
  // (1 + 1 for orchestration) × 730 h × 0.11; 50 GB for each but that one × 0.10
  ["Managed Flink", "KPU", {}, 160.6],
  ["Managed Flink", "storage", {}, 5],
  ["Managed Flink", "KPU", { parallelism: 3 }, 321.2],
  ["Managed Flink", "storage", { parallelism: 3 }, 15],
  ["CloudWatch", "alarms", {}, 0.5],
  // 730 h × 60
  ["Scheduler", "minute", {}, 0.0438],
])("%s: %s with %o costs %d a month while it stands", (part, what, given, dollars) => {
  expect(month(part, what, given)).toBeCloseTo(dollars, 6);
});

it.each<[string, string, number, Partial<Capacity>, number]>([
  // 100/s × 2 628 000 s = 262.8 M readings; each twice a PUT unit
  ["Kinesis", "records", 100, {}, 7.3584],
  ["DynamoDB", "writes", 100, {}, 164.25],
  // One call a second and shard, and one for each batch beyond that.
  ["Lambda", "storing: calls", 100, {}, 0.5256],
  ["Lambda", "storing: calls", 0.5, {}, 0.2628],
  ["Lambda", "storing: calls", 5000, {}, 5.256],
  ["Lambda", "storing: calls", 100, { shards: 4 }, 2.1024],
])("%s: %s at %d readings a second with %o costs %d a month", (part, what, readingsPerSecond, given, dollars) => {
  expect(month(part, what, given, { ...idle, readingsPerSecond })).toBeCloseTo(dollars, 6);
});

it("packed records cost by their size, not by their number", () => {
  const load = { ...idle, readingsPerSecond: 1000 };
  const plain = month("Kinesis", "records", {}, load)!;
  const packed = month("Kinesis", "records", {}, { ...load, readingsPerRecord: 200 })!;
  // 24 KB is one unit; the scored ones are still one each.
  expect(packed / plain).toBeCloseTo((1000 / 200 + 1000) / 2000, 6);
});

it("an idle farm costs nothing by use but its logs and looks", () => {
  const { total } = cost("us-east-1", capacity, idle);
  expect(total.use.month).toBeLessThan(0.1);
  expect(total.all.month).toBeCloseTo(total.fixed.month + total.use.month, 9);
  expect(total.all.month / total.all.hour).toBeCloseTo(730, 9);
});

it("says whose prices it shows where a region's own aren't known", () => {
  expect(cost("us-west-2", capacity, idle).prices).toMatchObject({ region: "us-west-2", exact: true });
  expect(cost("eu-central-1", capacity, idle).prices).toMatchObject({ region: "us-east-1", exact: false });
});

it("counts the alarms and subscribers that setup makes", () => {
  const { what } = testPipeline("http://127.0.0.1:9");
  expect(alarmSpecs(what.pipeline as Pipeline)).toHaveLength(ALARMS);
  const settings = { ...settingsSchema.parse({ email: ["a@example.org", "b@example.org"] }), region: "us-east-1" };
  expect(settingsCost(settings).load).toMatchObject({ turbines: 10, readingsPerSecond: 10, subscribers: 2 });
});
