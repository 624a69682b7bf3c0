import { isSimultaneousLimit, orAbsent } from "../../aws/failures.ts";
import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListTagsForStreamCommand,
  StartStreamEncryptionCommand,
  UpdateShardCountCommand,
  UpdateStreamModeCommand,
} from "../../aws/kinesis.ts";
import { changed, compare, type Pipeline, type Resource } from "../resource.ts";
import { fromList, type Tags, tagChanges, tagsDiffer } from "../settings/tags.ts";

export interface StreamState {
  tags: Tags;
  status: string;
  mode: string;
  arn: string;
  shards: number;
  retentionHours: number;
  encryption: string;
}

/** AWS's own key: no monthly fee, and whoever may use the stream may use it. */
const KEY = "alias/aws/kinesis";

/** A Kinesis stream, provisioned and encrypted. */
export function stream({ clients, settings, tags: wanted }: Pipeline, id: string, name: string): Resource<StreamState> {
  const of = { StreamName: name };
  return {
    id,
    type: "Kinesis stream",
    name,
    step: "create-streams",
    needs: [],
    async read() {
      const kinesis = await clients.kinesis();
      // DescribeStream throttles at once.
      const [summary, tags] = await Promise.all([
        orAbsent(kinesis.send(new DescribeStreamSummaryCommand(of))),
        orAbsent(kinesis.send(new ListTagsForStreamCommand(of))),
      ]);
      const found = summary?.StreamDescriptionSummary;
      if (!found) return undefined;
      return {
        tags: fromList(tags?.Tags),
        status: found.StreamStatus ?? "",
        mode: found.StreamModeDetails?.StreamMode ?? "PROVISIONED",
        arn: found.StreamARN ?? "",
        shards: found.OpenShardCount ?? 0,
        retentionHours: found.RetentionPeriodHours ?? 0,
        encryption: found.EncryptionType ?? "NONE",
      };
    },
    pending: ({ status }) => (status === "ACTIVE" ? undefined : status),
    tags: (state) => state.tags,
    diff: (state) => [
      ...tagChanges(state.tags, wanted),
      ...compare("mode", state.mode, "PROVISIONED"),
      // A stream on demand has as many as it likes.
      ...(state.mode === "PROVISIONED" ? compare("shards", state.shards, settings.shards) : []),
      ...compare("retention (hours)", state.retentionHours, settings.retentionHours),
      ...compare("encryption", state.encryption, "KMS"),
    ],
    async create() {
      const kinesis = await clients.kinesis();
      const StreamModeDetails = { StreamMode: "PROVISIONED" } as const;
      await kinesis.send(
        new CreateStreamCommand({ ...of, ShardCount: settings.shards, StreamModeDetails, Tags: wanted }),
      );
    },
    async update(state, changes) {
      const kinesis = await clients.kinesis();
      if (tagsDiffer(changes)) await kinesis.send(new AddTagsToStreamCommand({ ...of, Tags: wanted }));
      // One of these at a time: each makes the stream UPDATING.
      if (changed(changes, "mode")) {
        const StreamModeDetails = { StreamMode: "PROVISIONED" } as const;
        await kinesis.send(new UpdateStreamModeCommand({ StreamARN: state.arn, StreamModeDetails }));
      } else if (changed(changes, "encryption")) {
        await kinesis.send(new StartStreamEncryptionCommand({ ...of, EncryptionType: "KMS", KeyId: KEY }));
      } else if (changed(changes, "retention (hours)")) {
        const hours = { ...of, RetentionPeriodHours: settings.retentionHours };
        const longer = settings.retentionHours > state.retentionHours;
        if (longer) await kinesis.send(new IncreaseStreamRetentionPeriodCommand(hours));
        else await kinesis.send(new DecreaseStreamRetentionPeriodCommand(hours));
      } else if (changed(changes, "shards")) {
        // No further than double or half at a time.
        const TargetShardCount = Math.max(Math.ceil(state.shards / 2), Math.min(state.shards * 2, settings.shards));
        await kinesis.send(new UpdateShardCountCommand({ ...of, TargetShardCount, ScalingType: "UNIFORM_SCALING" }));
      }
    },
    async remove({ status }) {
      if (status === "DELETING") return;
      const kinesis = await clients.kinesis();
      await kinesis.send(new DeleteStreamCommand({ ...of, EnforceConsumerDeletion: true }));
    },
    passes: isSimultaneousLimit,
  };
}
