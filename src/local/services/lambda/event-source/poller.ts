import { setTimeout as wait } from "node:timers/promises";
import type { Stack, Store } from "../../../service.ts";
import { describeStream, readStream, type ShardPosition, type StartingPosition } from "../../kinesis/stream-reader.ts";
import type { Functions } from "../functions.ts";
import type { Mapping } from "./model.ts";
import { type ShardFigures, ShardPoller } from "./shard-poller.ts";

export interface PollerOptions {
  stack: Stack;
  functions: Functions;
  mapping: Mapping;
  /** By `<uuid>/<stream's creation>/<shard>`. */
  checkpoints: Store<ShardPosition>;
  processed(result: string): void;
}

/** Runs one enabled mapping until it is stopped: every shard at its own pace, from the checkpoints. */
export class Poller {
  #options: PollerOptions;
  #stop = new AbortController();
  #shards = new Map<string, ShardPoller>();
  #done: Promise<void>;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  status(): Record<string, ShardFigures> {
    return Object.fromEntries([...this.#shards].map(([id, shard]) => [id, shard.status()]));
  }

  async #run(): Promise<void> {
    const { stack, mapping, processed } = this.#options;
    const { signal } = this.#stop;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#read(() => {
          attempt = 0;
        });
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        processed(
          code === "ResourceNotFoundException"
            ? `PROBLEM: Stream not found: ${mapping.streamArn}`
            : `PROBLEM: ${message}`,
        );
        if (attempt === 0) stack.log(`event source mapping ${mapping.uuid}: ${message}`);
        await wait(Math.min(5000, 200 * 2 ** attempt), undefined, { signal }).catch(() => {});
      }
    }
  }

  async #read(found: () => void): Promise<void> {
    const { stack, functions, mapping, checkpoints, processed } = this.#options;
    const { createdAt } = await describeStream(stack, mapping.streamArn);
    found();
    const key = (shardId: string) => `${mapping.uuid}/${createdAt}/${shardId}`;
    const position = (shardId: string) => checkpoints.get(key(shardId));
    const start: StartingPosition =
      mapping.startingAt === undefined ? { type: "TRIM_HORIZON" } : { type: "AT_TIMESTAMP", at: mapping.startingAt };
    const options = { stack, streamArn: mapping.streamArn, start, position, signal: this.#stop.signal };
    await readStream(options, async (reader) => {
      const shard = new ShardPoller({
        stack,
        functions,
        mapping,
        reader,
        position: position(reader.shardId),
        checkpoint: (at) => checkpoints.put(key(reader.shardId), at),
        processed,
      });
      this.#shards.set(reader.shardId, shard);
      await shard.run();
    });
  }

  /** Begins no more invocations. */
  abort(): void {
    this.#stop.abort();
  }

  /** Resolves when the invocations in hand have ended. */
  async stop(): Promise<void> {
    this.abort();
    await this.#done;
  }
}
