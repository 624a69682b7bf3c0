import { AwsError } from "../../errors.ts";
import type { Stack, Store } from "../../service.ts";
import type { Tag } from "../../wire-values.ts";

export interface Topic {
  arn: string;
  name: string;
  attributes: Record<string, string>;
  tags: Tag[];
  /** Subscriptions that were unsubscribed. */
  deleted: number;
}

export interface Subscription {
  arn: string;
  topicArn: string;
  protocol: string;
  endpoint: string;
  confirmed: boolean;
  /** Confirms and unsubscribes by link. */
  token: string;
  attributes: Record<string, string>;
  /** Milliseconds since the epoch. */
  created: number;
}

/** How long a subscription waits to be confirmed. */
const PENDING_MS = 48 * 3_600_000;

export class SnsState {
  readonly topics: Store<Topic>;
  readonly #subscriptions: Store<Subscription>;
  readonly #now: () => number;

  constructor(stack: Stack) {
    this.topics = stack.store<Topic>("sns-topics");
    this.#subscriptions = stack.store<Subscription>("sns-subscriptions");
    this.#now = () => stack.now();
  }

  topic(arn: string | undefined): Topic {
    if (!arn) throw invalid("TopicArn", "no value for required parameter");
    if (!/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+$/.test(arn)) throw invalid("TopicArn");
    const topic = this.topics.get(arn);
    if (!topic) throw new AwsError("NotFound", "Topic does not exist", 404);
    return topic;
  }

  subscription(arn: string | undefined): Subscription {
    if (!arn?.startsWith("arn:"))
      throw invalid("SubscriptionArn", `An ARN must have at least 6 elements, not ${(arn ?? "").split(":").length}`);
    const subscription = this.#subscriptions.get(arn);
    if (!subscription) throw new AwsError("NotFound", "Subscription does not exist", 404);
    return subscription;
  }

  /** Confirmed and pending ones; those never confirmed in time are gone. */
  subscriptions(topicArn?: string): Subscription[] {
    const alive: Subscription[] = [];
    for (const [, one] of [...this.#subscriptions.entries()]) {
      if (!one.confirmed && this.#now() - one.created > PENDING_MS) this.#subscriptions.delete(one.arn);
      else if (topicArn === undefined || one.topicArn === topicArn) alive.push(one);
    }
    return alive;
  }

  keep(subscription: Subscription): void {
    this.#subscriptions.put(subscription.arn, subscription);
  }

  drop(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.arn);
  }
}

export function invalid(parameter: string, reason?: string): AwsError {
  return new AwsError("InvalidParameter", `Invalid parameter: ${parameter}${reason ? ` Reason: ${reason}` : ""}`);
}
