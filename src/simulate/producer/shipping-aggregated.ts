import type { KinesisClient } from "@aws-sdk/client-kinesis";
import { PutRecordsCommand, type PutRecordsRequestEntry } from "../../aws/kinesis.ts";
import { ShardMap } from "../../aws/shard-map.ts";
import { Aggregate } from "../../kinesis-format/aggregated-record.ts";
import { decimalHashKey } from "../../kinesis-format/hash-key.ts";
import type { Pending } from "./buffer.ts";
import type { ShardBackoff } from "./shard-backoff.ts";
import { isThrottled, MOST_RECORDS, type SendableRequest, type Shipping } from "./shipping.ts";

/** AggregationMaxSize of the Kinesis Producer Library: large enough to pay, small enough to be sent again. */
const AGGREGATE_BYTES = 51_200;
/** A shard's second. */
const REQUEST_BYTES = 1 << 20;
const REQUEST_RECORDS = Math.floor(REQUEST_BYTES / AGGREGATE_BYTES);
/** The record's own key; its place is told by the explicit hash key, which costs none of the shard's bytes. */
const KEY = "a";

/**
 * Many readings a record, each record for one shard, as the Kinesis Producer Library does it. A record that comes to lie
 * in another shard than was thought (the stream was resharded) holds readings that readers of that shard leave out: they
 * are sent again, to their own.
 */
export class AggregatedShipping implements Shipping {
  readonly wanted = 8000;
  readonly readAhead = 16_000;
  readonly onePerTurbine = false;
  readonly #kinesis: Pick<KinesisClient, "send">;
  readonly #stream: string;
  readonly #windows: Windows;
  readonly #shards: ShardMap;

  constructor(kinesis: Pick<KinesisClient, "send">, stream: string, ordered: boolean) {
    this.#kinesis = kinesis;
    this.#stream = stream;
    this.#windows = new Windows(ordered ? 1 : REQUEST_RECORDS);
    this.#shards = new ShardMap(kinesis, stream);
  }

  async begin(): Promise<void> {
    try {
      await this.#shards.look();
    } catch (error) {
      if (!isThrottled(error, this.#stream)) throw error;
    }
  }

  request(most: number): SendableRequest {
    return new AggregatedRequest(this.#kinesis, this.#stream, this.#shards, this.#windows, most);
  }
}

/**
 * Records that a shard gets in one request: as many as it took of the last one that it refused a part of, twice as many
 * after one that it took whole. One where order matters: if the first of two failed and the second didn't, it were gone.
 */
class Windows {
  readonly #most: number;
  readonly #windows = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  of(shardId: string): number {
    return this.#windows.get(shardId) ?? this.#most;
  }

  learn(shardId: string, sent: number, taken: number): void {
    if (taken < sent) this.#windows.set(shardId, Math.max(1, taken));
    else this.#windows.set(shardId, Math.min(this.#most, Math.max(this.of(shardId), 2 * sent)));
  }
}

interface Parcel {
  shardId: string;
  aggregate: Aggregate;
  readings: Pending[];
}

class AggregatedRequest implements SendableRequest {
  readonly #kinesis: Pick<KinesisClient, "send">;
  readonly #stream: string;
  readonly #shards: ShardMap;
  readonly #windows: Windows;
  readonly #most: number;
  readonly #sent = new Map<string, number>();
  readonly #filling = new Map<string, Parcel>();
  readonly #parcels: Parcel[] = [];
  readonly #done = new Set<string>();
  #readings = 0;
  #bytes = 0;

  constructor(kinesis: Pick<KinesisClient, "send">, stream: string, shards: ShardMap, windows: Windows, most: number) {
    this.#kinesis = kinesis;
    this.#stream = stream;
    this.#shards = shards;
    this.#windows = windows;
    this.#most = most;
  }

  get full(): boolean {
    return (
      this.#readings >= this.#most ||
      this.#bytes >= REQUEST_BYTES ||
      this.#parcels.length >= MOST_RECORDS ||
      (this.#done.size > 0 && this.#done.size >= this.#shards.openShards)
    );
  }

  add(pending: Pending): boolean {
    const { turbineId } = pending.reading;
    const shardId = this.#shards.shardOf(turbineId);
    if (this.#done.has(shardId)) return false;
    let parcel = this.#filling.get(shardId);
    let growth = parcel?.aggregate.growth(turbineId, pending.data) ?? 0;
    if (parcel && parcel.aggregate.bytes + growth > AGGREGATE_BYTES) {
      if (this.#sent.get(shardId)! >= this.#windows.of(shardId)) {
        this.#done.add(shardId);
        return false;
      }
      parcel = undefined;
    }
    if (!parcel) {
      parcel = { shardId, aggregate: new Aggregate(), readings: [] };
      growth = parcel.aggregate.growth(turbineId, pending.data);
      this.#filling.set(shardId, parcel);
      this.#sent.set(shardId, (this.#sent.get(shardId) ?? 0) + 1);
      this.#parcels.push(parcel);
    }
    parcel.aggregate.add(turbineId, pending.data);
    parcel.readings.push(pending);
    this.#readings++;
    this.#bytes += growth;
    return true;
  }

  async send(backoff: ShardBackoff): Promise<Pending[]> {
    let answers: { ErrorCode?: string; ShardId?: string }[];
    try {
      const Records = this.#parcels.map((parcel) => this.#entry(parcel));
      answers = (await this.#kinesis.send(new PutRecordsCommand({ StreamName: this.#stream, Records }))).Records ?? [];
    } catch (error) {
      isThrottled(error, this.#stream);
      answers = this.#parcels.map(() => ({ ErrorCode: (error as Error).name }));
    }
    const moved = this.#parcels.some(({ shardId }, i) => answers[i]?.ShardId && answers[i].ShardId !== shardId);
    if (moved) await this.#shards.look();
    for (const [shardId, sent] of this.#sent) {
      const taken = this.#parcels.filter((p, i) => p.shardId === shardId && !answers[i]?.ErrorCode).length;
      this.#windows.learn(shardId, sent, taken);
    }
    return this.#parcels.flatMap(({ shardId, readings }, i) => {
      const { ErrorCode, ShardId = "" } = answers[i] ?? { ErrorCode: "Missing" };
      if (ErrorCode !== undefined) {
        for (const { reading } of readings) backoff.failed(reading.turbineId);
        return readings;
      }
      for (const { reading } of readings) backoff.succeeded(reading.turbineId, ShardId);
      // A record of one reading stands for itself: it's everybody's, wherever it lies.
      if (ShardId === shardId || readings.length === 1) return [];
      return readings.filter(({ reading }) => !this.#shards.holds(ShardId, reading.turbineId));
    });
  }

  #entry({ aggregate, readings }: Parcel): PutRecordsRequestEntry {
    const { reading, data } = readings[0]!;
    if (readings.length === 1) return { PartitionKey: reading.turbineId, Data: data };
    const ExplicitHashKey = decimalHashKey(this.#shards.hashOf(reading.turbineId));
    return { PartitionKey: KEY, ExplicitHashKey, Data: aggregate.encode() };
  }
}
