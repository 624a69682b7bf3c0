import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Stack } from "../../../service.ts";
import { count } from "../../cloudwatch/count.ts";
import {
  describeStream,
  type ShardPosition,
  type ShardReader,
  type StreamRecord,
} from "../../kinesis/stream-reader.ts";
import type { Functions } from "../functions.ts";
import { type Attempt, type Condition, deliverBatch } from "./batch.ts";
import { eventBytes, kinesisEvent } from "./event.ts";
import { reportFailure } from "./failure.ts";
import { Lane, laneOf } from "./lane.ts";
import type { Mapping } from "./model.ts";

/** Bytes of records that a shard reads ahead of the function. */
const READ_AHEAD = 16 * 2 ** 20;
const BACK_OFF_MAX_MS = 10_000;

/** What the mapping shows of one shard. */
export interface ShardFigures {
  records: number;
  batches: number;
  errors: number;
  discarded: number;
  /** Milliseconds since the arrival of the oldest record that isn't settled; 0 with none. */
  iteratorAgeMs: number;
  sequenceNumber: string | undefined;
  lastError: string | undefined;
}

export interface ShardPollerOptions {
  stack: Stack;
  functions: Functions;
  mapping: Mapping;
  reader: ShardReader;
  position: ShardPosition | undefined;
  checkpoint(position: ShardPosition): void;
  processed(result: string): void;
}

/** Takes one shard's records to the function, in order, and checkpoints behind the last one that is settled. */
export class ShardPoller {
  readonly figures = { records: 0, batches: 0, errors: 0, discarded: 0, lastError: undefined as string | undefined };
  #options: ShardPollerOptions;
  #position: ShardPosition;
  /** Read and not checkpointed, in the shard's order: lanes settle out of it. */
  #outstanding: { record: StreamRecord; settled: boolean }[] = [];
  #bySequence = new Map<string, { settled: boolean }>();
  #bytes = 0;
  #room = () => {};

  constructor(options: ShardPollerOptions) {
    this.#options = options;
    this.#position = options.position ?? {};
    options.reader.signal.addEventListener("abort", () => this.#room(), { once: true });
  }

  status(): ShardFigures {
    const oldest = this.#outstanding[0];
    return {
      ...this.figures,
      iteratorAgeMs: oldest ? Math.max(0, this.#options.stack.now() - oldest.record.arrivedAt) : 0,
      sequenceNumber: this.#position.sequenceNumber,
    };
  }

  /** Resolves when the closed shard is through, or when the reader's signal aborts. */
  async run(): Promise<void> {
    const { mapping, reader, stack } = this.#options;
    const { BatchSize, MaximumBatchingWindowInSeconds, ParallelizationFactor } = mapping.settings;
    const lanes = Array.from(
      { length: ParallelizationFactor },
      () =>
        new Lane({
          batchSize: BatchSize,
          window: MaximumBatchingWindowInSeconds * 1000,
          now: () => stack.now(),
          signal: reader.signal,
        }),
    );
    const delivering = Promise.all(lanes.map((lane) => this.#deliver(lane)));
    try {
      await this.#readAhead(lanes);
    } finally {
      for (const lane of lanes) lane.end();
      await delivering;
    }
    if (!reader.signal.aborted) this.#options.checkpoint({ ...this.#position, done: true });
  }

  async #readAhead(lanes: Lane[]): Promise<void> {
    const { reader, mapping } = this.#options;
    const ahead = Math.max(1000, mapping.settings.BatchSize * 2 * lanes.length);
    for (;;) {
      while (this.#outstanding.length >= ahead || this.#bytes >= READ_AHEAD) {
        await new Promise<void>((resolve) => {
          this.#room = resolve;
        });
        if (reader.signal.aborted) return;
      }
      const records = await reader.read(Math.min(10_000, ahead - this.#outstanding.length));
      if (!records) return;
      for (const record of records) {
        const entry = { record, settled: false };
        this.#outstanding.push(entry);
        this.#bySequence.set(record.sequenceNumber, entry);
        this.#bytes += eventBytes(record);
        lanes[laneOf(record.partitionKey, lanes.length)]!.push(record);
      }
    }
  }

  async #deliver(lane: Lane): Promise<void> {
    const { mapping, reader, stack } = this.#options;
    for (let batch = await lane.take(); batch; batch = await lane.take()) {
      await deliverBatch(batch, mapping.settings, {
        signal: reader.signal,
        invoke: (records) => this.#invoke(records),
        settle: (records) => this.#settle(records),
        discard: (records, condition, attempts, last) => this.#discard(records, condition, attempts, last),
        oldest: async () => {
          const { MaximumRecordAgeInSeconds: seconds } = mapping.settings;
          const { retentionMs } = await describeStream(stack, mapping.streamArn);
          return stack.now() - (seconds < 0 ? retentionMs : Math.min(seconds * 1000, retentionMs));
        },
        backOff: async (n) => {
          // Up to ten seconds, with jitter so that shards don't retry in step.
          const ms = Math.min(BACK_OFF_MAX_MS, 100 * 2 ** Math.min(n - 1, 10)) * (0.75 + stack.random() / 2);
          await wait(ms, undefined, { signal: reader.signal }).catch(() => {});
        },
      });
    }
  }

  async #invoke(records: StreamRecord[]): Promise<Attempt> {
    const { functions, mapping, reader, stack } = this.#options;
    const requestId = randomUUID();
    try {
      const current = () => functions.get(mapping.functionArn, mapping.region);
      const f = current();
      const { streamArn, region } = mapping;
      const event = kinesisEvent(records, { streamArn, region, role: f.role, shardId: reader.shardId });
      const IteratorAge = Math.max(0, stack.now() - records.at(-1)!.arrivedAt);
      count(stack, region, "AWS/Lambda", { Name: "FunctionName", Value: f.name }, { IteratorAge });
      const result = await functions.pool(f).invoke(current, JSON.stringify(event), { requestId });
      if (reader.signal.aborted) return { kind: "unreached" };
      this.figures.batches++;
      const payload = JSON.parse(result.payload);
      if (!result.functionError) {
        this.#options.processed("OK");
        return { kind: "ok", payload };
      }
      this.#failed(`${payload.errorType}: ${payload.errorMessage}`);
      return {
        kind: "failed",
        requestId,
        response: { statusCode: 200, executedVersion: "$LATEST", functionError: result.functionError },
      };
    } catch (error) {
      this.#failed((error as Error).message);
      return { kind: "unreached" };
    }
  }

  #failed(message: string): void {
    this.figures.errors++;
    this.figures.lastError = message.slice(0, 500);
    this.#options.processed("PROBLEM: Function call failed");
  }

  #settle(records: StreamRecord[]): void {
    for (const { sequenceNumber } of records) {
      const entry = this.#bySequence.get(sequenceNumber);
      if (entry) entry.settled = true;
      this.#bySequence.delete(sequenceNumber);
    }
    this.figures.records += records.length;
    let through = 0;
    while (this.#outstanding[through]?.settled) through++;
    if (through === 0) return;
    const gone = this.#outstanding.splice(0, through);
    for (const { record } of gone) this.#bytes -= eventBytes(record);
    this.#position = { sequenceNumber: gone.at(-1)!.record.sequenceNumber };
    this.#options.checkpoint(this.#position);
    this.#room();
  }

  async #discard(
    records: StreamRecord[],
    condition: Condition,
    attempts: number,
    last: Attempt | undefined,
  ): Promise<void> {
    const { functions, mapping, reader, stack } = this.#options;
    this.figures.discarded += records.length;
    const role = functions.store.get(`${mapping.region}/${mapping.functionArn.split(":").at(-1)}`)?.role ?? "";
    await reportFailure(stack, mapping, { shardId: reader.shardId, role, records, condition, attempts, last });
  }
}
