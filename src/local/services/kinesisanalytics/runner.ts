import { join } from "node:path";
import type { Stack } from "../../service.ts";
import { LogStream } from "../lambda/logs.ts";
import { codePath, sweepCopies } from "./code.ts";
import type {
  ApplicationStart,
  ApplicationStatus,
  Engine,
  EngineName,
  Restore,
  RunningApplication,
  Snapshot,
} from "./engines/engine.ts";
import { engines } from "./engines/engines.ts";
import type { Application } from "./model.ts";

/** Milliseconds before a crashed application is started again, doubling up to the second. */
const RESTART_MS = [500, 30_000] as const;

/** Runs applications in the stack's engine and starts those again that crash, from their last checkpoint. */
export class Runner {
  #stack: Stack;
  #engine: Promise<Engine> | undefined;
  #runs = new Map<string, Run>();

  constructor(stack: Stack) {
    this.#stack = stack;
    sweepCopies(stack);
  }

  get engineName(): EngineName {
    return this.#stack.engine;
  }

  folder(app: Application): string {
    return join(this.#stack.folder("kinesisanalytics"), `${app.region}-${app.name}-${app.createdAt}`);
  }

  /** Checkpoints of one run. */
  runFolder(app: Application, id: string): string {
    return join(this.folder(app), "runs", id);
  }

  #load(): Promise<Engine> {
    const load = engines[this.#stack.engine];
    if (!load) throw new Error(`This installation has no ${this.#stack.engine} engine.`);
    this.#engine ??= load().then((create) => create(this.#stack));
    return this.#engine;
  }

  /** Resolves when records flow; rejects with why the engine could not. */
  async start(key: string, app: Application, restore: Restore): Promise<void> {
    const run = new Run(this.#stack, await this.#load(), app, this.folder(app));
    await run.start(restore);
    this.#runs.set(key, run);
  }

  async stop(key: string, snapshot?: string): Promise<Snapshot | undefined> {
    const run = this.#runs.get(key);
    if (!run && snapshot !== undefined) throw new Error("the application isn't running yet: stop it with Force");
    const result = await run?.stop(snapshot);
    this.#runs.delete(key);
    return result;
  }

  snapshot(key: string, path: string): Promise<Snapshot> {
    const run = this.#runs.get(key);
    if (!run) throw new Error("the application isn't running");
    return run.snapshot(path);
  }

  async status(key: string): Promise<ApplicationStatus | undefined> {
    return this.#runs.get(key)?.status();
  }

  async close(): Promise<void> {
    for (const run of this.#runs.values()) run.end();
    await (await this.#engine)?.close();
  }
}

/** One application from its start to its stop, across crashes. */
class Run {
  #stack: Stack;
  #engine: Engine;
  #app: Application;
  #folder: string;
  #logs: LogStream[];
  #running: RunningApplication | undefined;
  #restarts = 0;
  #restarting: NodeJS.Timeout | undefined;
  #ended = false;
  #lastError: string | undefined;

  constructor(stack: Stack, engine: Engine, app: Application, folder: string) {
    this.#stack = stack;
    this.#engine = engine;
    this.#app = app;
    this.#folder = folder;
    this.#logs = app.configuration.logging.flatMap(({ LogStreamARN }) => {
      const at = /^arn:[^:]*:logs:([^:]+):\d+:log-group:([^:]+):log-stream:(.+)$/.exec(LogStreamARN);
      return at ? [new LogStream(stack, at[1]!, at[2]!, at[3]!)] : [];
    });
  }

  async start(restore: Restore): Promise<void> {
    const { name, arn, region, configuration } = this.#app;
    const { checkpoint, parallelism, code, propertyGroups } = configuration;
    const application: ApplicationStart = {
      name,
      arn,
      region,
      properties: Object.fromEntries(propertyGroups.map((group) => [group.PropertyGroupId, group.PropertyMap])),
      parallelism: parallelism.Parallelism,
      jarPath: codePath(this.#folder, code.sha256),
      jarSha256: code.sha256,
      checkpointIntervalMs: checkpoint.CheckpointingEnabled ? checkpoint.CheckpointInterval : undefined,
      restore,
      folder: join(this.#folder, "runs", this.#app.active!.id),
      log: (level, message) => this.#log(level, message),
      onCrash: (error) => this.#crashed(error, restore),
    };
    this.#running = await this.#engine.start(application);
  }

  #log(messageType: string, message: string): void {
    const line = JSON.stringify({
      applicationARN: this.#app.arn,
      applicationVersionId: String(this.#app.version),
      message,
      messageSchemaVersion: "1",
      messageType,
    });
    for (const log of this.#logs) log.write(line);
    if (messageType !== "INFO") this.#stack.log(`application ${this.#app.name}: ${message}`);
  }

  #crashed(error: Error, restore: Restore): void {
    if (this.#ended) return;
    this.#running = undefined;
    this.#lastError = error.message;
    this.#log("ERROR", error.message);
    const again = restore.kind === "checkpoint" ? restore : ({ kind: "checkpoint", otherwise: restore } as const);
    const delay = Math.min(RESTART_MS[1], RESTART_MS[0] * 2 ** Math.min(this.#restarts, 10));
    this.#restarting = setTimeout(() => {
      this.#restarts++;
      this.start(again).catch((failure) => this.#crashed(failure, again));
    }, delay);
  }

  async stop(path: string | undefined): Promise<Snapshot | undefined> {
    clearTimeout(this.#restarting);
    if (path !== undefined && !this.#running) {
      throw new Error(`the application is restarting after a crash: ${this.#lastError}`);
    }
    const snapshot = await this.#running?.stop({ snapshot: path });
    this.end();
    await Promise.all(this.#logs.map((log) => log.flush()));
    return snapshot;
  }

  snapshot(path: string): Promise<Snapshot> {
    if (!this.#running) throw new Error(`the application is restarting after a crash: ${this.#lastError}`);
    return this.#running.snapshot(path);
  }

  async status(): Promise<ApplicationStatus> {
    const status = (await this.#running?.status()) ?? { recordsIn: 0, recordsOut: 0, restarts: 0 };
    return {
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      ...status,
      restarts: status.restarts + this.#restarts,
    };
  }

  /** No more restarts. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#restarting);
  }
}
