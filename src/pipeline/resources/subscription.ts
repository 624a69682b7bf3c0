import { orAbsent } from "../../aws/failures.ts";
import { ListSubscriptionsByTopicCommand, type SNSClient, SubscribeCommand } from "../../aws/sns.ts";
import type { Pipeline, Resource } from "../resource.ts";
import { ids } from "../settings/identities.ts";

interface SubscriptionState {
  arn: string;
  pending: boolean;
}

/** E-mails to `email` from a topic. The subscriber has to confirm it from the mail that AWS sends. */
export function subscription(
  { clients }: Pipeline,
  topic: { id: string; name: string; arn: string },
  email: string,
): Resource<SubscriptionState> {
  return {
    id: ids.subscription(topic.id, email),
    type: "Subscription",
    name: `${email} to ${topic.name}`,
    step: "subscribe",
    needs: [topic.id],
    partOf: topic.id,
    async read() {
      const found = (await subscriptions(await clients.sns(), topic.arn)).find(({ endpoint }) => endpoint === email);
      return found && { arn: found.arn, pending: found.pending };
    },
    diff: () => [],
    note: ({ pending }) => (pending ? "not confirmed yet: look in the inbox" : undefined),
    async create() {
      const sns = await clients.sns();
      await sns.send(
        new SubscribeCommand({ TopicArn: topic.arn, Protocol: "email", Endpoint: email, ReturnSubscriptionArn: true }),
      );
    },
    // An unconfirmed one can't be unsubscribed; all go with their topic.
  };
}

export interface Subscription {
  arn: string;
  endpoint: string;
  protocol: string;
  /** Waiting for its confirmation: the service then gives the text "PendingConfirmation" for an ARN. */
  pending: boolean;
}

/** All subscriptions of a topic, across pages; none where there's no topic. */
export async function subscriptions(sns: SNSClient, TopicArn: string): Promise<Subscription[]> {
  const all: Subscription[] = [];
  let NextToken: string | undefined;
  do {
    const page = await orAbsent(
      sns.send(new ListSubscriptionsByTopicCommand({ TopicArn, ...(NextToken && { NextToken }) })),
    );
    for (const { SubscriptionArn = "", Endpoint = "", Protocol = "" } of page?.Subscriptions ?? []) {
      const pending = !SubscriptionArn.startsWith("arn:");
      all.push({ arn: SubscriptionArn, endpoint: Endpoint, protocol: Protocol, pending });
    }
    NextToken = page?.NextToken;
  } while (NextToken);
  return all;
}
