import { type Item, storable } from "./item.ts";
import { partitionOf } from "./partition.ts";
import { ANOMALY_INDEX_SCORE } from "./table-schema.ts";

/** A scored reading as the readings' table holds it. */
export interface Row {
  turbineId: string;
  /** ISO 8601 UTC with milliseconds: event time. */
  timestamp: string;
  location: string;
  /** m/s */
  speed: number;
  /** Calibrated score. */
  score: number;
  /** The forest's raw score. */
  rcfScore?: number;
  /** Further numeric fields of the reading. */
  more: Record<string, number>;
}

const COLUMNS = new Set([
  "turbine_id",
  "timestamp",
  "location",
  "wind_speed",
  "anomaly_score",
  "rcf_score",
  "anomaly_partition",
]);

export function rowItem(row: Row, minScore: number): Item {
  const more = Object.entries(row.more).filter(([name, value]) => !COLUMNS.has(name) && name !== "" && storable(value));
  return {
    ...Object.fromEntries(more),
    turbine_id: row.turbineId,
    timestamp: row.timestamp,
    location: row.location,
    wind_speed: row.speed,
    anomaly_score: row.score,
    ...(row.rcfScore !== undefined && { rcf_score: row.rcfScore }),
    ...(row.score >= Math.min(minScore, ANOMALY_INDEX_SCORE) && { anomaly_partition: partitionOf(row.turbineId) }),
  };
}

/**
 * The row of an item, also of one that an older pipeline wrote (numbers as text, perhaps no score); undefined for what
 * isn't a reading.
 */
export function rowOf(item: Item): Row | undefined {
  const { turbine_id, timestamp, location, wind_speed, anomaly_score, rcf_score, anomaly_partition: _, ...rest } = item;
  const speed = numeric(wind_speed);
  const score = numeric(anomaly_score);
  if (turbine_id === undefined || timestamp === undefined || speed === undefined || score === undefined) {
    return undefined;
  }
  const rcfScore = numeric(rcf_score);
  const more = Object.entries(rest).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return {
    turbineId: String(turbine_id),
    timestamp: String(timestamp),
    location: String(location ?? turbine_id),
    speed,
    score,
    ...(rcfScore !== undefined && { rcfScore }),
    more: Object.fromEntries(more),
  };
}

function numeric(value: Item[string] | undefined): number | undefined {
  if (value === undefined || value === "" || typeof value === "boolean") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
