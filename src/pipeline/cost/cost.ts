import type { Capacity, Load } from "./load.ts";
import { PRICES_DATE, PRICES_SOURCE, type Prices, pricesFor } from "./prices.ts";

export interface CostItem {
  part: string;
  what: string;
  /** US dollars. */
  hour: number;
  month: number;
  /** `fixed`: as long as it stands; `use`: by the load. */
  kind: "fixed" | "use";
  /** What a unit costs, e.g. "0.015 a shard-hour". */
  price: string;
}

export interface Cost {
  currency: "USD";
  region: string;
  /** Where the prices are from; `exact` is false where the region's own aren't known and another's stand in. */
  prices: { date: string; source: string; region: string; exact: boolean };
  load: Load;
  items: CostItem[];
  total: { fixed: Sum; use: Sum; all: Sum };
  /** Costs only while it runs, and isn't in the total. */
  simulator: Sum;
  /** Each KPU that Managed Flink adds by itself when the load asks for it. */
  furtherKpu: Sum;
}

interface Sum {
  hour: number;
  month: number;
}

/** As AWS's own calculator has it. */
const HOURS_A_MONTH = 730;
const SECONDS_A_MONTH = HOURS_A_MONTH * 3600;
const GIGABYTE = 1e9;
/** Each KPU comes with so much running storage, the one for orchestration without. */
const KPU_STORAGE_GIGABYTES = 50;
/** DynamoDB counts so much of its own for each item. */
const ITEM_OVERHEAD_BYTES = 100;
/** What the two functions are taken to need, and to write to their logs, a call. */
const CALL_SECONDS = 0.1;
const CALL_LOG_BYTES = 400;
/** Taken for the job's own log at INFO, its snapshots, and the jar with its old versions. */
const FLINK_LOG_BYTES_A_MONTH = 50e6;
const SNAPSHOT_GIGABYTES = 0.1;
const BUCKET_GIGABYTES = 0.2;
const SIMULATOR_DISK_GIGABYTES = 8;
/** Rows of the alerts' table written, and read, for one anomaly. */
const WRITES_AN_ANOMALY = 10;
const READS_AN_ANOMALY = 20;
/** Reads of each scheduled look at what waits. */
const READS_A_LOOK = 4;

/**
 * What the pipeline costs an hour and a month of 730 hours, at list prices. What grows (rows, logs) counts with the average of its
 * first month.
 */
export function cost(region: string, capacity: Capacity, load: Load): Cost {
  const { prices, of, exact } = pricesFor(region);
  const items = [
    ...streams(prices, capacity, load),
    ...flink(prices, capacity),
    ...functions(prices, capacity, load),
    ...tables(prices, load),
    ...rest(prices, capacity, load),
  ];
  const sum = (chosen: CostItem[]): Sum => ({
    hour: chosen.reduce((total, { hour }) => total + hour, 0),
    month: chosen.reduce((total, { month }) => total + month, 0),
  });
  const simulatorHour =
    prices.simulatorHour.usd +
    prices.publicAddressHour.usd +
    (SIMULATOR_DISK_GIGABYTES * prices.diskGigabyteMonth.usd) / HOURS_A_MONTH;
  const kpuHour = prices.kpuHour.usd + (KPU_STORAGE_GIGABYTES * prices.flinkStorageGigabyteMonth.usd) / HOURS_A_MONTH;
  return {
    currency: "USD",
    region,
    prices: { date: PRICES_DATE, source: PRICES_SOURCE, region: of, exact },
    load,
    items,
    total: {
      fixed: sum(items.filter(({ kind }) => kind === "fixed")),
      use: sum(items.filter(({ kind }) => kind === "use")),
      all: sum(items),
    },
    simulator: { hour: simulatorHour, month: simulatorHour * HOURS_A_MONTH },
    furtherKpu: { hour: kpuHour, month: kpuHour * HOURS_A_MONTH },
  };
}

/** `quantity` units of a price a month. */
function item(
  kind: CostItem["kind"],
  part: string,
  what: string,
  quantity: number,
  price: Prices[keyof Prices],
): CostItem {
  const month = quantity * price.usd;
  return { part, what, kind, hour: month / HOURS_A_MONTH, month, price: `${price.usd} a ${price.per}` };
}

function streams(prices: Prices, { shards, retentionHours }: Capacity, load: Load): CostItem[] {
  const part = "Kinesis";
  // A record is a PUT unit of 25 KB at least; the job writes scored readings one a record.
  const incoming = load.readingsPerSecond / load.readingsPerRecord;
  const units = incoming * Math.ceil((load.readingBytes * load.readingsPerRecord) / 25_000) + load.readingsPerSecond;
  const bytes = load.readingsPerSecond * (load.readingBytes + load.scoredBytes);
  const kept = (bytes * SECONDS_A_MONTH) / GIGABYTE;
  const long = Math.max(0, retentionHours - 168) / HOURS_A_MONTH;
  const longItems =
    long > 0 ? [item("use", part, "retention beyond 7 days", kept * long, prices.longRetentionGigabyteMonth)] : [];
  if (shards === "on-demand") {
    // Billed in whole kilobytes a record.
    const rounded = incoming * 1024 * Math.ceil((load.readingBytes * load.readingsPerRecord) / 1024);
    const gigabytes = ((rounded + load.readingsPerSecond * 1024) * SECONDS_A_MONTH) / GIGABYTE;
    return [
      item("fixed", part, "2 streams on demand", 2 * HOURS_A_MONTH, prices.streamHour),
      item("use", part, "data in", gigabytes, prices.onDemandGigabyteIn),
      item("use", part, "data out", gigabytes, prices.onDemandGigabyteOut),
      ...longItems,
    ];
  }
  const shardHours = 2 * shards * HOURS_A_MONTH;
  return [
    item("fixed", part, `2 streams of ${count(shards, "shard")}`, shardHours, prices.shardHour),
    ...(retentionHours > 24
      ? [item("fixed", part, `retention of ${retentionHours} hours`, shardHours, prices.extendedShardHour)]
      : []),
    item("use", part, "records written", (units * SECONDS_A_MONTH) / 1e6, prices.millionPutUnits),
    ...longItems,
  ];
}

function flink(prices: Prices, { parallelism }: Capacity): CostItem[] {
  const part = "Managed Flink";
  const storage = parallelism * KPU_STORAGE_GIGABYTES;
  return [
    item(
      "fixed",
      part,
      `${parallelism} KPU and 1 for orchestration`,
      (parallelism + 1) * HOURS_A_MONTH,
      prices.kpuHour,
    ),
    item("fixed", part, `${storage} GB running storage`, storage, prices.flinkStorageGigabyteMonth),
    item("fixed", part, "snapshots", SNAPSHOT_GIGABYTES, prices.flinkBackupGigabyteMonth),
  ];
}

/** Calls a month. */
function calls({ shards, batchSize }: Capacity, { readingsPerSecond, anomaliesPerDay }: Load) {
  // Each shard is polled about once a second; more often only when a second brings more than a batch.
  const lanes = shards === "on-demand" ? Math.max(4, Math.ceil(readingsPerSecond / 1000)) : shards;
  const perSecond = Math.min(readingsPerSecond, Math.max(lanes, readingsPerSecond / batchSize));
  const scheduled = HOURS_A_MONTH * 60;
  return {
    destination: perSecond * SECONDS_A_MONTH,
    scheduled,
    delivery: scheduled + anomaliesPerDay * (HOURS_A_MONTH / 24),
  };
}

function functions(prices: Prices, capacity: Capacity, load: Load): CostItem[] {
  const part = "Lambda";
  const { destination, delivery } = calls(capacity, load);
  const gigabyteSeconds = (number: number) => (number * CALL_SECONDS * capacity.functionMegabytes) / 1024;
  return [
    item("fixed", part, "delivery, each minute: calls", delivery / 1e6, prices.millionInvocations),
    item("fixed", part, "delivery: time", gigabyteSeconds(delivery), prices.lambdaGigabyteSecond),
    item("use", part, "storing: calls", destination / 1e6, prices.millionInvocations),
    item("use", part, "storing: time", gigabyteSeconds(destination), prices.lambdaGigabyteSecond),
  ];
}

function tables(prices: Prices, load: Load): CostItem[] {
  const part = "DynamoDB";
  const rows = load.readingsPerSecond * SECONDS_A_MONTH;
  const anomalies = (load.anomaliesPerDay * HOURS_A_MONTH) / 24;
  const writes = rows + anomalies * WRITES_AN_ANOMALY;
  const reads = HOURS_A_MONTH * 60 * READS_A_LOOK + anomalies * READS_AN_ANOMALY;
  // Empty when it begins, full at its end.
  const average = (rows * (load.scoredBytes + ITEM_OVERHEAD_BYTES)) / GIGABYTE / 2;
  return [
    item("use", part, "writes", writes / 1e6, prices.millionWrites),
    item("use", part, "reads", reads / 1e6, prices.millionReads),
    item("use", part, "rows, first month's average", average, prices.tableGigabyteMonth),
    item("use", part, "point-in-time recovery", average, prices.recoveryGigabyteMonth),
  ];
}

function rest(prices: Prices, capacity: Capacity, load: Load): CostItem[] {
  const { destination, delivery, scheduled } = calls(capacity, load);
  const anomalies = (load.anomaliesPerDay * HOURS_A_MONTH) / 24;
  const logs = ((destination + delivery) * CALL_LOG_BYTES + FLINK_LOG_BYTES_A_MONTH) / GIGABYTE;
  // Full after the days that they are kept, so long as that is within the month.
  const kept = logs * Math.min(1, capacity.logRetentionDays / 30) * 0.5;
  return [
    item("fixed", "CloudWatch", count(capacity.alarms, "alarm"), capacity.alarms, prices.alarmMonth),
    item("use", "CloudWatch", "logs taken in", logs, prices.logGigabyte),
    item("use", "CloudWatch", "logs kept, first month's average", kept, prices.logGigabyteMonth),
    item("fixed", "Scheduler", "a call each minute", scheduled / 1e6, prices.millionScheduled),
    item("fixed", "S3", "the jar and its old versions", BUCKET_GIGABYTES, prices.bucketGigabyteMonth),
    item("use", "SNS", "publishes", anomalies / 1e6, prices.millionPublishes),
    item("use", "SNS", "e-mails", (anomalies * load.subscribers) / 1e5, prices.hundredThousandMails),
  ];
}

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`;
