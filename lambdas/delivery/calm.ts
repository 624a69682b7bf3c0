import type { WaitingReading } from "../../src/contract/alerts.ts";
import type { DeliverySettings } from "../../src/contract/environment.ts";
import { anomalyKey, readingOf, turbineKey } from "./ledger.ts";
import { calmMessage } from "./message.ts";
import { type Delivery, tellOnce } from "./notice.ts";

/** Event time of a turbine's newest reading, whatever its score. */
export type NewestReading = (turbineId: string) => Promise<string | undefined>;

/** Notes that the anomaly's end is still to be told. */
export async function rememberToCalm(reading: WaitingReading, { alerts }: Delivery): Promise<void> {
  const { turbineId, timestamp } = reading;
  const entry = { pk: "calm", sk: `${turbineId}#${timestamp}`, turbine_id: turbineId, timestamp };
  await alerts.create(entry);
}

/** Tells of each told anomaly, once, that it's over: when its turbine has readings from a quiet time after its last. */
export async function tellCalm(
  settings: DeliverySettings,
  delivery: Delivery,
  newestReading: NewestReading,
): Promise<number> {
  const { alerts } = delivery;
  let told = 0;
  for (const entry of await alerts.query("calm", { from: "\u0000", to: "\uffff" })) {
    const turbineId = String(entry.turbine_id);
    const start = String(entry.timestamp);
    const anomaly = await alerts.get(anomalyKey(turbineId, start));
    const newest = await newestReading(turbineId);
    if (!anomaly || newest === undefined) continue;
    const last = String(anomaly.last);
    if (Date.parse(newest) - Date.parse(last) < settings.quiet) continue;
    const key = { pk: turbineKey(turbineId), sk: `calm#${start}` };
    await alerts.create({ ...key, turbine_id: turbineId, timestamp: start, state: "new" });
    const id = `calm-${turbineId.replace(/[^\w.-]/g, "_").slice(0, 64)}@${start}`;
    if ((await tellOnce(key, () => calmMessage(readingOf(anomaly), last, id), delivery)) !== "told") continue;
    await alerts.delete({ pk: "calm", sk: String(entry.sk) });
    told++;
  }
  return told;
}
