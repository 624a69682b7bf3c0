import type { Stack } from "../../service.ts";
import { matchesPolicy, parseFilterPolicy, type Values } from "./filter-policy.ts";
import type { Inbox } from "./inbox/inbox.ts";
import { notificationText } from "./inbox/mail.ts";
import type { Attribute, Message } from "./publish.ts";
import type { SnsState, Subscription, Topic } from "./state.ts";

/** Told of each publish, delivery and failure, by the names of SNS's metrics. */
export type DeliveryCount = (topic: Topic, region: string, figures: Record<string, number>) => void;

/** Hands a published message to a topic's confirmed subscribers. */
export class Delivery {
  readonly #state: SnsState;
  readonly #stack: Stack;
  readonly #inbox: Inbox;
  readonly #count: DeliveryCount;

  constructor(state: SnsState, stack: Stack, inbox: Inbox, count: DeliveryCount) {
    this.#state = state;
    this.#stack = stack;
    this.#inbox = inbox;
    this.#count = count;
  }

  /** Mails are in the inbox's log when this returns, so that an acknowledged publish survives `kill -9`. */
  deliver(topic: Topic, message: Message, region: string): void {
    let mails = 0;
    for (const subscription of this.#state.subscriptions(topic.arn)) {
      if (!subscription.confirmed || !wanted(subscription, message)) continue;
      if (subscription.protocol === "lambda") void this.#invoke(topic, subscription, message, region);
      else {
        this.#mail(topic, subscription, message);
        mails++;
      }
    }
    this.#count(topic, region, { NumberOfMessagesPublished: 1, NumberOfNotificationsDelivered: mails });
  }

  #mail(topic: Topic, subscription: Subscription, message: Message): void {
    const body = message.bodies[subscription.protocol] ?? message.bodies.default!;
    const unsubscribe = this.#unsubscribeUrl(subscription);
    const json = subscription.protocol === "email-json";
    const text = json
      ? `${JSON.stringify(this.#envelope(topic, subscription, message), undefined, 2)}\n\n${notificationText("", unsubscribe).trimStart()}`
      : notificationText(body, unsubscribe);
    this.#inbox.deliver({
      kind: "notification",
      to: subscription.endpoint,
      subject: message.subject ?? "AWS Notification Message",
      text,
      displayName: topic.attributes.DisplayName,
      topicArn: topic.arn,
      subscriptionArn: subscription.arn,
      messageId: message.id,
      attributes: Object.fromEntries(
        Object.entries(message.attributes).map(([name, value]) => [name, attributeText(value)]),
      ),
    });
  }

  async #invoke(topic: Topic, subscription: Subscription, message: Message, region: string): Promise<void> {
    const record = {
      EventSource: "aws:sns",
      EventVersion: "1.0",
      EventSubscriptionArn: subscription.arn,
      Sns: this.#envelope(topic, subscription, message),
    };
    const input = {
      FunctionName: subscription.endpoint,
      InvocationType: "Event",
      Payload: Buffer.from(JSON.stringify({ Records: [record] })),
    };
    try {
      await this.#stack.call("lambda", "Invoke", input, region);
      this.#count(topic, region, { NumberOfNotificationsDelivered: 1 });
    } catch (error) {
      this.#count(topic, region, { NumberOfNotificationsFailed: 1 });
      this.#stack.log(`SNS: ${subscription.endpoint} did not take ${message.id}: ${(error as Error).message}`);
    }
  }

  #envelope(topic: Topic, subscription: Subscription, message: Message): object {
    const attributes = Object.entries(message.attributes).map(([name, value]) => [
      name,
      { Type: value.DataType, Value: attributeText(value) },
    ]);
    return {
      Type: "Notification",
      MessageId: message.id,
      TopicArn: topic.arn,
      Subject: message.subject ?? null,
      Message: message.bodies[subscription.protocol] ?? message.bodies.default,
      Timestamp: new Date(this.#stack.now()).toISOString(),
      UnsubscribeUrl: this.#unsubscribeUrl(subscription),
      MessageAttributes: Object.fromEntries(attributes),
    };
  }

  #unsubscribeUrl(subscription: Subscription): string {
    return `${this.#stack.endpoint}/_windops/unsubscribe?token=${subscription.token}`;
  }
}

function attributeText(value: Attribute): string {
  return value.BinaryValue ? Buffer.from(value.BinaryValue).toString("base64") : (value.StringValue ?? "");
}

function wanted(subscription: Subscription, message: Message): boolean {
  const { FilterPolicy: text, FilterPolicyScope: scope } = subscription.attributes;
  if (!text || text === "{}") return true;
  const policy = parseFilterPolicy(text);
  if (scope !== "MessageBody") return matchesPolicy(policy, attributeValues(message.attributes));
  try {
    const body = JSON.parse(message.bodies.default!);
    return typeof body === "object" && body !== null && matchesPolicy(policy, body);
  } catch {
    return false;
  }
}

function attributeValues(attributes: Record<string, Attribute>): Values {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([, value]) => value.StringValue !== undefined)
      .map(([name, { DataType, StringValue = "" }]) => {
        if (DataType.startsWith("Number")) return [name, Number(StringValue)];
        return [name, DataType === "String.Array" ? parseArray(StringValue) : StringValue];
      }),
  );
}

function parseArray(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
