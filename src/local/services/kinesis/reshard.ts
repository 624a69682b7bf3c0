import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import { inUse, provisionedShards, SHARD_LIMIT, shardQuota } from "./admin.ts";
import type { Resharding, ShardRecord, StreamRecord } from "./model.ts";
import { evenly } from "./ranges.ts";
import { shardIndex, shardName, toHashHex } from "./sequence.ts";
import { openShards, type Streams, statusOf } from "./streams.ts";
import { invalid } from "./write.ts";

const DAY_MS = 86_400_000;
const SCALINGS_A_DAY = 10;

/** SplitShard, MergeShards and UpdateShardCount. */
export function reshardOperations(streams: Streams): Record<string, Operation> {
  const { stack } = streams;
  const provisioned = (input: any, call: Call): StreamRecord => {
    const stream = streams.get(input, call);
    if (statusOf(stream) !== "ACTIVE") throw inUse(stream, stack.account);
    if (stream.mode === "ON_DEMAND") {
      throw new AwsError(
        "ValidationException",
        `Request is invalid. Stream ${stream.name} under account ${stack.account} is in On-Demand mode.`,
      );
    }
    return stream;
  };
  const shardOf = (stream: StreamRecord, id: unknown): ShardRecord => {
    const shard = stream.shards.find((s) => s.index === shardIndex(String(id)));
    if (!shard) {
      throw new AwsError(
        "ResourceNotFoundException",
        `Could not find shard ${id} in stream ${stream.name} under account ${stack.account}.`,
      );
    }
    return shard;
  };
  const checkRoom = (stream: StreamRecord, more: number) => {
    const present = provisionedShards(streams.list(stream.region));
    if (present + more > SHARD_LIMIT) throw shardQuota(present, more, stack.account);
  };
  const begin = (stream: StreamRecord, reshard: Resharding) => {
    streams.change(stream, { status: "UPDATING", reshard });
  };

  return {
    SplitShard: (input, call) => {
      const stream = provisioned(input, call);
      const shard = shardOf(stream, input.ShardToSplit);
      if (shard.closed) throw ineligible(shard, stream, stack.account);
      if (!/^(0|[1-9]\d{0,38})$/.test(String(input.NewStartingHashKey))) {
        throw invalid(
          `'${input.NewStartingHashKey}'`,
          "newStartingHashKey",
          "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})",
        );
      }
      const [from, to] = [BigInt(`0x${shard.from}`), BigInt(`0x${shard.to}`)];
      const at = BigInt(input.NewStartingHashKey);
      if (at <= from + 1n || at >= to) {
        throw new AwsError(
          "InvalidArgumentException",
          `NewStartingHashKey ${at} used in SplitShard() on shard ${shardName(shard.index)} in stream ${stream.name} under account ${stack.account} is not both greater than one plus the shard's StartingHashKey ${from} and less than the shard's EndingHashKey ${to}.`,
        );
      }
      checkRoom(stream, 1);
      begin(stream, [{ split: shard.index, at: toHashHex(at) }]);
      return {};
    },
    MergeShards: (input, call) => {
      const stream = provisioned(input, call);
      const pair = [shardOf(stream, input.ShardToMerge), shardOf(stream, input.AdjacentShardToMerge)];
      for (const shard of pair) if (shard.closed) throw ineligible(shard, stream, stack.account);
      const [low, high] = pair.sort((a, b) => (a.from < b.from ? -1 : 1)) as [ShardRecord, ShardRecord];
      if (BigInt(`0x${low.to}`) + 1n !== BigInt(`0x${high.from}`)) {
        throw new AwsError(
          "InvalidArgumentException",
          `Shards ${input.ShardToMerge} and ${input.AdjacentShardToMerge} in stream ${stream.name} under account ${stack.account} are not an adjacent pair of shards eligible for merging`,
        );
      }
      begin(stream, [{ merge: [low.index, high.index] }]);
      return {};
    },
    UpdateShardCount: (input, call) => {
      const stream = provisioned(input, call);
      const target = input.TargetShardCount;
      const current = openShards(stream).length;
      checkTarget(target, current, stream, stack.account);
      const now = stack.now();
      const recent = stream.scalings.filter((time) => now - time < DAY_MS);
      if (stack.limits && recent.length >= SCALINGS_A_DAY) {
        throw new AwsError(
          "LimitExceededException",
          `UpdateShardCount cannot be called more than ${SCALINGS_A_DAY} times in a rolling 24-hour period for stream ${stream.name}.`,
        );
      }
      checkRoom(stream, Math.max(0, target - current));
      const steps = evenly(stream, target);
      if (steps.length > 0) begin({ ...stream, scalings: [...recent, now] }, steps);
      return {
        StreamName: stream.name,
        StreamARN: stream.arn,
        CurrentShardCount: current,
        TargetShardCount: target,
      };
    },
  };
}

function ineligible(shard: ShardRecord, stream: StreamRecord, account: string): AwsError {
  return new AwsError(
    "InvalidArgumentException",
    `Shard ${shardName(shard.index)} in stream ${stream.name} under account ${account} has already been merged or split, and thus is not eligible for merging or splitting.`,
  );
}

function checkTarget(target: unknown, current: number, stream: StreamRecord, account: string): void {
  if (typeof target !== "number" || !Number.isInteger(target) || target < 1) {
    throw invalid(`'${target}'`, "targetShardCount", "Member must have value greater than or equal to 1");
  }
  const where = `Current open shard count: ${current} Target shard count: ${target}`;
  if (target > 2 * current) {
    throw new AwsError(
      "InvalidArgumentException",
      `UpdateShardCount cannot scale up over double your current open shard count of stream ${stream.name} under account ${account}. ${where}`,
    );
  }
  if (target < current / 2) {
    throw new AwsError(
      "InvalidArgumentException",
      `UpdateShardCount cannot scale down below half your current open shard count of stream ${stream.name} under account ${account}. ${where}`,
    );
  }
}
