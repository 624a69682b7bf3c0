import { partitionOf } from "../../../aws/partition.ts";
import type { Call, Operation, Stack } from "../../service.ts";
import { mergeTags, pageOf, type Tag, withoutTags } from "../../wire-values.ts";
import { invalid, type SnsState, type Topic } from "./state.ts";

const SETTABLE = [
  "DeliveryPolicy",
  "DisplayName",
  "KmsMasterKeyId",
  "Policy",
  "SignatureVersion",
  "TracingConfig",
  "LambdaSuccessFeedbackRoleArn",
  "LambdaSuccessFeedbackSampleRate",
  "LambdaFailureFeedbackRoleArn",
];
const PAGE = 100;

function defaultPolicy(arn: string, account: string): string {
  const actions =
    "GetTopicAttributes SetTopicAttributes AddPermission RemovePermission DeleteTopic Subscribe ListSubscriptionsByTopic Publish";
  return JSON.stringify({
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: actions.split(" ").map((action) => `SNS:${action}`),
        Resource: arn,
        Condition: { StringEquals: { "AWS:SourceOwner": account } },
      },
    ],
  });
}

function checkAttribute(name: string, value: string): void {
  if (!SETTABLE.includes(name)) throw invalid("AttributeName");
  if (name === "Policy" && value !== "") {
    try {
      JSON.parse(value);
    } catch {
      throw invalid("Policy", "Policy statement is not valid JSON");
    }
  }
  if (name === "DisplayName" && value.length > 100)
    throw invalid("DisplayName", "Display name must be <= 100 characters long");
  if (name === "KmsMasterKeyId" && value.length > 2048) throw invalid("KmsMasterKeyId");
}

export function topicOperations(state: SnsState, stack: Stack): Record<string, Operation> {
  const resource = (input: any) => {
    const topic = state.topics.get(input.ResourceArn);
    if (!topic)
      throw Object.assign(invalid("ResourceArn"), {
        code: "ResourceNotFound",
        status: 404,
        message: "Resource does not exist",
      });
    return topic;
  };
  const badToken = () => invalid("NextToken");
  return {
    CreateTopic(input: { Name?: string; Attributes?: Record<string, string>; Tags?: Tag[] }, call: Call) {
      const { Name: name = "", Attributes: attributes = {} } = input;
      const tags = mergeTags([], input.Tags);
      if (name.endsWith(".fifo") || attributes.FifoTopic === "true")
        throw invalid("Attributes", "The embedded stack has no FIFO topics");
      if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) throw invalid("Topic Name");
      for (const [key, value] of Object.entries(attributes)) checkAttribute(key, value);
      const arn = `arn:${partitionOf(call.region)}:sns:${call.region}:${stack.account}:${name}`;
      const present = state.topics.get(arn);
      if (present) {
        const differs = Object.entries(attributes).some(([key, value]) => present.attributes[key] !== value);
        if (differs) throw invalid("Attributes", "Topic already exists with different attributes");
        if (tags.length > 0 && !sameTags(present.tags, tags))
          throw invalid("Tags", "Topic already exists with different tags");
        return { TopicArn: arn };
      }
      const topic: Topic = { arn, name, attributes: { ...attributes }, tags, deleted: 0 };
      state.topics.put(arn, topic);
      return { TopicArn: arn };
    },

    DeleteTopic(input: { TopicArn?: string }) {
      if (!input.TopicArn?.startsWith("arn:")) throw invalid("TopicArn");
      for (const subscription of state.subscriptions(input.TopicArn)) state.drop(subscription);
      state.topics.delete(input.TopicArn);
      return {};
    },

    GetTopicAttributes(input: { TopicArn?: string }) {
      const topic = state.topic(input.TopicArn);
      const subscriptions = state.subscriptions(topic.arn);
      const confirmed = subscriptions.filter((s) => s.confirmed).length;
      const retry = {
        minDelayTarget: 20,
        maxDelayTarget: 20,
        numRetries: 3,
        numMaxDelayRetries: 0,
        numNoDelayRetries: 0,
        numMinDelayRetries: 0,
        backoffFunction: "linear",
      };
      const attributes = {
        Owner: stack.account,
        TopicArn: topic.arn,
        DisplayName: "",
        Policy: defaultPolicy(topic.arn, stack.account),
        EffectiveDeliveryPolicy: JSON.stringify({
          http: { defaultHealthyRetryPolicy: retry, disableSubscriptionOverrides: false },
        }),
        SubscriptionsConfirmed: String(confirmed),
        SubscriptionsPending: String(subscriptions.length - confirmed),
        SubscriptionsDeleted: String(topic.deleted),
        ...Object.fromEntries(Object.entries(topic.attributes).filter(([, value]) => value !== "")),
      };
      return { Attributes: new Map(Object.entries(attributes)) };
    },

    SetTopicAttributes(input: { TopicArn?: string; AttributeName?: string; AttributeValue?: string }) {
      const topic = state.topic(input.TopicArn);
      const { AttributeName: name = "", AttributeValue: value = "" } = input;
      checkAttribute(name, value);
      state.topics.put(topic.arn, { ...topic, attributes: { ...topic.attributes, [name]: value } });
      return {};
    },

    ListTopics(input: { NextToken?: string }, call: Call) {
      const mine = [...state.topics.entries()].map(([arn]) => arn).filter((arn) => arn.split(":")[3] === call.region);
      const page = pageOf(mine, { key: (arn) => arn, size: PAGE, token: input.NextToken, invalid: badToken });
      return { Topics: page.items.map((TopicArn) => ({ TopicArn })), NextToken: page.token };
    },

    TagResource(input: { ResourceArn: string; Tags?: Tag[] }) {
      const topic = resource(input);
      const tags = mergeTags(topic.tags, input.Tags);
      if (tags.length > 50)
        throw Object.assign(invalid("Tags"), {
          code: "TagLimitExceeded",
          message: "Could not complete request: tag quota of per resource exceeded",
        });
      state.topics.put(topic.arn, { ...topic, tags });
      return {};
    },

    UntagResource(input: { ResourceArn: string; TagKeys?: string[] }) {
      const topic = resource(input);
      state.topics.put(topic.arn, { ...topic, tags: withoutTags(topic.tags, input.TagKeys) });
      return {};
    },

    ListTagsForResource: (input: { ResourceArn: string }) => ({ Tags: resource(input).tags }),
  };
}

function sameTags(a: Tag[], b: Tag[]): boolean {
  return (
    a.length === b.length && b.every((tag) => a.some((other) => other.Key === tag.Key && other.Value === tag.Value))
  );
}
