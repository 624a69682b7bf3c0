import { WindopsError } from "../../io/errors/errors.ts";
import { DESTINATION_MAPPING } from "./functions.ts";

/** What a farm asks of the pipeline. */
export interface Farm {
  turbines: number;
  /** Of the whole farm. */
  readingsPerSecond: number;
}

/** One of AWS's limits that the farm comes up against. */
export interface Limit {
  what: string;
  needed: number;
  /** As it is before anybody asks for more. */
  quota: number;
  /** Whether AWS raises it on request. */
  raised: boolean;
  source: string;
}

export interface Sizing {
  shards: number;
  parallelism: number;
  /** With the one that Managed Flink takes for orchestration. */
  kpus: number;
  batchSize: number;
  parallelizationFactor: number;
  /** Calls of the destination function at once. */
  concurrency: number;
  /** Writes a second into the table. */
  writeUnits: number;
  /** The fullest first. */
  limits: Limit[];
}

/** A shard takes 1,000 records a second; keys fall unevenly, and a burst must find room. */
const SHARD_RECORDS = 1000;
const SHARD_FILL = 0.75;
/**
 * Of docs/flink.md: 1 MB of heap a turbine in some 2 GB that a KPU leaves the job, and 8,200 readings a second on a core, of which
 * half is left for catching up.
 */
const TURBINES_A_KPU = 2000;
const READINGS_A_KPU = 4000;
/** Of the functions' table: alerts that wait, spread by turbine (ANOMALY_PARTITIONS), each partition at 1,000 writes a second. */
const WAITING_WRITES = 16_000;

const KINESIS = "https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html";
const FLINK = "https://docs.aws.amazon.com/managed-flink/latest/java/limits.html";
const LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html";
const DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html";
const WARM = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html";
const PARTITION = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html";

/**
 * What a farm needs: provisioned shards (at a steady rate a stream on demand costs more at any size), parallelism of the Flink
 * application by memory and by CPU, and what the rest then sees. A mapping's lane stores 500 rows in some 150 ms, so one lane a shard
 * keeps up with the 1,000 records that the shard takes.
 */
export function sizing({ turbines, readingsPerSecond }: Farm): Sizing {
  // The scored readings go one a record, so the output stream decides also where the producer aggregates.
  const shards = Math.max(1, Math.ceil(readingsPerSecond / (SHARD_RECORDS * SHARD_FILL)));
  const parallelism = Math.max(1, Math.ceil(turbines / TURBINES_A_KPU), Math.ceil(readingsPerSecond / READINGS_A_KPU));
  const parallelizationFactor = DESTINATION_MAPPING.ParallelizationFactor;
  const concurrency = shards * parallelizationFactor;
  const limits: Limit[] = [
    { what: "shards of the account", needed: 2 * shards, quota: 500, raised: true, source: KINESIS },
    { what: "KPUs of the application", needed: parallelism + 1, quota: 64, raised: true, source: FLINK },
    { what: "concurrent function calls", needed: concurrency + 1, quota: 1000, raised: true, source: LAMBDA },
    { what: "writes/s of a new table", needed: readingsPerSecond, quota: 4000, raised: true, source: WARM },
    { what: "writes/s of a table", needed: readingsPerSecond, quota: 40_000, raised: true, source: DYNAMODB },
    {
      what: "alerts/s in a storm over all",
      needed: readingsPerSecond,
      quota: WAITING_WRITES,
      raised: false,
      source: PARTITION,
    },
  ];
  return {
    shards,
    parallelism,
    kpus: parallelism + 1,
    batchSize: DESTINATION_MAPPING.BatchSize,
    parallelizationFactor,
    concurrency,
    writeUnits: readingsPerSecond,
    limits: limits.toSorted((a, b) => fill(b) - fill(a)),
  };
}

/** How much of a limit is used; above 1 it breaks. */
export const fill = ({ needed, quota }: Limit): number => needed / quota;

/** Shards of a stream and KPUs that one pipeline has at most: AWS's quotas before anybody asks for more. */
const MOST = { shards: 500, parallelism: 64 };

/** Throws a `WindopsError` where a farm is too large for one pipeline. */
export function checkSize(size: { shards: number; parallelism: number }): void {
  for (const what of ["shards", "parallelism"] as const) {
    if (size[what] <= MOST[what]) continue;
    const needed = `${what === "shards" ? "shards a stream" : "KPUs"}`;
    throw new WindopsError("E_TOO_LARGE", `The farm needs ${size[what]} ${needed}: one pipeline has ${MOST[what]}.`, {
      hint: "Split it over several pipelines with --prefix, or send fewer readings a second with --rate. See docs/scale.md.",
      exitCode: 2,
    });
  }
}

/** The settings `turbines` and `rate` as flags give them: in the environment's place, which flags come before. */
export function farmOf(env: NodeJS.ProcessEnv, flags: { turbines?: number; rate?: number }): NodeJS.ProcessEnv {
  const { turbines, rate } = flags;
  return {
    ...env,
    ...(turbines !== undefined && { WINDOPS_TURBINES: String(turbines) }),
    ...(rate !== undefined && Number.isFinite(rate) && { WINDOPS_RATE: String(rate) }),
  };
}
