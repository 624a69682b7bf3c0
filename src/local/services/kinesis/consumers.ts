import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import { checkTags, inUse, wholeSecond, without } from "./admin.ts";
import type { ConsumerRecord, StreamRecord } from "./model.ts";
import { type Streams, statusOf } from "./streams.ts";
import { invalid } from "./write.ts";

const CONSUMER_LIMIT = 20;

/** The registered consumers of enhanced fan-out, and tags by ARN (streams and consumers have them alike). */
export function consumerOperations(streams: Streams): Record<string, Operation> {
  return {
    RegisterStreamConsumer: (input, call) => {
      const stream = streams.get({ StreamARN: input.StreamARN ?? "" }, call);
      const name = input.ConsumerName;
      if (typeof name !== "string" || !/^[a-zA-Z0-9_.-]{1,128}$/.test(name)) {
        throw invalid(`'${name}'`, "consumerName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
      }
      if (statusOf(stream) === "CREATING" || statusOf(stream) === "DELETING")
        throw inUse(stream, streams.stack.account);
      if (stream.consumers.some((c) => c.name === name)) {
        throw new AwsError(
          "ResourceInUseException",
          `Consumer ${name} under stream ${stream.name} already exists for account ${streams.stack.account}.`,
        );
      }
      if (stream.consumers.length >= CONSUMER_LIMIT) {
        throw new AwsError(
          "LimitExceededException",
          `Stream ${stream.name} already has the maximum of ${CONSUMER_LIMIT} registered consumers.`,
        );
      }
      const tags = input.Tags ?? {};
      checkTags(tags, {});
      const created = streams.stack.now();
      const arn = `${stream.arn}/consumer/${name}:${Math.floor(created / 1000)}`;
      const consumer = { name, arn, created, status: "CREATING" as const, tags };
      streams.setConsumer(stream, name, consumer);
      return { Consumer: describe(consumer) };
    },
    DescribeStreamConsumer: (input, call) => {
      const { stream, consumer } = findConsumer(streams, input, call);
      return { ConsumerDescription: { ...describe(consumer), StreamARN: stream.arn } };
    },
    ListStreamConsumers: (input, call) => {
      const stream = streams.get({ StreamARN: input.StreamARN ?? "" }, call);
      const after = input.NextToken === undefined ? "" : Buffer.from(String(input.NextToken), "base64").toString();
      const limit = input.MaxResults ?? 100;
      const all = stream.consumers.filter((c) => c.name > after).sort((a, b) => (a.name < b.name ? -1 : 1));
      const page = all.slice(0, limit);
      return {
        Consumers: page.map(describe),
        ...(all.length > limit && { NextToken: Buffer.from(page.at(-1)!.name).toString("base64") }),
      };
    },
    DeregisterStreamConsumer: (input, call) => {
      const { stream, consumer } = findConsumer(streams, input, call);
      if (consumer.status !== "DELETING") {
        streams.setConsumer(stream, consumer.name, { ...consumer, status: "DELETING" });
      }
      return {};
    },
    TagResource: (input, call) => {
      const { tags, put } = tagged(streams, input.ResourceARN, call);
      checkTags(input.Tags ?? {}, tags);
      put({ ...tags, ...input.Tags });
      return {};
    },
    UntagResource: (input, call) => {
      const { tags, put } = tagged(streams, input.ResourceARN, call);
      put(without(tags, input.TagKeys ?? []));
      return {};
    },
    ListTagsForResource: (input, call) => {
      const { tags } = tagged(streams, input.ResourceARN, call);
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

const describe = (c: Omit<ConsumerRecord, "until">) => ({
  ConsumerName: c.name,
  ConsumerARN: c.arn,
  ConsumerStatus: c.status,
  ConsumerCreationTimestamp: wholeSecond(c.created),
});

/** By ConsumerARN, or StreamARN and ConsumerName. */
export function findConsumer(
  streams: Streams,
  input: { ConsumerARN?: string; StreamARN?: string; ConsumerName?: string },
  call: Pick<Call, "region">,
): { stream: StreamRecord; consumer: ConsumerRecord } {
  const match = /^(.*)\/consumer\/([^:/]+)(?::\d+)?$/.exec(input.ConsumerARN ?? "");
  if (input.ConsumerARN !== undefined && !match) {
    throw new AwsError("InvalidArgumentException", `Invalid ConsumerARN: ${input.ConsumerARN}`);
  }
  const stream = streams.get({ StreamARN: match?.[1] ?? input.StreamARN ?? "" }, call);
  const name = match?.[2] ?? input.ConsumerName;
  const consumer = stream.consumers.find((c) => c.name === name);
  if (!consumer || (match && consumer.arn !== input.ConsumerARN)) {
    throw new AwsError(
      "ResourceNotFoundException",
      `Consumer ${name}, under stream ${stream.name} not found for account ${streams.stack.account}.`,
    );
  }
  return { stream, consumer };
}

function tagged(streams: Streams, arn: unknown, call: Call) {
  const text = String(arn ?? "");
  if (text.includes("/consumer/")) {
    const { stream, consumer } = findConsumer(streams, { ConsumerARN: text }, call);
    const put = (tags: Record<string, string>) => {
      const consumers = stream.consumers.map((c) => (c.name === consumer.name ? { ...c, tags } : c));
      streams.put({ ...stream, consumers });
    };
    return { tags: consumer.tags, put };
  }
  const stream = streams.get({ StreamARN: text }, call);
  return { tags: stream.tags, put: (tags: Record<string, string>) => streams.put({ ...stream, tags }) };
}
