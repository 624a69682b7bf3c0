import { orAbsent } from "../../aws/failures.ts";
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  ListTagsForResourceCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
} from "../../aws/logs.ts";
import { changed, compare, type Pipeline, type Resource, type Step } from "../resource.ts";
import { ids } from "../settings/identities.ts";
import { type Tags, tagChanges, tagsDiffer } from "../settings/tags.ts";

interface LogGroupState {
  tags: Tags;
  retention: number | undefined;
}

/** A log group, made before whoever writes to it: Lambda would make it without retention or tags. */
export function logGroup(
  { clients, settings, tags: wanted }: Pipeline,
  { id, name, arn, step }: { id: string; name: string; arn: string; step: Step },
): Resource<LogGroupState> {
  return {
    id,
    type: "Log group",
    name,
    step,
    needs: [],
    async read() {
      const logs = await clients.logs();
      const [groups, tags] = await Promise.all([
        logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name })),
        orAbsent(logs.send(new ListTagsForResourceCommand({ resourceArn: arn }))),
      ]);
      const found = groups.logGroups?.find((group) => group.logGroupName === name);
      return found && { tags: tags?.tags ?? {}, retention: found.retentionInDays };
    },
    tags: (state) => state.tags,
    diff: (state) => [
      ...tagChanges(state.tags, wanted),
      ...compare("retention (days)", state.retention, settings.logRetentionDays),
    ],
    async create() {
      const logs = await clients.logs();
      await logs.send(new CreateLogGroupCommand({ logGroupName: name, tags: wanted }));
    },
    async update(_, changes) {
      const logs = await clients.logs();
      if (tagsDiffer(changes)) await logs.send(new TagResourceCommand({ resourceArn: arn, tags: wanted }));
      if (changed(changes, "retention (days)")) {
        const retentionInDays = settings.logRetentionDays;
        await logs.send(new PutRetentionPolicyCommand({ logGroupName: name, retentionInDays }));
      }
    },
    async remove() {
      const logs = await clients.logs();
      await logs.send(new DeleteLogGroupCommand({ logGroupName: name }));
    },
  };
}

/** The stream within the Flink application's log group that the application writes to. */
export function logStream({ clients }: Pipeline, logGroupName: string, logStreamName: string): Resource<object> {
  return {
    id: ids.logStream,
    type: "Log stream",
    name: logStreamName,
    step: "configure-flink",
    needs: [ids.logGroup("flink")],
    partOf: ids.logGroup("flink"),
    async read() {
      const logs = await clients.logs();
      const page = await orAbsent(
        logs.send(new DescribeLogStreamsCommand({ logGroupName, logStreamNamePrefix: logStreamName })),
      );
      return page?.logStreams?.some((found) => found.logStreamName === logStreamName) ? {} : undefined;
    },
    diff: () => [],
    async create() {
      const logs = await clients.logs();
      await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
    },
  };
}
