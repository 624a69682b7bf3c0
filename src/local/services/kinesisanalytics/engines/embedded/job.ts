import { rm } from "node:fs/promises";
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import { partitionOf } from "../../../../../aws/partition.ts";
import { userRecordsOf } from "../../../../../kinesis-format/aggregated-record.ts";
import type { Stack } from "../../../../service.ts";
import { copyWhole } from "../../../../storage/copy-file.ts";
import { describeStream, readStream, type ShardPosition, type ShardReader } from "../../../kinesis/stream-reader.ts";
import type { ApplicationStart, ApplicationStatus, RunningApplication, Snapshot } from "../engine.ts";
import { CheckpointWriter, checkpointIds, checkpointPath, type JobState, readCheckpoint } from "./checkpoint.ts";
import { malformedJson, scoredJson } from "./output-json.ts";
import { MalformedReading, parseReading, type Reading } from "./reading.ts";
import type { JobSettings } from "./settings.ts";
import { Turbines } from "./turbines.ts";
import { StreamWriter } from "./writer.ts";

/** Records of one read, and milliseconds of work between turns of the event loop. */
const READ_LIMIT = 500;
const WORK_MS = 2;
/** Checkpoints kept: the newest, and one behind it should its file be damaged. */
const KEPT = 2;

/** The job of the pipeline, in this process: readings in, scored readings out, with its state on disk. */
export class Job implements RunningApplication {
  #stack: Stack;
  #app: ApplicationStart;
  #settings: JobSettings;
  #streamArn: string;
  #state: JobState;
  #turbines: Turbines;
  #writer: StreamWriter;
  #readers = new Map<string, ShardReader>();
  /** Ends the reading; the writer goes on. */
  #stopReading = new AbortController();
  #abort = new AbortController();
  #reading: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #checkpointing: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  #figures = {
    recordsIn: 0,
    rejected: 0,
    restarts: 0,
    lastCheckpoint: undefined as ApplicationStatus["lastCheckpoint"],
  };

  constructor(stack: Stack, app: ApplicationStart, settings: JobSettings) {
    const { inputStreamName, outputStreamName, region } = settings;
    this.#stack = stack;
    this.#app = app;
    this.#settings = settings;
    this.#streamArn = `arn:${partitionOf(region)}:kinesis:${region}:${stack.account}:stream/${inputStreamName}`;
    this.#state = { streamCreatedAt: 0, startAt: undefined, positions: {} };
    this.#turbines = new Turbines(settings.detector, (message) => app.log("WARN", message));
    this.#writer = new StreamWriter({
      stack,
      streamName: outputStreamName,
      region,
      signal: this.#abort.signal,
      log: app.log,
    });
  }

  /** Resolves when records flow; rejects if a stream isn't there or a snapshot can't be read. */
  async begin(): Promise<void> {
    const { region, outputStreamName, initialPosition } = this.#settings;
    const { createdAt } = await describeStream(this.#stack, this.#streamArn);
    await this.#stack.call("kinesis", "DescribeStreamSummary", { StreamName: outputStreamName }, region);
    this.#nextId = ((await checkpointIds(this.#app.folder))[0] ?? 0) + 1;
    this.#state = {
      streamCreatedAt: createdAt,
      startAt: initialPosition === "LATEST" ? this.#stack.now() : undefined,
      positions: {},
    };
    await this.#restore(createdAt);
    // The point that a crash before the first interval goes on from.
    await this.#checkpoint();
    this.#reading = this.#read();
    const interval = this.#app.checkpointIntervalMs;
    if (interval !== undefined) this.#timer = setInterval(() => void this.#periodic(), interval);
    this.#app.log("INFO", `running: ${this.#settings.inputStreamName} to ${outputStreamName}`);
  }

  async #restore(createdAt: number): Promise<void> {
    const saved = await this.#saved();
    if (!saved) return;
    for (const turbine of saved.turbines) this.#turbines.restore(turbine);
    if (saved.state.streamCreatedAt === createdAt) this.#state = saved.state;
    else this.#app.log("WARN", `${this.#settings.inputStreamName} is a new stream: it is read from its beginning`);
  }

  async #saved(): Promise<Awaited<ReturnType<typeof readCheckpoint>> | undefined> {
    let { restore } = this.#app;
    if (restore.kind === "checkpoint") {
      for (const id of await checkpointIds(this.#app.folder)) {
        try {
          return await readCheckpoint(checkpointPath(this.#app.folder, id));
        } catch (error) {
          this.#app.log("WARN", `${(error as Error).message}: going on from the one before`);
        }
      }
      restore = restore.otherwise;
    }
    return restore.kind === "snapshot" ? readCheckpoint(restore.path) : undefined;
  }

  async #read(): Promise<void> {
    const { signal } = this.#stopReading;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const { createdAt } = await describeStream(this.#stack, this.#streamArn);
        if (createdAt !== this.#state.streamCreatedAt) {
          this.#app.log("WARN", `${this.#settings.inputStreamName} is a new stream: it is read from its beginning`);
          this.#state = { streamCreatedAt: createdAt, startAt: undefined, positions: {} };
        }
        const { startAt, positions } = this.#state;
        await readStream(
          {
            stack: this.#stack,
            streamArn: this.#streamArn,
            start: startAt === undefined ? { type: "TRIM_HORIZON" } : { type: "AT_TIMESTAMP", at: startAt },
            position: (shardId) => positions[shardId],
            signal,
          },
          (reader) => this.#shard(reader, positions),
        );
      } catch (error) {
        if (signal.aborted) return;
        this.#figures.restarts++;
        this.#app.log("ERROR", `reading ${this.#settings.inputStreamName}: ${(error as Error).message}`);
        await wait(Math.min(5000, 200 * 2 ** attempt), undefined, { signal }).catch(() => {});
      }
    }
  }

  async #shard(reader: ShardReader, positions: Record<string, ShardPosition>): Promise<void> {
    this.#readers.set(reader.shardId, reader);
    const { signal, range, shardId } = reader;
    const begun = positions[shardId];
    try {
      for (let records = await reader.read(READ_LIMIT); records; records = await reader.read(READ_LIMIT)) {
        let turn = performance.now();
        for (const { data, arrivedAt, sequenceNumber } of records) {
          const parts = userRecordsOf(data, range)?.map((part) => part.data) ?? [data];
          const from = begun?.sequenceNumber === sequenceNumber ? (begun.within ?? 0) : 0;
          for (let i = from; i < parts.length; i++) {
            if (this.#writer.full) await this.#writer.room();
            if (performance.now() - turn > WORK_MS) {
              await nextTurn();
              turn = performance.now();
            }
            if (signal.aborted) return;
            // No await from here to the position: a checkpoint sees all of a reading or nothing.
            this.#process(parts[i]!, arrivedAt, sequenceNumber);
            positions[shardId] = { sequenceNumber, within: i + 1 };
          }
          positions[shardId] = { sequenceNumber };
        }
      }
      if (!signal.aborted) positions[shardId] = { ...positions[shardId], done: true };
    } finally {
      this.#readers.delete(shardId);
    }
  }

  #process(data: Uint8Array, arrivedAt: number, sequenceNumber: string): void {
    this.#figures.recordsIn++;
    let reading: Reading;
    try {
      reading = parseReading(data, arrivedAt);
    } catch (error) {
      if (!(error instanceof MalformedReading)) throw error;
      this.#figures.rejected++;
      // The sequence number spreads bad records over the shards.
      for (const json of malformedJson(error.message, data)) this.#writer.add(sequenceNumber, json);
      return;
    }
    this.#writer.add(reading.turbineId, scoredJson(reading, this.#turbines.next(reading, this.#stack.now())));
  }

  async #periodic(): Promise<void> {
    this.#turbines.expire(this.#stack.now() - this.#settings.turbineExpiryMs);
    try {
      await this.#checkpoint();
    } catch (error) {
      this.#app.log("ERROR", `checkpoint: ${(error as Error).message}`);
    }
  }

  /** One at a time. Resolves when the checkpoint is on disk; undefined if the job was aborted before. */
  #checkpoint(): Promise<string | undefined> {
    const take = () => (this.#abort.signal.aborted ? undefined : this.#takeCheckpoint());
    const taken = this.#checkpointing.then(take, take);
    this.#checkpointing = taken;
    return taken;
  }

  async #takeCheckpoint(): Promise<string | undefined> {
    const at = this.#stack.now();
    const began = performance.now();
    const id = this.#nextId++;
    const path = checkpointPath(this.#app.folder, id);
    const writer = await CheckpointWriter.create(path);
    // From here to the first await is one moment: the positions, the detectors, and the output that goes with them.
    const state: JobState = { ...this.#state, positions: { ...this.#state.positions } };
    const flushed = this.#writer.flushed();
    let bytes: number;
    try {
      await this.#turbines.save((turbine) => writer.add(turbine), nextTurn);
      // A position counts only when what was scored up to it is acknowledged by the output stream.
      if (!(await flushed)) {
        await writer.abandon();
        return undefined;
      }
      bytes = await writer.commit(state);
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    this.#figures.lastCheckpoint = { id, at, durationMs: Math.round(performance.now() - began), bytes };
    for (const old of (await checkpointIds(this.#app.folder)).slice(KEPT)) {
      await rm(checkpointPath(this.#app.folder, old), { force: true });
    }
    return path;
  }

  async stop({ snapshot }: { snapshot?: string }): Promise<Snapshot | undefined> {
    if (snapshot === undefined) {
      await this.kill();
      return undefined;
    }
    this.#stopReading.abort();
    await this.#reading;
    let taken: Snapshot;
    try {
      taken = await this.snapshot(snapshot);
    } catch (error) {
      if (!this.#abort.signal.aborted) {
        this.#stopReading = new AbortController();
        this.#reading = this.#read();
      }
      throw error;
    }
    await this.kill();
    return taken;
  }

  async snapshot(path: string): Promise<Snapshot> {
    const checkpoint = await this.#checkpoint();
    if (checkpoint === undefined) throw new Error("the application was stopped before its snapshot was taken");
    await copyWhole(checkpoint, path);
    return { path, bytes: this.#figures.lastCheckpoint!.bytes };
  }

  /** Ends the run without a word: what isn't in a checkpoint comes again. */
  async kill(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopReading.abort();
    this.#abort.abort();
    await Promise.allSettled([this.#reading, this.#checkpointing]);
  }

  async status(): Promise<ApplicationStatus> {
    return {
      ...this.#figures,
      recordsOut: this.#writer.written,
      warmUp: this.#turbines.warmUp(),
      expiredTurbines: this.#turbines.expired,
      millisBehindLatest: Math.max(0, ...[...this.#readers.values()].map((reader) => reader.millisBehindLatest)),
    };
  }
}
