import { randomBytes, randomUUID } from "node:crypto";
import type { Call, Operation, Stack } from "../../service.ts";
import { booleanOf, pageOf } from "../../wire-values.ts";
import { parseFilterPolicy } from "./filter-policy.ts";
import type { Inbox } from "./inbox/inbox.ts";
import { confirmationText } from "./inbox/mail.ts";
import { invalid, type SnsState, type Subscription } from "./state.ts";

const PAGE = 100;
const SETTABLE = ["DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"];

interface SubscribeInput {
  TopicArn?: string;
  Protocol?: string;
  Endpoint?: string;
  Attributes?: Record<string, string>;
  ReturnSubscriptionArn?: unknown;
}

function checkEndpoint(protocol: string, endpoint: string): void {
  switch (protocol) {
    case "email":
    case "email-json":
      if (!/^[^\s@<>"\\,;:()[\]]+@[^\s@<>"\\,;:()[\]]+$/.test(endpoint) || endpoint.length > 254)
        throw invalid("Email address");
      return;
    case "lambda":
      if (!/^arn:[\w-]+:lambda:/.test(endpoint)) throw invalid("Lambda endpoint ARN");
      return;
    case "http":
    case "https":
    case "sqs":
    case "sms":
    case "application":
    case "firehose":
      throw invalid("Protocol", `The embedded stack delivers to email, email-json and lambda, not to ${protocol}`);
    default:
      throw invalid(`Does not match any of the valid protocols: ${protocol}`);
  }
}

function checkAttribute(name: string, value: string, protocol: string): void {
  if (!SETTABLE.includes(name)) throw invalid("AttributeName");
  if (name === "FilterPolicy" && value !== "" && value !== "{}") parseFilterPolicy(value);
  if (name === "FilterPolicyScope" && !["MessageAttributes", "MessageBody"].includes(value))
    throw invalid("FilterPolicyScope");
  if (name === "RawMessageDelivery" && booleanOf(value) && !["http", "https", "sqs", "firehose"].includes(protocol))
    throw invalid("RawMessageDelivery", `Delivery protocol [${protocol}] does not support raw message delivery.`);
}

export function subscriptionOperations(state: SnsState, stack: Stack, inbox: Inbox): Record<string, Operation> {
  const askToConfirm = (subscription: Subscription) => {
    const { topicArn, arn, token, endpoint } = subscription;
    const confirmUrl = `${stack.endpoint}/_windops/confirm?token=${token}`;
    inbox.deliver({
      kind: "confirmation",
      to: endpoint,
      subject: "AWS Notification - Subscription Confirmation",
      text: confirmationText(topicArn, confirmUrl),
      displayName: state.topic(topicArn).attributes.DisplayName,
      topicArn,
      subscriptionArn: arn,
      confirmUrl,
    });
  };
  const shown = ({ arn, topicArn, protocol, endpoint, confirmed }: Subscription) => ({
    SubscriptionArn: confirmed ? arn : "PendingConfirmation",
    Owner: stack.account,
    Protocol: protocol,
    Endpoint: endpoint,
    TopicArn: topicArn,
  });
  const list = (subscriptions: Subscription[], token: string | undefined) => {
    const page = pageOf(subscriptions, { key: (s) => s.arn, size: PAGE, token, invalid: () => invalid("NextToken") });
    return { Subscriptions: page.items.map(shown), NextToken: page.token };
  };

  return {
    Subscribe(input: SubscribeInput) {
      const topic = state.topic(input.TopicArn);
      const { Protocol: protocol = "", Endpoint: endpoint = "", Attributes: attributes = {} } = input;
      checkEndpoint(protocol, endpoint);
      for (const [name, value] of Object.entries(attributes)) checkAttribute(name, value, protocol);
      const same = (s: Subscription) => s.protocol === protocol && s.endpoint.toLowerCase() === endpoint.toLowerCase();
      let subscription = state.subscriptions(topic.arn).find(same);
      if (subscription) {
        const differs = Object.entries(attributes).some(([name, value]) => subscription!.attributes[name] !== value);
        if (differs) throw invalid("Attributes", "Subscription already exists with different attributes");
      } else {
        subscription = {
          arn: `${topic.arn}:${randomUUID()}`,
          topicArn: topic.arn,
          protocol,
          endpoint,
          confirmed: !protocol.startsWith("email"),
          token: randomBytes(64).toString("hex"),
          attributes,
          created: stack.now(),
        };
        state.keep(subscription);
      }
      if (!subscription.confirmed) askToConfirm(subscription);
      const told = subscription.confirmed || booleanOf(input.ReturnSubscriptionArn);
      return { SubscriptionArn: told ? subscription.arn : "pending confirmation" };
    },

    ConfirmSubscription(input: { TopicArn?: string; Token?: string }) {
      const topic = state.topic(input.TopicArn);
      return { SubscriptionArn: confirm(state, input.Token ?? "", topic.arn).arn };
    },

    Unsubscribe(input: { SubscriptionArn?: string }) {
      // Unsubscribing what is gone is no error; what is malformed or pending is.
      if (!input.SubscriptionArn?.startsWith("arn:")) state.subscription(input.SubscriptionArn);
      const subscription = state.subscriptions().find((s) => s.arn === input.SubscriptionArn);
      if (!subscription) return {};
      if (!subscription.confirmed)
        throw invalid("SubscriptionArn", "This subscription is pending confirmation and can't be unsubscribed");
      unsubscribe(state, subscription);
      return {};
    },

    GetSubscriptionAttributes(input: { SubscriptionArn?: string }) {
      const subscription = state.subscription(input.SubscriptionArn);
      const { FilterPolicy: policy, FilterPolicyScope: scope = "MessageAttributes", ...rest } = subscription.attributes;
      const attributes = {
        ...shown(subscription),
        SubscriptionArn: subscription.arn,
        PendingConfirmation: String(!subscription.confirmed),
        ConfirmationWasAuthenticated: String(subscription.protocol === "lambda"),
        SubscriptionPrincipal: `arn:aws:iam::${stack.account}:root`,
        RawMessageDelivery: "false",
        ...(policy && policy !== "{}" ? { FilterPolicy: policy, FilterPolicyScope: scope } : {}),
        ...rest,
      };
      return { Attributes: new Map(Object.entries(attributes)) };
    },

    SetSubscriptionAttributes(input: { SubscriptionArn?: string; AttributeName?: string; AttributeValue?: string }) {
      const subscription = state.subscription(input.SubscriptionArn);
      const { AttributeName: name = "", AttributeValue: value = "" } = input;
      checkAttribute(name, value, subscription.protocol);
      state.keep({ ...subscription, attributes: { ...subscription.attributes, [name]: value } });
      return {};
    },

    ListSubscriptions(input: { NextToken?: string }, call: Call) {
      return list(
        state.subscriptions().filter((s) => s.arn.split(":")[3] === call.region),
        input.NextToken,
      );
    },

    ListSubscriptionsByTopic(input: { TopicArn?: string; NextToken?: string }) {
      return list(state.subscriptions(state.topic(input.TopicArn).arn), input.NextToken);
    },
  };
}

/** Confirms by the token of the mail; throws InvalidParameter for one that isn't of a subscription (of this topic). */
export function confirm(state: SnsState, token: string, topicArn?: string): Subscription {
  const subscription = state.subscriptions(topicArn).find((s) => s.token === token);
  if (!subscription) throw invalid("Token");
  if (!subscription.confirmed) state.keep({ ...subscription, confirmed: true });
  return subscription;
}

export function unsubscribe(state: SnsState, subscription: Subscription): void {
  const topic = state.topics.get(subscription.topicArn);
  state.drop(subscription);
  if (topic) state.topics.put(topic.arn, { ...topic, deleted: topic.deleted + 1 });
}
