import { waitingKey } from "../../src/contract/alerts.ts";
import type { DeliverySettings } from "../../src/contract/environment.ts";
import type { Item } from "../../src/contract/item.ts";
import { rememberToCalm } from "./calm.ts";
import { anomalyKey, readingOf } from "./ledger.ts";
import { anomalyMessage, digestMessage } from "./message.ts";
import { type Delivery, tellOnce } from "./notice.ts";
import { deduplicationId } from "./turbine.ts";

/** An item of DynamoDB holds 400 KB: a digest's list of anomalies stays well within it. */
const MOST_MEMBERS = 1000;

const gatheringKey = (location: string): string => `gathering#${location}`;

/** Puts an opened anomaly with those that wait for the digest of its location; again is the same. */
export async function gather(anomaly: Item, { alerts }: Delivery): Promise<void> {
  const { turbine_id, timestamp, opened_at, location } = anomaly as Record<string, string>;
  // The oldest sorts first, which `tellDigest` relies on.
  const sk = `${opened_at}#${turbine_id}#${timestamp}`;
  await alerts.create({ pk: gatheringKey(location!), sk, turbine_id: turbine_id!, timestamp: timestamp! });
}

/**
 * Tells what was gathered for a location in one notification, when the oldest of it has waited for the digest's time.
 * The digest is named after its oldest anomaly and its members are frozen by a conditional write, so that of two
 * deliveries that meet here one follows the other; what is gathered meanwhile goes into the next.
 */
export async function tellDigest(location: string, settings: DeliverySettings, delivery: Delivery): Promise<number> {
  const { alerts, now } = delivery;
  const gathered = await alerts.query(gatheringKey(location), { from: "0", to: "\uffff" }, { limit: MOST_MEMBERS });
  const oldest = gathered[0];
  if (!oldest || now() - Date.parse(String(oldest.sk).slice(0, 24)) < settings.digest) return 0;
  const states = await Promise.all(gathered.map((g) => alerts.get(anomalyKey(`${g.turbine_id}`, `${g.timestamp}`))));
  const untold = states.filter((a): a is Item => a !== undefined && a.state !== "told");
  const key = { pk: `digest#${location}`, sk: `digest#${oldest.sk}` };
  if (untold.length > 0) {
    const members = JSON.stringify(untold.map(readingOf));
    await alerts.create({ ...key, location, members, state: "new" });
  }
  const digest = await alerts.get(key);
  const readings: ReturnType<typeof readingOf>[] = digest ? JSON.parse(String(digest.members)) : [];
  if (digest) {
    const { minScore, calmNotice } = settings;
    const message = () => {
      const id = deduplicationId(readings[0]!);
      return readings.length === 1
        ? anomalyMessage(readings[0]!, minScore, id)
        : digestMessage(readings, minScore, `digest-${id}`);
    };
    const calm = async () => {
      if (calmNotice) for (const reading of readings) await rememberToCalm(reading, delivery);
    };
    if ((await tellOnce(key, message, delivery, calm)) !== "told") return 0;
  }
  const at = new Date(now()).toISOString();
  for (const { turbineId, timestamp } of readings) {
    await alerts.change(anomalyKey(turbineId, timestamp), {
      set: { state: "told", told_at: at, digest: key.sk },
      condition: "attribute_exists(pk) AND #state <> :told",
      values: { told: "told" },
    });
    await alerts.delete(waitingKey(turbineId, timestamp));
  }
  // Anomalies are marked before they leave, and the oldest leaves last: until then every delivery finds this digest.
  const members = new Set(readings.map(({ turbineId, timestamp }) => `${turbineId}#${timestamp}`));
  const told = gathered.filter((g, i) => members.has(`${g.turbine_id}#${g.timestamp}`) || states[i]?.state === "told");
  for (const { pk, sk } of told.toReversed()) await alerts.delete({ pk: String(pk), sk: String(sk) });
  return digest ? 1 : 0;
}
