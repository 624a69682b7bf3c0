import { orAbsent } from "../../aws/failures.ts";
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetTopicAttributesCommand,
  ListTagsForResourceCommand,
  SetTopicAttributesCommand,
  TagResourceCommand,
} from "../../aws/sns.ts";
import { changed, compare, type Pipeline, type Resource } from "../resource.ts";
import { fromList, type Tags, tagChanges, tagsDiffer, toList } from "../settings/tags.ts";

interface TopicState {
  tags: Tags;
  key: string;
}

/** Encrypted at rest with AWS's own key, which whoever may publish to the topic may use. */
export const TOPIC_KEY = "alias/aws/sns";

/**
 * An SNS topic. `key` is "" for one that CloudWatch alarms publish to: they may not use `alias/aws/sns`, whose policy nobody can change,
 * and fail without a word; such a topic carries no reading.
 */
export function topic(
  { clients, tags: wanted }: Pipeline,
  { id, name, arn, key }: { id: string; name: string; arn: string; key: string },
): Resource<TopicState> {
  return {
    id,
    type: "SNS topic",
    name,
    step: "create-topic",
    needs: [],
    async read() {
      const sns = await clients.sns();
      const [attributes, tags] = await Promise.all([
        orAbsent(sns.send(new GetTopicAttributesCommand({ TopicArn: arn }))),
        orAbsent(sns.send(new ListTagsForResourceCommand({ ResourceArn: arn }))),
      ]);
      if (!attributes) return undefined;
      return { tags: fromList(tags?.Tags), key: attributes.Attributes?.KmsMasterKeyId ?? "" };
    },
    tags: (state) => state.tags,
    diff: (state) => [...tagChanges(state.tags, wanted), ...compare("encryption key", state.key, key)],
    async create() {
      const sns = await clients.sns();
      const Attributes: Record<string, string> = key ? { KmsMasterKeyId: key } : {};
      try {
        await sns.send(new CreateTopicCommand({ Name: name, Tags: toList(wanted), Attributes }));
      } catch (error) {
        // There by now, with other tags or attributes: what differs is for the next reading to say.
        if (!/already exists/i.test((error as Error).message)) throw error;
      }
    },
    async update(_, changes) {
      const sns = await clients.sns();
      if (tagsDiffer(changes)) await sns.send(new TagResourceCommand({ ResourceArn: arn, Tags: toList(wanted) }));
      if (changed(changes, "encryption key")) {
        const attribute = { AttributeName: "KmsMasterKeyId", AttributeValue: key };
        await sns.send(new SetTopicAttributesCommand({ TopicArn: arn, ...attribute }));
      }
    },
    async remove() {
      const sns = await clients.sns();
      await sns.send(new DeleteTopicCommand({ TopicArn: arn }));
    },
  };
}
