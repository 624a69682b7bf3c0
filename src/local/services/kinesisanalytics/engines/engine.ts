/** The property groups of an application (`EnvironmentProperties`), by PropertyGroupId. */
export type Properties = Record<string, Record<string, string>>;

/**
 * Where an application's state begins.
 * - `fresh`: without state; what older runs left in the folder is dropped.
 * - `snapshot`: from a snapshot that this engine wrote at `path`.
 * - `checkpoint`: goes on from the newest whole checkpoint in the folder, after the stack or the engine died; `otherwise`
 *   if there is none yet.
 */
export type Restore =
  | { kind: "fresh" }
  | { kind: "snapshot"; path: string; allowNonRestoredState?: boolean }
  | { kind: "checkpoint"; otherwise: Exclude<Restore, { kind: "checkpoint" }> };

/** What an engine is told of the application that it runs. */
export interface ApplicationStart {
  name: string;
  arn: string;
  region: string;
  properties: Properties;
  /** Parallel subtasks (`ParallelismConfiguration.Parallelism`). */
  parallelism: number;
  /** The uploaded code, a local file that doesn't change while the application runs. */
  jarPath: string;
  /** Hex. */
  jarSha256: string;
  /** Milliseconds between checkpoints, or undefined where checkpointing is off. */
  checkpointIntervalMs: number | undefined;
  restore: Restore;
  /** The application's own folder: the engine's checkpoints, and whatever else it keeps between runs. */
  folder: string;
  /** A line in the application's log stream. */
  log(level: "INFO" | "WARN" | "ERROR", message: string): void;
  /** The application died for good, beyond the engine's own restarts: it is no longer running. */
  onCrash(error: Error): void;
}

/** One turbine's forest, 0 to 1: how much of the warm-up is done. */
export type WarmUp = Record<string, number>;

/** The figures of a running application; what the engine can't know is undefined. */
export interface ApplicationStatus {
  /** By turbine. */
  warmUp?: WarmUp;
  /** Readings that belong to no turbine's forest any more because it was silent for long. */
  expiredTurbines?: number;
  /** Records since the start of this run. */
  recordsIn: number;
  recordsOut: number;
  /** Records that could not be scored and went on as `{"error","raw"}`. */
  rejected?: number;
  /** How far the reading is behind the tip of the input stream. */
  millisBehindLatest?: number;
  lastCheckpoint?: { id: number; at: number; durationMs: number; bytes: number };
  /** Since the application was started. */
  restarts: number;
  /** What the last of them was for. */
  lastError?: string;
}

/** A snapshot that the engine wrote; `path` (a file or folder) is what `Restore` takes. */
export interface Snapshot {
  path: string;
  bytes: number;
}

export interface RunningApplication {
  /**
   * Ends the run. With `snapshot` (a path that doesn't exist yet) the engine drains, writes a snapshot there and answers
   * with it; without it the run ends at once. Rejects if the snapshot failed: the application then goes on running.
   */
  stop(options: { snapshot?: string }): Promise<Snapshot | undefined>;
  /** Writes a snapshot at `path`, which doesn't exist yet, and goes on running. */
  snapshot(path: string): Promise<Snapshot>;
  status(): Promise<ApplicationStatus>;
}

/** Runs Flink applications for the embedded stack's Kinesis Analytics. */
export interface Engine {
  readonly name: EngineName;
  /**
   * Resolves when records flow. Rejects with an error whose message the user can act on (a missing stream, a jar that
   * isn't one, no Java): it becomes the application's failed operation.
   */
  start(application: ApplicationStart): Promise<RunningApplication>;
  /** The stack ends: ends every run as a power cut would, so that the next stack goes on from the checkpoints. */
  close(): Promise<void>;
}

export type EngineName = "embedded" | "flink";
