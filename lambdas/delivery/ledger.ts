import { type WaitingReading, waitingKey } from "../../src/contract/alerts.ts";
import type { DeliverySettings } from "../../src/contract/environment.ts";
import type { Item } from "../../src/contract/item.ts";
import type { AlertTable, Key } from "./alert-table.ts";

/** A run of a turbine's anomalous readings without a quiet time between two of them; times are ISO 8601. */
export interface Run {
  first: string;
  last: string;
  readings: WaitingReading[];
}

export const turbineKey = (turbineId: string): string => `turbine#${turbineId}`;
export const anomalyKey = (turbineId: string, start: string): Key => ({
  pk: turbineKey(turbineId),
  sk: `anomaly#${start}`,
});
const headKey = (turbineId: string): Key => ({ pk: turbineKey(turbineId), sk: "head" });

/** Readings of one turbine in time order, parted where `quiet` passes without one. */
export function runsOf(readings: readonly WaitingReading[], quiet: number): Run[] {
  const sorted = readings.toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
  const runs: Run[] = [];
  for (const reading of sorted) {
    const run = runs.at(-1);
    if (run && Date.parse(reading.timestamp) - Date.parse(run.last) < quiet) {
      run.readings.push(reading);
      run.last = reading.timestamp;
    } else runs.push({ first: reading.timestamp, last: reading.timestamp, readings: [reading] });
  }
  return runs;
}

export const readingOf = (item: Item): WaitingReading => ({
  turbineId: String(item.turbine_id),
  timestamp: String(item.timestamp),
  location: String(item.location),
  speed: Number(item.wind_speed),
  score: Number(item.anomaly_score),
});

/** Readings of the turbine that wait to be told. */
export async function waitingOf(alerts: AlertTable, turbineId: string): Promise<WaitingReading[]> {
  const { pk, sk } = waitingKey(turbineId, "");
  const items = await alerts.query(pk, { from: sk, to: `${sk}\uffff` });
  // "a#" is also the beginning of a turbine that is named "a#b".
  return items.filter((item) => item.turbine_id === turbineId).map(readingOf);
}

/** Known anomalies that `run` belongs to: less than `quiet` lies between. */
export async function touching(alerts: AlertTable, turbineId: string, run: Run, quiet: number): Promise<Item[]> {
  const pk = turbineKey(turbineId);
  const until = new Date(Date.parse(run.last) + quiet - 1).toISOString();
  const [before, within] = await Promise.all([
    alerts.query(pk, { from: "anomaly#", to: `anomaly#${run.first}` }, { descending: true, limit: 1 }),
    alerts.query(pk, { from: `anomaly#${run.first}\u0000`, to: `anomaly#${until}` }),
  ]);
  return [...before.filter((a) => Date.parse(run.first) - Date.parse(String(a.last)) < quiet), ...within];
}

/** Notes that anomalies reach over `run` too. */
export async function extend(alerts: AlertTable, anomalies: Item[], run: Run): Promise<void> {
  for (const anomaly of anomalies) {
    const key = { pk: String(anomaly.pk), sk: String(anomaly.sk) };
    if (run.last > String(anomaly.last)) {
      const condition = "attribute_exists(pk) AND #last < :last";
      await alerts.change(key, { set: { last: run.last }, condition, values: { last: run.last } });
    }
    if (run.first < String(anomaly.first)) {
      const condition = "attribute_exists(pk) AND #first > :first";
      await alerts.change(key, { set: { first: run.first }, condition, values: { first: run.first } });
    }
  }
}

/** The turbine's head; an anomaly that was being opened when its run died is opened now. */
export async function headOf(alerts: AlertTable, turbineId: string): Promise<Item> {
  const head = (await alerts.get(headKey(turbineId))) ?? { version: 0 };
  if (head.opening !== undefined) {
    await alerts.create(JSON.parse(String(head.opening)));
    await settleHead(alerts, turbineId, Number(head.version));
  }
  return head;
}

/** The anomaly that the head of this version names is there. */
export async function settleHead(alerts: AlertTable, turbineId: string, version: number): Promise<void> {
  await alerts.change(headKey(turbineId), {
    remove: ["opening"],
    condition: "#version = :version",
    values: { version },
  });
}

/**
 * Opens an anomaly with `run`, unless another delivery opened one for this turbine since `head` was read: then undefined, and
 * the caller looks again. The head names the new anomaly before it's there, so that a death between the two loses nothing; the
 * caller settles the head when there is time. `claim` makes it the caller's to tell from the beginning.
 */
export async function open(
  alerts: AlertTable,
  head: Item,
  run: Run,
  settings: Pick<DeliverySettings, "cooldown" | "digest">,
  now: number,
  claim: Item,
): Promise<{ anomaly: Item; version: number } | undefined> {
  const start = run.readings[0]!;
  const since = head.told === undefined ? Infinity : Math.abs(Date.parse(run.first) - Date.parse(String(head.told)));
  const cooling = since < settings.cooldown;
  const state = cooling ? "cooldown" : settings.digest > 0 ? "gathering" : "new";
  const anomaly = {
    ...anomalyKey(start.turbineId, run.first),
    turbine_id: start.turbineId,
    timestamp: start.timestamp,
    location: start.location,
    wind_speed: start.speed,
    anomaly_score: start.score,
    first: run.first,
    last: run.last,
    opened_at: new Date(now).toISOString(),
    state,
    ...(state === "new" && claim),
  };
  const before = Number(head.version);
  const version = before + 1;
  const won = await alerts.change(headKey(start.turbineId), {
    set: { version, opening: JSON.stringify(anomaly), ...(!cooling && { told: run.first }) },
    condition: before === 0 ? "attribute_not_exists(pk)" : "#version = :version",
    ...(before > 0 && { values: { version: before } }),
  });
  if (!won) return undefined;
  // False if another delivery read the head first: then it is there as we would have written it.
  await alerts.create(anomaly);
  return { anomaly, version };
}
