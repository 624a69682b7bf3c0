import type { KinesisClient } from "@aws-sdk/client-kinesis";
import { type HashRange, hashKeyOf, inRange, rangeOf } from "../kinesis-format/hash-key.ts";
import { ListShardsCommand, type Shard } from "./kinesis.ts";

/** Partition keys whose hash is remembered. */
const REMEMBERED = 100_000;

/** All shards of a stream that it still keeps, closed ones too. Throws what ListShards throws. */
export async function listShards(kinesis: Pick<KinesisClient, "send">, stream: string): Promise<Shard[]> {
  const shards: Shard[] = [];
  let NextToken: string | undefined;
  do {
    // With a token the call takes no stream name.
    const page = await kinesis.send(new ListShardsCommand(NextToken ? { NextToken } : { StreamName: stream }));
    shards.push(...(page.Shards ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return shards;
}

/** Which shard a partition key falls on, as of the last look. */
export class ShardMap {
  readonly #kinesis: Pick<KinesisClient, "send">;
  readonly #stream: string;
  readonly #hashes = new Map<string, string>();
  #ranges = new Map<string, HashRange>();
  #open: { shardId: string; range: HashRange }[] = [];
  /** By partition key; forgotten with every look. */
  readonly #shards = new Map<string, string>();

  constructor(kinesis: Pick<KinesisClient, "send">, stream: string) {
    this.#kinesis = kinesis;
    this.#stream = stream;
  }

  /** Looks anew: after a reshard, and before the first use. */
  async look(): Promise<void> {
    const shards = await listShards(this.#kinesis, this.#stream);
    this.#ranges = new Map(shards.map(({ ShardId, HashKeyRange }) => [ShardId!, rangeOf(HashKeyRange)]));
    this.#open = shards
      .filter(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber === undefined)
      .map(({ ShardId }) => ({ shardId: ShardId!, range: this.#ranges.get(ShardId!)! }));
    this.#shards.clear();
  }

  hashOf(partitionKey: string): string {
    let hash = this.#hashes.get(partitionKey);
    if (hash === undefined) {
      if (this.#hashes.size >= REMEMBERED) this.#hashes.clear();
      hash = hashKeyOf(partitionKey);
      this.#hashes.set(partitionKey, hash);
    }
    return hash;
  }

  /** The open shard of a key; the empty text while a reshard leaves none. */
  shardOf(partitionKey: string): string {
    let shardId = this.#shards.get(partitionKey);
    if (shardId === undefined) {
      const hash = this.hashOf(partitionKey);
      if (this.#shards.size >= REMEMBERED) this.#shards.clear();
      shardId = this.#open.find(({ range }) => inRange(hash, range))?.shardId ?? "";
      this.#shards.set(partitionKey, shardId);
    }
    return shardId;
  }

  /** Whether a shard's range holds the key; not where the shard isn't known. */
  holds(shardId: string, partitionKey: string): boolean {
    const range = this.#ranges.get(shardId);
    return range !== undefined && inRange(this.hashOf(partitionKey), range);
  }

  get openShards(): number {
    return this.#open.length;
  }
}
