/** A price in US dollars for each `per`, which says of what. */
interface Price {
  usd: number;
  per: string;
}

/**
 * AWS's public list prices, without taxes, free tiers, discounts and tiers for large volumes. From the services' pricing
 * pages (https://aws.amazon.com/<service>/pricing/), as they were at `PRICES_DATE`.
 */
const US_EAST_1 = {
  shardHour: { usd: 0.015, per: "shard-hour" },
  /** Retention beyond 24 hours, up to 7 days. */
  extendedShardHour: { usd: 0.02, per: "shard-hour" },
  /** Retention beyond 7 days. */
  longRetentionGigabyteMonth: { usd: 0.023, per: "GB-month" },
  millionPutUnits: { usd: 0.014, per: "million PUT units of 25 KB" },
  streamHour: { usd: 0.04, per: "stream-hour" },
  onDemandGigabyteIn: { usd: 0.08, per: "GB in" },
  onDemandGigabyteOut: { usd: 0.04, per: "GB out" },
  kpuHour: { usd: 0.11, per: "KPU-hour" },
  flinkStorageGigabyteMonth: { usd: 0.1, per: "GB-month" },
  flinkBackupGigabyteMonth: { usd: 0.023, per: "GB-month" },
  millionInvocations: { usd: 0.2, per: "million invocations" },
  /** On arm64, which the functions run on. */
  lambdaGigabyteSecond: { usd: 0.0000133334, per: "GB-second" },
  millionWrites: { usd: 0.625, per: "million writes of 1 KB" },
  millionReads: { usd: 0.125, per: "million reads of 4 KB" },
  tableGigabyteMonth: { usd: 0.25, per: "GB-month" },
  recoveryGigabyteMonth: { usd: 0.2, per: "GB-month" },
  millionPublishes: { usd: 0.5, per: "million publishes" },
  hundredThousandMails: { usd: 2, per: "100,000 e-mails" },
  logGigabyte: { usd: 0.5, per: "GB taken in" },
  logGigabyteMonth: { usd: 0.03, per: "GB-month" },
  alarmMonth: { usd: 0.1, per: "alarm-month" },
  bucketGigabyteMonth: { usd: 0.023, per: "GB-month" },
  thousandPuts: { usd: 0.005, per: "thousand PUTs" },
  millionScheduled: { usd: 1, per: "million invocations" },
  simulatorHour: { usd: 0.0084, per: "t4g.micro-hour" },
  publicAddressHour: { usd: 0.005, per: "address-hour" },
  diskGigabyteMonth: { usd: 0.08, per: "GB-month" },
} as const satisfies Record<string, Price>;

export type Prices = Record<keyof typeof US_EAST_1, Price>;

export const PRICES_DATE = "2025-06";
export const PRICES_SOURCE = "AWS's public pricing pages";

/** Regions whose list prices for all of this are those of us-east-1. */
const SAME_AS_US_EAST_1 = new Set(["us-east-1", "us-east-2", "us-west-2"]);

/** Prices for a region: its own where they are known, else us-east-1's with `exact: false`. */
export function pricesFor(region: string): { prices: Prices; of: string; exact: boolean } {
  const exact = SAME_AS_US_EAST_1.has(region);
  return { prices: US_EAST_1, of: exact ? region : "us-east-1", exact };
}
