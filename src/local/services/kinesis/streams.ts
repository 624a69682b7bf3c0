import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { partitionOf } from "../../../aws/partition.ts";
import { AwsError } from "../../errors.ts";
import type { Call, Stack, Store } from "../../service.ts";
import type { ConsumerRecord, Resharding, ShardRecord, StreamRecord, Transition } from "./model.ts";
import { applyStep, evenRanges } from "./ranges.ts";
import { Shard } from "./shard.ts";

/** How long a stream stays CREATING, UPDATING and DELETING, and a consumer CREATING and DELETING. */
const STATE_MS = { CREATING: 300, UPDATING: 400, DELETING: 300 };

/** The streams of all regions, with their changes of state and their shards' logs. */
export class Streams {
  readonly stack: Stack;
  readonly #records: Store<StreamRecord>;
  readonly #shards = new Map<string, Shard>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(stack: Stack) {
    this.stack = stack;
    this.#records = stack.store<StreamRecord>("kinesis");
    for (const [, stream] of this.#records.entries()) this.#wakeAt(stream);
  }

  /** By StreamName or StreamARN; throws ResourceNotFoundException. */
  get(input: { StreamName?: string; StreamARN?: string }, call: Pick<Call, "region">): StreamRecord {
    const { name, region } = this.#named(input, call);
    const stream = this.find(region, name);
    if (!stream) throw notFound(name, this.stack.account);
    return stream;
  }

  find(region: string, name: string): StreamRecord | undefined {
    const stream = this.#records.get(`${region}/${name}`);
    return stream && this.#settled(stream);
  }

  /** A region's streams by name. */
  list(region: string): StreamRecord[] {
    return [...this.#records.entries()]
      .filter(([, s]) => s.region === region)
      .map(([, s]) => this.#settled(s))
      .filter((s) => s !== undefined)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  put(stream: StreamRecord): void {
    this.#records.put(`${stream.region}/${stream.name}`, stream);
  }

  /** Begins a change of state that ends by itself. */
  change(stream: StreamRecord, transition: Omit<Transition, "until">): void {
    const changed = { ...stream, transition: { ...transition, until: this.stack.now() + STATE_MS[transition.status] } };
    this.put(changed);
    this.#wakeAt(changed);
  }

  create(
    region: string,
    given: Pick<StreamRecord, "name" | "mode" | "maxRecordKiB" | "tags">,
    shardCount: number,
  ): void {
    const now = this.stack.now();
    const stream: StreamRecord = {
      ...given,
      region,
      arn: `arn:${partitionOf(region)}:kinesis:${region}:${this.stack.account}:stream/${given.name}`,
      folder: randomUUID(),
      created: now,
      retentionHours: 24,
      encryption: "NONE",
      monitoring: [],
      shards: evenRanges(shardCount).map((range, index) => ({
        index,
        createdSeconds: Math.floor(now / 1000),
        opened: now,
        ...range,
      })),
      consumers: [],
      scalings: [],
    };
    this.change(stream, { status: "CREATING" });
  }

  setConsumer(stream: StreamRecord, name: string, consumer: Omit<ConsumerRecord, "until"> | undefined): void {
    const others = stream.consumers.filter((c) => c.name !== name);
    const until = this.stack.now() + STATE_MS.CREATING;
    const changed = { ...stream, consumers: consumer ? [...others, { ...consumer, until }] : others };
    this.put(changed);
    this.#wakeAt(changed);
  }

  /** The log of a shard of `stream`; opened when it is first used. */
  shard(stream: StreamRecord, shard: ShardRecord): Shard {
    const key = `${stream.folder}/${shard.index}`;
    let open = this.#shards.get(key);
    if (!open) {
      const { fileOptions, damaged, now } = this.stack;
      open = new Shard(this.#folder(stream, shard.index), fileOptions, damaged, now());
      this.#shards.set(key, open);
    }
    return open;
  }

  /** Opens every log in the background, so that what a crash has torn is said now and not at the first call. */
  async openAll(): Promise<void> {
    for (const [, stream] of this.#records.entries()) {
      for (const shard of stream.shards) {
        await new Promise((resolve) => setImmediate(resolve));
        if (this.stack.signal.aborted) return;
        if (this.find(stream.region, stream.name)?.folder === stream.folder) this.shard(stream, shard);
      }
    }
  }

  /** Time (ms) before which the stream's records are gone. */
  oldest(stream: StreamRecord): number {
    return this.stack.now() - stream.retentionHours * 3_600_000;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const shard of this.#shards.values()) shard.close();
    this.#shards.clear();
  }

  #folder(stream: StreamRecord, shard?: number): string {
    return join(this.stack.folder("kinesis"), stream.folder, ...(shard === undefined ? [] : [String(shard)]));
  }

  #named(input: { StreamName?: string; StreamARN?: string }, call: Pick<Call, "region">) {
    if (input.StreamARN !== undefined) {
      const match = /^arn:aws[^:]*:kinesis:([^:]+):\d{12}:stream\/([^/:]+)/.exec(input.StreamARN);
      if (!match) throw new AwsError("InvalidArgumentException", `Invalid StreamARN: ${input.StreamARN}`);
      return { region: match[1]!, name: match[2]! };
    }
    if (typeof input.StreamName !== "string") {
      throw new AwsError("InvalidArgumentException", "Either StreamName or StreamARN must be specified.");
    }
    return { region: call.region, name: input.StreamName };
  }

  #wakeAt(stream: StreamRecord): void {
    const times = [
      stream.transition?.until,
      ...stream.consumers.filter((c) => c.status !== "ACTIVE").map((c) => c.until),
    ];
    for (const time of times) {
      if (time === undefined) continue;
      const timer = setTimeout(
        () => {
          this.#timers.delete(timer);
          try {
            this.find(stream.region, stream.name);
          } catch (error) {
            // A full disk, say: it is tried again when somebody looks.
            this.stack.log(`kinesis: ${stream.name} did not change its state: ${(error as Error).message}`);
          }
        },
        Math.max(0, time - this.stack.now()) + 1,
      );
      timer.unref();
      this.#timers.add(timer);
    }
  }

  /** The stream with every change whose time has come; undefined when it has been deleted. */
  #settled(stream: StreamRecord): StreamRecord | undefined {
    const now = this.stack.now();
    let settled = this.#withoutExpiredShards(stream, now);
    if (stream.consumers.some((c) => c.status !== "ACTIVE" && isDue(c.until, now))) {
      const consumers = stream.consumers
        .filter((c) => c.status !== "DELETING" || !isDue(c.until, now))
        .map((c) => (c.status === "CREATING" && isDue(c.until, now) ? { ...c, status: "ACTIVE" as const } : c));
      settled = { ...settled, consumers };
    }
    const { transition } = settled;
    if (transition && isDue(transition.until, now)) {
      if (transition.status === "DELETING") return void this.#remove(stream);
      const { transition: _, ...rest } = settled;
      settled = { ...rest, ...transition.change };
      if (transition.reshard) settled = this.#reshard(settled, transition.reshard);
    }
    if (settled !== stream) this.put(settled);
    if (transition?.reshard && !settled.transition) {
      for (const { index } of settled.shards) this.#shards.get(`${stream.folder}/${index}`)?.wake();
    }
    return settled;
  }

  /** A closed shard whose last record has expired is gone. */
  #withoutExpiredShards(stream: StreamRecord, now: number): StreamRecord {
    const expired = (s: ShardRecord) => s.closed !== undefined && s.closed.at < now - stream.retentionHours * 3_600_000;
    if (!stream.shards.some(expired)) return stream;
    for (const shard of stream.shards.filter(expired)) this.#removeShard(stream, shard);
    return { ...stream, shards: stream.shards.filter((s) => !expired(s)) };
  }

  #removeShard(stream: StreamRecord, shard: ShardRecord): void {
    const key = `${stream.folder}/${shard.index}`;
    this.#shards.get(key)?.close();
    this.#shards.delete(key);
    rmSync(this.#folder(stream, shard.index), { recursive: true, force: true });
  }

  #reshard(stream: StreamRecord, steps: Resharding): StreamRecord {
    const now = this.stack.now();
    const shards = steps.reduce((all, step) => applyStep(all, step, now), stream.shards);
    const before = new Map(stream.shards.map((s) => [s.index, s]));
    return {
      ...stream,
      shards: shards.map((s) => {
        const old = before.get(s.index);
        return s.closed && old && !old.closed ? { ...s, closed: { next: this.shard(stream, s).log.next, at: now } } : s;
      }),
    };
  }

  #remove(stream: StreamRecord): void {
    this.#records.delete(`${stream.region}/${stream.name}`);
    for (const shard of stream.shards) this.#removeShard(stream, shard);
    rmSync(this.#folder(stream), { recursive: true, force: true });
  }
}

/** Also when the clock has stepped back: no state lasts for more than a second. */
const isDue = (until: number, now: number): boolean => until <= now || until - now > 1000;

export const statusOf = (stream: StreamRecord): string => stream.transition?.status ?? "ACTIVE";

export const openShards = (stream: StreamRecord): ShardRecord[] => stream.shards.filter((s) => !s.closed);

export function notFound(name: string, account: string): AwsError {
  return new AwsError("ResourceNotFoundException", `Stream ${name} under account ${account} not found.`);
}
