import type { KinesisClient } from "@aws-sdk/client-kinesis";
import { PutRecordsCommand } from "../../aws/kinesis.ts";
import type { Pending } from "./buffer.ts";
import type { ShardBackoff } from "./shard-backoff.ts";
import { isThrottled, MOST_BYTES, MOST_RECORDS, type SendableRequest, type Shipping } from "./shipping.ts";

/** A record a reading. */
export class PlainShipping implements Shipping {
  readonly wanted = MOST_RECORDS;
  readonly readAhead = 4000;
  readonly onePerTurbine: boolean;
  readonly #kinesis: Pick<KinesisClient, "send">;
  readonly #stream: string;

  constructor(kinesis: Pick<KinesisClient, "send">, stream: string, ordered: boolean) {
    this.#kinesis = kinesis;
    this.#stream = stream;
    this.onePerTurbine = ordered;
  }

  request(most: number): SendableRequest {
    return new PlainRequest(this.#kinesis, this.#stream, Math.min(most, MOST_RECORDS), this.onePerTurbine);
  }
}

class PlainRequest implements SendableRequest {
  readonly #kinesis: Pick<KinesisClient, "send">;
  readonly #stream: string;
  readonly #most: number;
  readonly #turbines: Set<string> | undefined;
  readonly #batch: Pending[] = [];
  #bytes = 0;
  #over = false;

  constructor(kinesis: Pick<KinesisClient, "send">, stream: string, most: number, onePerTurbine: boolean) {
    this.#kinesis = kinesis;
    this.#stream = stream;
    this.#most = most;
    this.#turbines = onePerTurbine ? new Set() : undefined;
  }

  get full(): boolean {
    return this.#over || this.#batch.length >= this.#most;
  }

  add(pending: Pending): boolean {
    const { turbineId } = pending.reading;
    if (this.#turbines?.has(turbineId)) return false;
    const size = pending.data.length + Buffer.byteLength(turbineId);
    this.#over = this.#bytes + size > MOST_BYTES;
    if (this.#over) return false;
    this.#bytes += size;
    this.#turbines?.add(turbineId);
    this.#batch.push(pending);
    return true;
  }

  async send(backoff: ShardBackoff): Promise<Pending[]> {
    try {
      const { Records = [] } = await this.#kinesis.send(
        new PutRecordsCommand({
          StreamName: this.#stream,
          Records: this.#batch.map(({ reading, data }) => ({ PartitionKey: reading.turbineId, Data: data })),
        }),
      );
      // Answers stand in the order of the entries.
      return this.#batch.filter(({ reading }, i) => {
        const { ErrorCode, ShardId } = Records[i] ?? { ErrorCode: "Missing" };
        if (ErrorCode === undefined) backoff.succeeded(reading.turbineId, ShardId ?? "");
        else backoff.failed(reading.turbineId);
        return ErrorCode !== undefined;
      });
    } catch (error) {
      isThrottled(error, this.#stream);
      for (const { reading } of this.#batch) backoff.failed(reading.turbineId);
      return this.#batch;
    }
  }
}
