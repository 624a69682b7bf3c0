import { AwsError } from "../../../errors.ts";
import type { Stack, Store } from "../../../service.ts";
import type { Draft, Mail } from "./mail.ts";
import type { SmtpOutbox } from "./smtp.ts";

const SENDER = "no-reply@sns.amazonaws.com";
const KEPT = 20_000;

/** The local mailbox of everyone who subscribed by e-mail: durable, in order, the oldest dropped beyond 20,000. */
export class Inbox {
  readonly #mails: Store<Mail>;
  readonly #now: () => number;
  readonly #outbox: SmtpOutbox | undefined;
  #next: number;

  constructor(stack: Stack, outbox?: SmtpOutbox) {
    this.#mails = stack.store<Mail>("inbox");
    this.#now = () => stack.now();
    this.#outbox = outbox;
    this.#next = 1 + Math.max(0, ...[...this.#mails.entries()].map(([id]) => Number(id)));
  }

  /** The mail is on disk when this returns; it also goes out by SMTP where that is configured. */
  deliver(draft: Draft): Mail {
    const id = String(this.#next++).padStart(12, "0");
    const { displayName, ...rest } = draft;
    const from = displayName
      ? `"${displayName.replace(/["\\\r\n]/g, "")}" <${SENDER}>`
      : `AWS Notifications <${SENDER}>`;
    const sent = new Date(this.#now()).toISOString();
    const headers = {
      From: from,
      To: draft.to,
      Subject: draft.subject,
      Date: new Date(this.#now()).toUTCString(),
      "Message-ID": `<${draft.messageId ?? `confirm-${id}`}.${id}@sns.windops.local>`,
      "MIME-Version": "1.0",
      "Content-Type": "text/plain; charset=UTF-8",
    };
    const mail: Mail = { id, sent, from, headers, ...rest };
    this.#mails.put(id, mail);
    this.#outbox?.add(mail);
    this.#trim();
    return mail;
  }

  /**
   * Oldest first. `after`: only mails after this id; `since`: sent at or after this time (ISO 8601); `to`, `kind`,
   * `topicArn`: only those; `limit`: at most so many, from the oldest on. Throws `AwsError` for a time that isn't one.
   */
  list(query: URLSearchParams): { mails: Mail[]; last: string } {
    const after = query.get("after") ?? "";
    const since = query.get("since");
    const limit = Number(query.get("limit") ?? KEPT);
    const from = since === null ? -Infinity : Date.parse(since);
    if (Number.isNaN(from)) throw new AwsError("InvalidParameter", `since is not a time: ${since}`);
    if (!(limit >= 0)) throw new AwsError("InvalidParameter", "limit is not a number");
    const wanted = (mail: Mail) =>
      mail.id > after &&
      Date.parse(mail.sent) >= from &&
      (query.get("to") ?? mail.to) === mail.to &&
      (query.get("kind") ?? mail.kind) === mail.kind &&
      (query.get("topicArn") ?? mail.topicArn) === mail.topicArn;
    const mails = [...this.#mails.entries()]
      .map(([, mail]) => mail)
      .filter(wanted)
      .slice(0, limit);
    return { mails, last: mails[mails.length - 1]?.id ?? after };
  }

  #trim(): void {
    if (this.#mails.size <= KEPT * 1.1) return;
    const oldest = [...this.#mails.entries()].map(([id]) => id).slice(0, this.#mails.size - KEPT);
    for (const id of oldest) this.#mails.delete(id);
  }
}
