import type { RpcService, Stack } from "../../service.ts";
import { count } from "../cloudwatch/count.ts";
import { Delivery } from "./delivery.ts";
import { Inbox } from "./inbox/inbox.ts";
import type { Mail } from "./inbox/mail.ts";
import { SmtpOutbox, smtpSender } from "./inbox/smtp.ts";
import { publishOperations } from "./publish.ts";
import { invalid, SnsState } from "./state.ts";
import { confirm, subscriptionOperations, unsubscribe } from "./subscriptions.ts";
import { topicOperations } from "./topics.ts";

/** `WINDOPS_SMTP_URL` (and the sender, `WINDOPS_SMTP_FROM`): where mails go besides the local inbox. */
export type SmtpSettings = Partial<Record<"WINDOPS_SMTP_URL" | "WINDOPS_SMTP_FROM", string>>;

/** SNS; e-mail subscribers have their mails in the local inbox (`/_windops/inbox`). */
export function sns(stack: Stack, environment: SmtpSettings = {}): RpcService {
  const { WINDOPS_SMTP_URL: url, WINDOPS_SMTP_FROM: from } = environment;
  const outbox = url ? new SmtpOutbox(stack, smtpSender(url, from)) : undefined;
  const inbox = new Inbox(stack, outbox);
  const state = new SnsState(stack);
  const delivery = new Delivery(state, stack, inbox, (topic, region, figures) => {
    count(stack, region, "AWS/SNS", { Name: "TopicName", Value: topic.name }, figures);
  });
  const byToken = (query: URLSearchParams) => {
    const token = query.get("token") ?? "";
    const subscription = state.subscriptions().find((s) => s.token === token);
    if (!subscription) throw invalid("Token");
    return subscription;
  };
  const withState = (mail: Mail) =>
    mail.kind === "confirmation"
      ? { ...mail, confirmed: state.subscriptions().some((s) => s.arn === mail.subscriptionArn && s.confirmed) }
      : mail;
  return {
    kind: "rpc",
    signingNames: ["sns"],
    protocol: "query",
    namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    blobs: ["BinaryValue"],
    operations: {
      ...topicOperations(state, stack),
      ...subscriptionOperations(state, stack, inbox),
      ...publishOperations(state, delivery),
    },
    pages: {
      /** Confirmations with whether their subscription is confirmed by now. */
      inbox: (query) => {
        const { mails, last } = inbox.list(query);
        return { mails: mails.map(withState), last };
      },
      confirm: (query) => {
        const { arn, topicArn, endpoint } = confirm(state, byToken(query).token);
        return { confirmed: true, subscriptionArn: arn, topicArn, endpoint };
      },
      unsubscribe: (query) => {
        const subscription = byToken(query);
        unsubscribe(state, subscription);
        return { unsubscribed: true, topicArn: subscription.topicArn, endpoint: subscription.endpoint };
      },
    },
    actions: {
      /** Confirms every pending e-mail subscription, or those of one topic or address. */
      "confirm-all": (input: { topicArn?: string; endpoint?: string }) => {
        const pending = state
          .subscriptions(input.topicArn)
          .filter((s) => !s.confirmed && (input.endpoint === undefined || s.endpoint === input.endpoint));
        return {
          confirmed: pending
            .map((s) => confirm(state, s.token))
            .map(({ arn, topicArn, endpoint }) => ({ subscriptionArn: arn, topicArn, endpoint })),
        };
      },
    },
    close: async () => outbox?.close(),
  };
}
