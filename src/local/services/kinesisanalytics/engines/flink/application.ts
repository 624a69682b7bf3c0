import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { FlinkBuild } from "../../../../../job/artifacts.ts";
import type { ApplicationStart, ApplicationStatus, Restore, RunningApplication, Snapshot } from "../engine.ts";
import { folderBytes, latestCheckpoint, pruneCheckpoints } from "./checkpoints.ts";
import { describe, FlinkProcess } from "./process.ts";
import { FlinkRest, type Job } from "./rest.ts";
import { flinkStatus } from "./status.ts";

const POLL_MS = 100;
/** A job that isn't up by then hangs on something. */
const START_MS = 90_000;
/** Failures of the job while it starts, after which it is given up. */
const MOST_START_FAILURES = 3;
/** Deaths in a row, each within STABLE_MS of its start, that end the application. */
const MOST_DEATHS = 5;
const STABLE_MS = 60_000;

/** One application on a Flink in a JVM of its own, started again from the newest checkpoint when it dies. */
export class FlinkApplication implements RunningApplication {
  readonly #application: ApplicationStart;
  readonly #launch: (args: string[]) => FlinkProcess;
  readonly #checkpoints: string;
  #process!: FlinkProcess;
  #rest!: FlinkRest;
  #up = false;
  #ending = false;
  /** Resolves when a restart under way has come to its end, good or bad. */
  #back: Promise<void> = Promise.resolve();
  #restarts = 0;
  #lastError: string | undefined;

  constructor(application: ApplicationStart, java: string, build: FlinkBuild, env: NodeJS.ProcessEnv) {
    this.#application = application;
    this.#checkpoints = join(application.folder, "flink", "checkpoints");
    this.#launch = (args) => new FlinkProcess(java, build, args, env, application.log);
  }

  async start(): Promise<void> {
    const { restore, folder, properties } = this.#application;
    mkdirSync(join(folder, "flink"), { recursive: true });
    writeFileSync(this.#propertiesFile, propertiesJson(properties));
    await this.#run(restore);
    void this.#watch();
  }

  get #propertiesFile(): string {
    return join(this.#application.folder, "flink", "application_properties.json");
  }

  /** The JVM's process. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** A JVM from this state, until its job runs. */
  async #run(restore: Restore): Promise<void> {
    const from = this.#statePath(restore);
    const { jarPath, folder, parallelism, checkpointIntervalMs = 0 } = this.#application;
    const process = this.#launch([
      ...["--jar", jarPath, "--properties", this.#propertiesFile, "--work", join(folder, "flink")],
      ...["--parallelism", String(parallelism), "--checkpoint-ms", String(checkpointIntervalMs)],
      ...(from ? ["--restore", from.path, "--allow-non-restored-state", String(from.allowNonRestoredState)] : []),
    ]);
    this.#process = process;
    try {
      const { rest, jobId } = await process.submitted;
      this.#rest = new FlinkRest(rest, jobId);
      await this.#untilRunning();
      this.#up = true;
    } catch (error) {
      await process.kill();
      throw error;
    }
  }

  #statePath(restore: Restore): { path: string; allowNonRestoredState: boolean } | undefined {
    if (restore.kind === "checkpoint") {
      const path = latestCheckpoint(this.#checkpoints);
      if (!path) return this.#statePath(restore.otherwise);
      pruneCheckpoints(this.#checkpoints, path);
      return { path, allowNonRestoredState: false };
    }
    pruneCheckpoints(this.#checkpoints);
    return restore.kind === "snapshot"
      ? { path: restore.path, allowNonRestoredState: restore.allowNonRestoredState ?? false }
      : undefined;
  }

  async #untilRunning(): Promise<void> {
    const late = Date.now() + START_MS;
    const ended = this.#process.exit.then((exit) => {
      throw new Error(describe(exit));
    });
    ended.catch(() => {});
    for (;;) {
      const [job, restarts] = await Promise.race([this.#progress(ended), ended]);
      if (job.state === "RUNNING" && job.vertices.every(({ status }) => status === "RUNNING")) return;
      if (Date.now() > late || restarts >= MOST_START_FAILURES)
        throw new Error(
          (await this.#rest.lastException()) ?? `the job is still ${job.state} after ${START_MS / 1000} s`,
        );
      await Promise.race([delay(POLL_MS), ended]);
    }
  }

  /** A JVM that dies drops its connections before its end is seen; its own error says more. */
  #progress(ended: Promise<never>): Promise<[Job, number]> {
    return Promise.all([this.#rest.job(), this.#rest.restarts()]).catch(async (error) => {
      await Promise.race([ended, delay(5_000, undefined, { ref: false })]);
      throw error;
    });
  }

  /** Sees the JVM end, and starts it again unless that was wanted. */
  async #watch(): Promise<void> {
    let deaths = 0;
    for (;;) {
      const since = Date.now();
      const exit = await this.#process.exit;
      this.#up = false;
      if (this.#ending) return;
      deaths = Date.now() - since > STABLE_MS ? 1 : deaths + 1;
      this.#lastError = `Flink died: ${describe(exit)}`;
      this.#application.log("ERROR", this.#lastError);
      if (deaths >= MOST_DEATHS) {
        this.#application.onCrash(new Error(`Flink died ${deaths} times in a row: ${describe(exit)}`));
        return;
      }
      this.#back = this.#startAgain(500 * 2 ** (deaths - 1));
      await this.#back;
      if (this.#ending && !this.#up) return;
    }
  }

  async #startAgain(afterMs: number): Promise<void> {
    const { log, restore } = this.#application;
    await delay(afterMs);
    if (this.#ending) return;
    this.#restarts++;
    const otherwise = restore.kind === "checkpoint" ? restore.otherwise : restore;
    try {
      await this.#run({ kind: "checkpoint", otherwise });
      log("WARN", `Flink was started again (${this.#restarts})`);
    } catch (error) {
      this.#lastError = `Flink did not start again: ${(error as Error).message}`;
      log("ERROR", this.#lastError);
    }
  }

  async snapshot(path: string): Promise<Snapshot> {
    return this.#savepoint(path, { stop: false });
  }

  async stop({ snapshot }: { snapshot?: string }): Promise<Snapshot | undefined> {
    if (!snapshot) {
      await this.kill();
      return undefined;
    }
    await this.#back;
    this.#ending = true;
    try {
      const taken = await this.#savepoint(snapshot, { stop: true });
      await this.#process.kill();
      return taken;
    } catch (error) {
      this.#ending = false;
      throw error;
    }
  }

  /** Ends it at once: what came since the last checkpoint is read again by the next run. */
  async kill(): Promise<void> {
    this.#ending = true;
    this.#up = false;
    await this.#process.kill();
  }

  async #savepoint(path: string, options: { stop: boolean }): Promise<Snapshot> {
    await this.#back;
    if (!this.#up) throw new Error("the application isn't running: no snapshot can be taken");
    const folder = `${path}.incomplete`;
    try {
      // Flink names the folder itself; a savepoint may be moved as a whole.
      renameSync(await this.#rest.savepoint(folder, options), path);
      return { path, bytes: folderBytes(path) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async status(): Promise<ApplicationStatus> {
    const died = { ...(this.#lastError !== undefined && { lastError: this.#lastError }) };
    if (!this.#up) return { recordsIn: 0, recordsOut: 0, restarts: this.#restarts, ...died };
    const status = await flinkStatus(this.#rest);
    return { ...died, ...status, restarts: status.restarts + this.#restarts };
  }
}

/** The file in which Managed Flink hands an application its property groups. */
function propertiesJson(groups: ApplicationStart["properties"]): string {
  return JSON.stringify(
    Object.entries(groups).map(([PropertyGroupId, PropertyMap]) => ({ PropertyGroupId, PropertyMap })),
  );
}
