import { AwsError } from "../../errors.ts";
import { timestamp } from "../../http/protocol/json.ts";
import type { Operation } from "../../service.ts";
import type { ShardRecord, StreamRecord } from "./model.ts";
import { shardIndex } from "./sequence.ts";
import { describeShard } from "./shard.ts";
import type { Streams } from "./streams.ts";
import { invalid } from "./write.ts";

const TOKEN_LIFE_MS = 300_000;

interface Filter {
  Type: string;
  ShardId?: string;
  Timestamp?: Date | number | string;
}

/** ListShards, with its filters and pages. */
export function shardOperations(streams: Streams): Record<string, Operation> {
  const { stack } = streams;
  return {
    ListShards: (input, call) => {
      const limit = input.MaxResults ?? 1000;
      if (!(limit >= 1 && limit <= 10_000))
        throw invalid(`'${limit}'`, "maxResults", "Member must be between 1 and 10000");
      const page = input.NextToken === undefined ? firstPage(streams.get(input, call), input) : nextPage(input);
      if (page.made !== undefined && stack.now() - page.made > TOKEN_LIFE_MS) {
        throw new AwsError("ExpiredNextTokenException", "NextToken has expired. It is valid for 300 seconds.");
      }
      const stream = streams.find(page.region, page.name);
      if (!stream) throw new AwsError("ResourceNotFoundException", `Stream ${page.name} not found.`);
      const all = stream.shards.filter((s) => s.index > page.after && matches(s, stream, page.filter, streams));
      const shown = all.slice(0, limit);
      const more = all.length > limit;
      const token = { ...page, after: shown.at(-1)?.index, made: stack.now() };
      return {
        Shards: shown.map((s) => describeShard(s, stream)),
        ...(more && { NextToken: Buffer.from(JSON.stringify(token)).toString("base64") }),
      };
    },
  };
}

interface Page {
  region: string;
  name: string;
  after: number;
  filter?: Filter;
  made?: number;
}

function firstPage(stream: StreamRecord, input: any): Page {
  const after = input.ExclusiveStartShardId === undefined ? -1 : index(input.ExclusiveStartShardId);
  return { region: stream.region, name: stream.name, after, filter: input.ShardFilter };
}

function nextPage(input: any): Page {
  if (input.StreamName !== undefined || input.StreamARN !== undefined || input.ExclusiveStartShardId !== undefined) {
    throw new AwsError("InvalidArgumentException", "NextToken and StreamName cannot be provided together.");
  }
  try {
    const page = JSON.parse(Buffer.from(String(input.NextToken), "base64").toString());
    if (typeof page.after === "number" && typeof page.name === "string") return page;
  } catch {
    // Not one of ours, as below.
  }
  throw new AwsError("InvalidArgumentException", "Invalid NextToken.");
}

function index(shardId: string): number {
  const found = shardIndex(shardId);
  if (found === undefined) throw new AwsError("InvalidArgumentException", `Invalid shard id ${shardId}.`);
  return found;
}

function matches(shard: ShardRecord, stream: StreamRecord, filter: Filter | undefined, streams: Streams): boolean {
  if (!filter) return true;
  const closedAt = shard.closed?.at ?? Infinity;
  const horizon = Math.max(streams.oldest(stream), stream.created);
  const time = () => {
    if (filter.Timestamp == null) {
      throw new AwsError("InvalidArgumentException", `ShardFilter of type ${filter.Type} needs a Timestamp.`);
    }
    const { Timestamp } = filter;
    return Math.max(horizon, (Timestamp instanceof Date ? Timestamp : timestamp(Timestamp)).getTime());
  };
  switch (filter.Type) {
    case "AFTER_SHARD_ID":
      return shard.index > index(filter.ShardId ?? "");
    case "AT_TRIM_HORIZON":
      return shard.opened <= horizon && closedAt >= horizon;
    case "FROM_TRIM_HORIZON":
      return closedAt >= horizon;
    case "AT_LATEST":
      return !shard.closed;
    case "AT_TIMESTAMP":
      return shard.opened <= time() && closedAt >= time();
    case "FROM_TIMESTAMP":
      return closedAt >= time();
    default:
      throw invalid(
        `'${filter.Type}'`,
        "shardFilter.type",
        "Member must satisfy enum value set: [AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP]",
      );
  }
}
