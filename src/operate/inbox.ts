/** A mail in the embedded stack's inbox, as far as windops itself reads it. */
export interface Mail {
  id: string;
  kind: "confirmation" | "notification";
  /** ISO 8601. */
  sent: string;
  to: string;
  subject: string;
  text: string;
  attributes?: Record<string, string>;
  confirmUrl?: string;
  /** Of confirmations: whether the subscription is confirmed by now. */
  confirmed?: boolean;
}

/** Mails of the stack at `endpoint`, oldest first; `after`: only those after this id. */
export async function readInbox(endpoint: string, after = ""): Promise<Mail[]> {
  const response = await fetch(`${endpoint}/_windops/inbox?after=${encodeURIComponent(after)}`);
  if (!response.ok) throw new Error(`the inbox answers ${response.status}`);
  return ((await response.json()) as { mails: Mail[] }).mails;
}

/** A subscription that has been confirmed. */
export interface Confirmed {
  endpoint: string;
  topicArn: string;
  subscriptionArn: string;
}

/** Confirms every subscription that waits for it, as their owners would by clicking. */
export async function confirmAll(endpoint: string): Promise<Confirmed[]> {
  const response = await fetch(`${endpoint}/_windops/confirm-all`, { method: "POST", body: "{}" });
  if (!response.ok) throw new Error(`the inbox answers ${response.status}`);
  return ((await response.json()) as { confirmed: Confirmed[] }).confirmed;
}
