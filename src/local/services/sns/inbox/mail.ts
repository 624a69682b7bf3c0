/** A mail as it was sent. */
export interface Mail {
  /** Ascending. */
  id: string;
  kind: "confirmation" | "notification";
  /** ISO 8601. */
  sent: string;
  to: string;
  from: string;
  subject: string;
  text: string;
  headers: Record<string, string>;
  topicArn: string;
  subscriptionArn: string;
  /** Of the publish; undefined for confirmations. */
  messageId?: string;
  /** Message attributes of the publish as name → text, for programs that read the inbox; mails of SNS don't show them. */
  attributes?: Record<string, string>;
  /** Where the subscription is confirmed, in confirmations. */
  confirmUrl?: string;
}

export type Draft = Omit<Mail, "id" | "sent" | "from" | "headers"> & { displayName?: string };

/** The words of SNS's confirmation mail. */
export function confirmationText(topicArn: string, confirmUrl: string): string {
  return [
    "You have chosen to subscribe to the topic:",
    topicArn,
    "",
    "To confirm this subscription, click or visit the link below (If this was in error no action is necessary):",
    confirmUrl,
    "",
    "Please do not reply directly to this email.",
    "",
  ].join("\n");
}

/** The message with the lines that SNS puts under it. */
export function notificationText(message: string, unsubscribeUrl: string): string {
  return [
    message,
    "",
    "--",
    "If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:",
    unsubscribeUrl,
    "",
    "Please do not reply directly to this email.",
    "",
  ].join("\n");
}
