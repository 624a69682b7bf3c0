import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { partitionOf } from "../../../aws/partition.ts";
import type { Stack, Store } from "../../service.ts";
import type { Restore } from "./engines/engine.ts";
import {
  type Application,
  type ApplicationState,
  type Beginning,
  noSuch,
  type OperationRecord,
  type SnapshotRecord,
} from "./model.ts";
import type { Runner } from "./runner.ts";

/** Milliseconds that a change takes at least: long enough for a client to meet the state in between. */
const SETTLE_MS = 50;

/** The applications with their operations and snapshots, and the changes between their states. */
export class Lifecycle {
  readonly applications: Store<Application>;
  readonly snapshots: Store<SnapshotRecord>;
  readonly operations: Store<OperationRecord>;
  readonly runner: Runner;
  #stack: Stack;
  #changes = new Map<string, Promise<void>>();
  #closed = false;

  constructor(stack: Stack, runner: Runner) {
    this.#stack = stack;
    this.runner = runner;
    this.applications = stack.store("kinesisanalytics-applications");
    this.snapshots = stack.store("kinesisanalytics-snapshots");
    this.operations = stack.store("kinesisanalytics-operations");
  }

  get(name: unknown, region: string): Application {
    const app = this.applications.get(`${region}/${String(name)}`);
    if (!app)
      throw noSuch(
        `Application arn:${partitionOf(region)}:kinesisanalytics:${region}:${this.#stack.account}:application/${name} not found`,
      );
    return app;
  }

  put(app: Application): Application {
    this.applications.put(keyOf(app), app);
    return app;
  }

  /** Takes up what an earlier process was in the middle of: what ran goes on from its last checkpoint. */
  resume(): void {
    for (const [key, snapshot] of this.snapshots.entries()) {
      if (snapshot.state === "CREATING") this.snapshots.put(key, { ...snapshot, state: "FAILED" });
    }
    for (const [, app] of this.applications.entries()) {
      if (app.state === "DELETING") this.#change(app, () => this.#remove(app));
      else if (app.active) {
        const stopping = app.state === "STOPPING";
        const [again, restore] = this.#goOn(app, app.active);
        this.#change(again, async () => {
          await this.#relaunch(again, restore);
          if (stopping) await this.#halt(again, false);
        });
      } else if (app.state !== "READY") this.#change(app, async () => this.#settle(app, "READY"));
    }
  }

  /** The run goes on from its checkpoint; under another engine, which can't read that, from a snapshot of its own or anew. */
  #goOn(app: Application, active: NonNullable<Application["active"]>): [Application, Restore] {
    if (active.engine === this.runner.engineName) return [app, { kind: "checkpoint", otherwise: active.restore }];
    const latest = this.latestSnapshot(app);
    const restore: Beginning = latest ? { kind: "snapshot", path: latest.path } : { kind: "fresh" };
    this.#stack.log(
      `application ${app.name} ran on engine ${active.engine}: ${latest ? "from a snapshot" : "begins anew"}`,
    );
    return [this.put({ ...app, active: this.#run(restore) }), restore];
  }

  #run(restore: Beginning): NonNullable<Application["active"]> {
    return { id: randomUUID(), engine: this.runner.engineName, restore };
  }

  /** Begins an operation: its state at once, its work in the background. Answers its id. */
  begin(
    app: Application,
    operation: string,
    state: ApplicationState,
    work: (app: Application) => Promise<void>,
  ): string {
    const id = randomUUID();
    this.operations.put(id, {
      id,
      application: keyOf(app),
      operation,
      status: "IN_PROGRESS",
      startedAt: this.#stack.now(),
      versionFrom: app.updatedFrom,
      versionTo: app.updatedFrom === undefined ? undefined : app.version,
    });
    const next = this.put({ ...app, state, operationId: id });
    this.#change(next, () => work(next));
    return id;
  }

  start(app: Application, restore: Beginning): string {
    const next = { ...app, active: this.#run(restore) };
    return this.begin(next, "StartApplication", "STARTING", () => this.#launch(next, restore));
  }

  stop(app: Application, force: boolean): string {
    // At once: what is in hand may be a snapshot that can't be taken.
    if (force)
      void this.runner.stop(keyOf(app)).catch((error) => this.#stack.log(`application ${app.name}: ${error.message}`));
    return this.begin(app, "StopApplication", "STOPPING", () => this.#halt(app, force));
  }

  /** A new version: what runs is stopped with a snapshot and started from it with the new configuration. */
  update(app: Application, running: boolean): string {
    return this.begin(app, "UpdateApplication", "UPDATING", async () => {
      if (!running) return this.#settle(app, "READY");
      let snapshot: SnapshotRecord | undefined;
      try {
        snapshot = await this.#takeAndStop(app);
      } catch (error) {
        if (!this.#closed) this.#settle(app, "RUNNING");
        throw error;
      }
      const restore = snapshot ? ({ kind: "snapshot", path: snapshot.path } as const) : ({ kind: "fresh" } as const);
      await this.#launch(this.put({ ...this.#current(app), active: this.#run(restore) }), restore);
    });
  }

  delete(app: Application): string {
    return this.begin(app, "DeleteApplication", "DELETING", () => this.#remove(app));
  }

  async snapshot(app: Application, name: string): Promise<SnapshotRecord> {
    const record: SnapshotRecord = {
      name,
      application: keyOf(app),
      state: "CREATING",
      createdAt: this.#stack.now(),
      version: app.version,
      runtime: app.configuration.runtime,
      engine: this.runner.engineName,
      path: join(this.runner.folder(app), "snapshots", `${randomUUID()}`),
    };
    await mkdir(dirname(record.path), { recursive: true });
    this.snapshots.put(`${record.application}/${name}`, record);
    return record;
  }

  /** The newest snapshot that this engine can read. */
  latestSnapshot(app: Application): SnapshotRecord | undefined {
    return this.snapshotsOf(app).find(({ state, engine }) => state === "READY" && engine === this.runner.engineName);
  }

  /** Newest first. */
  snapshotsOf(app: Application): SnapshotRecord[] {
    return [...this.snapshots.entries()]
      .map(([, snapshot]) => snapshot)
      .filter(({ application }) => application === keyOf(app))
      .sort((a, b) => b.createdAt - a.createdAt);
  }

  async finishSnapshot(record: SnapshotRecord, work: Promise<unknown>): Promise<void> {
    const key = `${record.application}/${record.name}`;
    try {
      await work;
      if (this.snapshots.get(key)) this.snapshots.put(key, { ...record, state: "READY" });
    } catch (error) {
      rmSync(record.path, { recursive: true, force: true });
      if (!this.#closed) this.snapshots.put(key, { ...record, state: "FAILED" });
      throw error;
    }
  }

  async #launch(app: Application, restore: Restore): Promise<void> {
    try {
      await this.runner.start(keyOf(app), app, restore);
    } catch (error) {
      // It never ran: there is nothing to go on from.
      if (!this.#closed) this.#ended(app);
      throw error;
    }
    await this.#pause();
    this.#settle(app, "RUNNING");
  }

  /** What ran when the stack ended runs again, however long that takes (a full disk, a stream that is gone). */
  async #relaunch(app: Application, restore: Restore): Promise<void> {
    const { signal } = this.#stack;
    // Another operation has taken over: a forced stop, a deletion.
    const over = () => this.#closed || this.#current(app).operationId !== app.operationId;
    for (let attempt = 0; !over(); attempt++) {
      try {
        await this.runner.start(keyOf(app), app, restore);
        return this.#settle(app, "RUNNING");
      } catch (error) {
        if (attempt === 0) this.#stack.log(`application ${app.name} can't go on yet: ${(error as Error).message}`);
        await wait(Math.min(1000, 100 * 2 ** attempt), undefined, { signal }).catch(() => {});
      }
    }
  }

  async #halt(app: Application, force: boolean): Promise<void> {
    try {
      if (force || !app.configuration.snapshotsEnabled) await this.runner.stop(keyOf(app));
      else await this.#takeAndStop(app);
    } catch (error) {
      if (!this.#closed) this.#settle(app, "RUNNING");
      throw error;
    }
    await this.#pause();
    this.#ended(app);
  }

  #ended(app: Application): void {
    const { active, ...rest } = this.#current(app);
    this.#settle(this.put(rest), "READY");
    if (active) rmSync(this.runner.runFolder(app, active.id), { recursive: true, force: true });
  }

  /** Stops with a snapshot of the service's own naming, if they are enabled. */
  async #takeAndStop(app: Application): Promise<SnapshotRecord | undefined> {
    if (!app.configuration.snapshotsEnabled) {
      await this.runner.stop(keyOf(app));
      return undefined;
    }
    const record = await this.snapshot(app, randomUUID().replaceAll("-", "").slice(0, 24));
    await this.finishSnapshot(record, this.runner.stop(keyOf(app), record.path));
    return record;
  }

  async #remove(app: Application): Promise<void> {
    await this.runner.stop(keyOf(app));
    await this.#pause();
    for (const [key, { application }] of [...this.snapshots.entries()])
      if (application === keyOf(app)) this.snapshots.delete(key);
    for (const [key, { application }] of [...this.operations.entries()])
      if (application === keyOf(app)) this.operations.delete(key);
    rmSync(this.runner.folder(app), { recursive: true, force: true });
    this.applications.delete(keyOf(app));
  }

  #current(app: Application): Application {
    return this.applications.get(keyOf(app)) ?? app;
  }

  #settle(app: Application, state: ApplicationState): void {
    const { operationId: _, ...rest } = this.#current(app);
    if (rest.createdAt === app.createdAt) this.put({ ...rest, state, updatedAt: this.#stack.now() });
  }

  /** One change at a time for an application; its operation ends as the change does. */
  #change(app: Application, work: () => Promise<void>): void {
    const key = keyOf(app);
    const operation = () => this.operations.get(app.operationId ?? "");
    const end = (status: OperationRecord["status"], error?: string) => {
      const record = operation();
      if (record && !this.#closed)
        this.operations.put(record.id, { ...record, status, error, endedAt: this.#stack.now() });
    };
    const change = (this.#changes.get(key) ?? Promise.resolve())
      .then(() => (this.#closed ? undefined : this.#pause()))
      .then(() => (this.#closed ? undefined : work()))
      .then(
        () => end("SUCCESSFUL"),
        (error: Error) => {
          end("FAILED", error.message);
          if (!this.#closed) this.#stack.log(`application ${app.name}: ${error.message}`);
        },
      );
    this.#changes.set(key, change);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.runner.close();
    await Promise.all(this.#changes.values());
  }
}

export const keyOf = (app: Application): string => `${app.region}/${app.name}`;
