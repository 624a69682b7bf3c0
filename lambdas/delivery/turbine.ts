import { type WaitingReading, waitingItem, waitingKey } from "../../src/contract/alerts.ts";
import type { DeliverySettings } from "../../src/contract/environment.ts";
import type { Item } from "../../src/contract/item.ts";
import { rememberToCalm } from "./calm.ts";
import { gather } from "./digest.ts";
import {
  extend,
  headOf,
  open,
  type Run,
  readingOf,
  runsOf,
  settleHead,
  touching,
  turbineKey,
  waitingOf,
} from "./ledger.ts";
import { anomalyMessage } from "./message.ts";
import { claimOf, type Delivery, tellClaimed, tellOnce } from "./notice.ts";

export interface Outcome {
  /** Notifications that are out because of this run. */
  told: number;
  /** Locations with anomalies that wait for their digest. */
  gathering: Set<string>;
}

/** Deliveries that meet at one turbine make way for each other; the next run goes on where this one gave up. */
const ATTEMPTS = 20;

/** Tells what waits of one turbine. Throws when a notification couldn't be published; it goes on waiting then. */
export async function tellTurbine(
  turbineId: string,
  settings: DeliverySettings,
  delivery: Delivery,
  outcome: Outcome,
): Promise<void> {
  const waiting = await waitingOf(delivery.alerts, turbineId);
  const done = waiting.filter((reading) => reading.score < settings.minScore);
  const anomalous = waiting.filter((reading) => reading.score >= settings.minScore);
  if (settings.everyReading) {
    for (const reading of anomalous) {
      if (await tellReading(reading, settings, delivery, outcome)) done.push(reading);
    }
  } else {
    for (const run of runsOf(anomalous, settings.quiet)) {
      done.push(...(await tellRun(turbineId, run, settings, delivery, outcome)));
    }
  }
  await delivery.alerts.deleteAll(done.map((reading) => waitingKey(reading.turbineId, reading.timestamp)));
}

/** Resolves to the readings of `run` that needn't wait any longer. */
async function tellRun(
  turbineId: string,
  run: Run,
  settings: DeliverySettings,
  delivery: Delivery,
  outcome: Outcome,
): Promise<WaitingReading[]> {
  const found = await anomaliesOf(turbineId, run, settings, delivery);
  if (!found) return [];
  const unfinished = new Set<string>();
  for (const anomaly of found.anomalies) {
    if (!(await tellAnomaly(anomaly, settings, delivery, outcome))) unfinished.add(String(anomaly.timestamp));
  }
  // Behind the telling: somebody waits for that.
  if (found.opened !== undefined) await settleHead(delivery.alerts, turbineId, found.opened);
  // The reading that an untold anomaly began with stays: it's what the next run finds it by.
  return run.readings.filter((reading) => !unfinished.has(reading.timestamp));
}

/**
 * The anomalies that `run` belongs to, a new one if there's none (`opened`: the head's version with it); undefined if other
 * deliveries kept getting in first.
 */
async function anomaliesOf(
  turbineId: string,
  run: Run,
  settings: DeliverySettings,
  delivery: Delivery,
): Promise<{ anomalies: Item[]; opened?: number } | undefined> {
  const { alerts, now } = delivery;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // The order is what makes it exact: what waits was read before, then the head, then the known anomalies. Whoever
    // takes a reading off the waiting ones has noted it on its anomaly before, and whoever opens one has moved the head.
    const head = await headOf(alerts, turbineId);
    const known = await touching(alerts, turbineId, run, settings.quiet);
    if (known.length > 0) {
      await extend(alerts, known, run);
      return { anomalies: known };
    }
    const opened = await open(alerts, head, run, settings, now(), claimOf(delivery));
    if (opened) return { anomalies: [opened.anomaly], opened: opened.version };
  }
  return undefined;
}

/** Says whether nothing is left to do for the anomaly. */
async function tellAnomaly(
  anomaly: Item,
  settings: DeliverySettings,
  delivery: Delivery,
  outcome: Outcome,
): Promise<boolean> {
  const reading = readingOf(anomaly);
  if (anomaly.state === "told" || anomaly.state === "cooldown") return true;
  if (anomaly.state === "gathering") {
    await gather(anomaly, delivery);
    outcome.gathering.add(reading.location);
    return false;
  }
  const key = { pk: String(anomaly.pk), sk: String(anomaly.sk) };
  const message = () => anomalyMessage(reading, settings.minScore, deduplicationId(reading));
  const calm = async () => {
    if (settings.calmNotice) await rememberToCalm(reading, delivery);
  };
  if (anomaly.claim === delivery.owner) await tellClaimed(key, message(), delivery, calm);
  else if ((await tellOnce(key, message, delivery, calm)) !== "told") return false;
  outcome.told++;
  return true;
}

async function tellReading(
  reading: WaitingReading,
  settings: DeliverySettings,
  delivery: Delivery,
  outcome: Outcome,
): Promise<boolean> {
  const key = { pk: turbineKey(reading.turbineId), sk: `reading#${reading.timestamp}` };
  const opened_at = new Date(delivery.now()).toISOString();
  await delivery.alerts.create({ ...waitingItem(reading), ...key, opened_at, state: "new" });
  const message = () => anomalyMessage(reading, settings.minScore, deduplicationId(reading));
  if ((await tellOnce(key, message, delivery)) !== "told") return false;
  outcome.told++;
  return true;
}

/** Short, printable and the same for the same turbine and time, on every attempt. */
export function deduplicationId({ turbineId, timestamp }: WaitingReading): string {
  return `${turbineId.replace(/[^\w.-]/g, "_").slice(0, 64)}@${timestamp}`;
}
