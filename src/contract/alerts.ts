import { type Item, marshal } from "./item.ts";
import { partitionOf } from "./partition.ts";
import type { Row } from "./row.ts";

/**
 * The alerts' table. Its partitions:
 * - `waiting#00` … `waiting#15`: anomalous readings that nobody was told of yet (sort key `<turbine>#<timestamp>`). The
 *   destination puts them there with the rows themselves; the delivery removes them when the anomaly has been told.
 *   Reads of a table can be strongly consistent, reads of an index can't: so it's a partition, not an index.
 * - `turbine#<id>`: the turbine's anomalies (`anomaly#<start>`), readings told one by one (`reading#<timestamp>`), notices
 *   of calm (`calm#<start>`) and `head`, whose version makes changes of one turbine follow one another.
 * - `digest#<location>`: what is gathered (`open`) and what was told at once (`digest#<opened>`).
 * - `calm`: anomalies whose end is still to be told.
 */
export interface WaitingReading {
  turbineId: string;
  timestamp: string;
  location: string;
  speed: number;
  score: number;
}

export function waitingKey(turbineId: string, timestamp: string): { pk: string; sk: string } {
  return { pk: `waiting#${partitionOf(turbineId)}`, sk: `${turbineId}#${timestamp}` };
}

export function waitingItem({ turbineId, timestamp, location, speed, score }: Row | WaitingReading): Item {
  return {
    ...waitingKey(turbineId, timestamp),
    turbine_id: turbineId,
    timestamp,
    location,
    wind_speed: speed,
    anomaly_score: score,
  };
}

export const putRequest = (item: Item) => ({ PutRequest: { Item: marshal(item) } });
