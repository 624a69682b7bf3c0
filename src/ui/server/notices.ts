import { paginateScan } from "../../aws/dynamodb.ts";
import { unmarshal } from "../../contract/item.ts";
import { readInbox, type Mail as StoredMail } from "../../operate/inbox.ts";
import { alertTable } from "../../pipeline/settings/functions.ts";
import type { Session } from "../../pipeline/settings/session.ts";
import type { Alert, DeliveryState, Mail } from "../protocol.ts";

/** What the page lists at most, and mails held to find what the listed alerts' notifications said. */
const MOST = 500;
const HELD = 4 * MOST;
/** Longer than a delivery's lease: who is still untold then was tried in vain. */
const OVERDUE_MS = 120_000;

/** What was found, and what was said about it. */
export class Notices {
  readonly #session: Session;
  readonly #now: () => number;
  #mails: StoredMail[] = [];

  constructor(session: Session, now: () => number) {
    this.#session = session;
    this.#now = now;
  }

  /** Mails of this machine's inbox, newest first; undefined where the target has none to look into. */
  async mails(): Promise<Mail[] | undefined> {
    const { kind, endpoint } = this.#session.target;
    if (kind !== "local") return undefined;
    // Only what can have changed: what came, and what still waits for a confirmation.
    const waiting = this.#mails.findIndex(({ confirmed }) => confirmed === false);
    const kept = waiting === -1 ? this.#mails : this.#mails.slice(0, waiting);
    this.#mails = [...kept, ...(await readInbox(endpoint!, kept.at(-1)?.id))].slice(-HELD);
    return this.#mails
      .slice(-MOST)
      .reverse()
      .map(({ id, to, subject, text, sent, confirmed }) => {
        return { id, to, subject, text, time: Date.parse(sent), ...(confirmed !== undefined && { confirmed }) };
      });
  }

  /** Confirms the subscription that the mail `id` asks for; false where there is no such mail. */
  async confirm(id: unknown): Promise<boolean> {
    // The address comes from the inbox, never from the page.
    const url = this.#mails.find((mail) => mail.id === id)?.confirmUrl;
    if (!url) return false;
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  }

  /** Anomalies of the alert table, newest first; none where the table isn't there yet. */
  async alerts(): Promise<Alert[]> {
    const { clients, names } = this.#session;
    const dynamodb = await clients.dynamodb();
    const items: ReturnType<typeof unmarshal>[] = [];
    const pages = paginateScan(
      { client: dynamodb },
      {
        TableName: alertTable(names),
        FilterExpression: "begins_with(sk, :anomaly)",
        ExpressionAttributeValues: { ":anomaly": { S: "anomaly#" } },
      },
    );
    for await (const { Items = [] } of pages) items.push(...Items.map(unmarshal));
    return items
      .map((item) => this.#alert(item))
      .sort((a, b) => b.time - a.time)
      .slice(0, MOST);
  }

  #alert(item: ReturnType<typeof unmarshal>): Alert {
    const turbineId = String(item.turbine_id);
    const [opened, told] = [Date.parse(String(item.opened_at)), Date.parse(String(item.told_at))];
    // As the delivery names the notification of a turbine's anomaly.
    const notification = `${turbineId.replace(/[^\w.-]/g, "_").slice(0, 64)}@${item.timestamp}`;
    const mail = this.#mails.find(({ attributes }) => attributes?.deduplicationId === notification);
    return {
      turbineId,
      location: String(item.location),
      speed: Number(item.wind_speed),
      score: Number(item.anomaly_score),
      time: Date.parse(String(item.first)),
      state: stateOf(item, opened, this.#now()),
      ...(Number.isFinite(told) && { latency: Math.max(0, told - opened) }),
      ...(mail && { subject: mail.subject, text: mail.text }),
    };
  }
}

function stateOf(item: ReturnType<typeof unmarshal>, opened: number, now: number): DeliveryState {
  if (item.state === "told") return "sent";
  if (item.state === "cooldown") return "withheld";
  if (item.claim !== undefined && Number(item.claim_until) > now) return "claimed";
  return item.state === "new" && now - opened > OVERDUE_MS ? "failed" : "stored";
}
