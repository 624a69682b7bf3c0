import type { AlertTable, Key } from "../shared/alert-table.ts";
import type { Item } from "../shared/item.ts";
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
  { alerts, publish, now, owner }: Delivery,
  first: () => Promise<void> = async () => {},
): Promise<Told> {
  const before = await alerts.get(key);
  if (!before || before.state === "told") return "told";
  const at = now();
  const claimed = await alerts.change(key, {
    set: { claim: owner, claim_until: at + LEASE },
    condition: "#state <> :told AND (attribute_not_exists(#claim) OR #claim_until < :now)",
    values: { told: "told", now: at },
  });
  if (!claimed) return (await alerts.get(key))?.state === "told" ? "told" : "busy";
  let messageId: string;
  try {
    messageId = await publish(message(before));
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
  return "told";
}
