import type { Stack, Store } from "../../../service.ts";
import type { Mail } from "./mail.ts";

interface Waiting {
  mail: Mail;
  attempts: number;
  /** Milliseconds since the epoch. */
  due: number;
}

export type SendMail = (mail: Mail) => Promise<void>;

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 10 * 60_000;
const MAX_ATTEMPTS = 50;

/**
 * Mails on their way to an SMTP server. They wait on disk until the server took them, so that neither a restart nor an
 * hour without the server loses one; a death between the server's yes and our note sends one again, with the same
 * Message-ID.
 */
export class SmtpOutbox {
  readonly #waiting: Store<Waiting>;
  readonly #stack: Stack;
  readonly #send: SendMail;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(stack: Stack, send: SendMail) {
    this.#waiting = stack.store<Waiting>("smtp-outbox");
    this.#stack = stack;
    this.#send = send;
    stack.signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
    this.#schedule();
  }

  add(mail: Mail): void {
    this.#waiting.put(mail.id, { mail, attempts: 0, due: this.#stack.now() });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#waiting.size === 0 || this.#sending || this.#stack.signal.aborted) return;
    const due = Math.min(...[...this.#waiting.entries()].map(([, w]) => w.due));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#sending = this.#sendDue().finally(() => {
          this.#sending = undefined;
          this.#schedule();
        });
      },
      Math.max(0, due - this.#stack.now()),
    );
    this.#timer.unref();
  }

  async #sendDue(): Promise<void> {
    const due = [...this.#waiting.entries()].filter(([, w]) => w.due <= this.#stack.now());
    for (const [id, waiting] of due) {
      if (this.#stack.signal.aborted) return;
      try {
        await this.#send(waiting.mail);
        this.#waiting.delete(id);
      } catch (error) {
        this.#failed(id, waiting, error as Error);
      }
    }
  }

  #failed(id: string, waiting: Waiting, error: Error): void {
    const attempts = waiting.attempts + 1;
    // The server's words, without the URL: that holds the password.
    this.#stack.log(`SMTP: mail ${id} not sent (attempt ${attempts}): ${error.message}`);
    if (attempts >= MAX_ATTEMPTS) this.#waiting.delete(id);
    else {
      const due = this.#stack.now() + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1));
      this.#waiting.put(id, { ...waiting, attempts, due });
    }
  }

  /** Resolves when nothing is being sent. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#sending;
  }
}

/** Sends through the server of an `smtp://` or `smtps://` URL. */
export function smtpSender(url: string, from: string | undefined): SendMail {
  let transport: Promise<import("nodemailer").Transporter> | undefined;
  return async (mail) => {
    transport ??= import("nodemailer").then(({ createTransport }) =>
      createTransport(url, { disableFileAccess: true, disableUrlAccess: true } as object),
    );
    await (await transport).sendMail({
      from: from ?? mail.from,
      to: { name: "", address: mail.to },
      subject: mail.subject,
      text: mail.text,
      messageId: mail.headers["Message-ID"],
      date: new Date(mail.sent),
    });
  };
}
