import type { Item } from "../../src/contract/item.ts";
import type { AlertTable, Key } from "./alert-table.ts";
import type { Message } from "./message.ts";

/** Longer than the function may run: a holder that is alive never outlives its claim. */
export const LEASE = 90_000;

/** What the delivery gets from outside. */
export interface Delivery {
  alerts: AlertTable;
  /** Gives the message to SNS; resolves to its message id. */
  publish(message: Message): Promise<string>;
  now(): number;
  /** Names this run in its claims. */
  owner: string;
}

export type Told = "told" | "busy";

/** The attributes by which an item is this run's to tell. */
export const claimOf = ({ owner, now }: Delivery) => ({ claim: owner, claim_until: now() + LEASE });

/**
 * Publishes what the item at `key` stands for exactly once: claims it by conditional write, publishes, marks it. A claim
 * whose holder died is taken over when its lease is out. Only a death between publish and mark publishes again, with the
 * same deduplication id. `first` runs before the mark, and again if the mark didn't come about.
 *
 * Resolves to "busy" while somebody else holds the claim; throws what `publish` throws, with the claim given back.
 */
export async function tellOnce(
  key: Key,
  message: (item: Item) => Message,
  delivery: Delivery,
  first?: () => Promise<void>,
): Promise<Told> {
  const { alerts, now } = delivery;
  const before = await alerts.get(key);
  if (!before || before.state === "told") return "told";
  const claimed = await alerts.change(key, {
    set: claimOf(delivery),
    condition: "#state <> :told AND (attribute_not_exists(#claim) OR #claim_until < :now)",
    values: { told: "told", now: now() },
  });
  if (!claimed) return (await alerts.get(key))?.state === "told" ? "told" : "busy";
  await tellClaimed(key, message(before), delivery, first);
  return "told";
}

/** Publishes what the item at `key` stands for, which is claimed for this run, and marks it. */
export async function tellClaimed(
  key: Key,
  message: Message,
  { alerts, publish, now, owner }: Delivery,
  first: () => Promise<void> = async () => {},
): Promise<void> {
  let messageId: string;
  try {
    messageId = await publish(message);
  } catch (error) {
    await alerts.change(key, {
      remove: ["claim", "claim_until"],
      condition: "#claim = :owner",
      values: { owner },
    });
    throw error;
  }
  await first();
  await alerts.change(key, {
    set: { state: "told", told_at: new Date(now()).toISOString(), message_id: messageId },
    remove: ["claim", "claim_until"],
    condition: "#claim = :owner",
    values: { owner },
  });
}
