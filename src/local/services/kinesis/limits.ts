/** Tokens that come back at `rate` a second, up to `capacity`; a take may leave a debt. */
export class Bucket {
  readonly #rate: number;
  readonly #capacity: number;
  #tokens: number;
  #at: number;

  constructor(rate: number, now: number, capacity = rate) {
    this.#rate = rate;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#at = now;
  }

  /** Tokens there are at `now` (ms). */
  level(now: number): number {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (Math.max(0, now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    return this.#tokens;
  }

  take(n: number): void {
    this.#tokens -= n;
  }

  /** Takes `n` if they are there. */
  tryTake(n: number, now: number): boolean {
    if (this.level(now) < n) return false;
    this.#tokens -= n;
    return true;
  }
}

/** A shard's limits (Kinesis developer guide, "Quotas and limits"). */
export class ShardLimits {
  readonly #bytesIn: Bucket;
  readonly #recordsIn: Bucket;
  readonly #reads: Bucket;
  readonly #bytesOut: Bucket;

  constructor(now: number) {
    this.#bytesIn = new Bucket(1 << 20, now);
    this.#recordsIn = new Bucket(1000, now);
    this.#reads = new Bucket(5, now);
    this.#bytesOut = new Bucket(2 << 20, now);
  }

  /** 1 MiB and 1,000 records a second. */
  write(bytes: number, now: number): boolean {
    // A record of a full mebibyte with its key is above the bucket: it may go when the bucket is full.
    const need = Math.min(bytes, 1 << 20);
    if (this.#bytesIn.level(now) < need || this.#recordsIn.level(now) < 1) return false;
    this.#bytesIn.take(need);
    this.#recordsIn.take(1);
    return true;
  }

  /** Five reads a second, and none until what was read at 2 MiB a second has been paid off. */
  read(now: number): boolean {
    return this.#bytesOut.level(now) > 0 && this.#reads.tryTake(1, now);
  }

  wasRead(bytes: number): void {
    this.#bytesOut.take(bytes);
  }
}

/** Control-plane calls a second, by account or stream, as the API reference has them. */
export const CALL_RATES: Record<string, number> = {
  CreateStream: 5,
  DeleteStream: 5,
  DescribeLimits: 1,
  DescribeStream: 10,
  DescribeStreamSummary: 20,
  DescribeStreamConsumer: 20,
  RegisterStreamConsumer: 5,
  DeregisterStreamConsumer: 5,
  ListStreams: 5,
  ListStreamConsumers: 5,
  ListShards: 1000,
  MergeShards: 5,
  SplitShard: 5,
  AddTagsToStream: 5,
  RemoveTagsFromStream: 5,
  ListTagsForStream: 5,
  StartStreamEncryption: 5,
  StopStreamEncryption: 5,
  IncreaseStreamRetentionPeriod: 5,
  DecreaseStreamRetentionPeriod: 5,
};
