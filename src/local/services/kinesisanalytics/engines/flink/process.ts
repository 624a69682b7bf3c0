import { type ChildProcess, spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { FlinkBuild } from "../../../../../job/artifacts.ts";
import type { ApplicationStart } from "../engine.ts";

/** What Flink reaches into on Java 17, as its own start scripts open it. */
const OPENS = [
  "java.base/java.lang",
  "java.base/java.lang.reflect",
  "java.base/java.io",
  "java.base/java.net",
  "java.base/java.nio",
  "java.base/java.text",
  "java.base/java.time",
  "java.base/java.util",
  "java.base/java.util.concurrent",
  "java.base/java.util.concurrent.atomic",
  "java.base/java.util.concurrent.locks",
  "java.base/sun.nio.ch",
].map((name) => `--add-opens=${name}=ALL-UNNAMED`);

const FINISHED_MS = 5_000;
const LOG_LINE = /^(TRACE|DEBUG|INFO|WARN|ERROR|FATAL) (.*)$/;

/** How a JVM ended. `error` is the job's own; without one it finished, or died (`code`, `signal`). */
export interface Exit {
  error: string | undefined;
  finished: boolean;
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Submitted {
  rest: string;
  jobId: string;
}

/** A JVM with a Flink of its own that runs one application. */
export class FlinkProcess {
  /** Rejects with the application's own error if it ends before. */
  readonly submitted: Promise<Submitted>;
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;

  constructor(java: string, build: FlinkBuild, args: string[], env: NodeJS.ProcessEnv, log: ApplicationStart["log"]) {
    const classpath = [build.launcher, join(build.runtime, "*")].join(delimiter);
    const child = spawn(java, [...OPENS, "-cp", classpath, "io.windops.launcher.LocalFlink", ...args], {
      env,
      // The JVM ends when this pipe does: it doesn't outlive the stack, however the stack ends.
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    child.stdin?.on("error", () => {});
    let ended: { error: string | null } | undefined;
    let submit: (submitted: Submitted) => void = () => {};
    const submitting = new Promise<Submitted>((resolve) => {
      submit = resolve;
    });
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const event = launcherEvent(line);
      if (event?.event === "submitted") submit({ rest: event.rest, jobId: event.jobId });
      else if (event?.event === "ended") {
        ended = { error: event.error };
        // A finished job's JVM stays for who stopped it and has yet to ask for the savepoint.
        if (event.error === null) setTimeout(() => child.stdin?.end(), FINISHED_MS).unref();
      } else if (line) log("INFO", line);
    });
    createInterface({ input: child.stderr! }).on("line", (line) => {
      const match = LOG_LINE.exec(line);
      const level = match?.[1];
      log(level === "ERROR" || level === "FATAL" ? "ERROR" : level === "WARN" ? "WARN" : "INFO", match?.[2] ?? line);
    });
    this.exit = new Promise((resolve) => {
      child.on("error", (error) => resolve({ error: error.message, finished: false, code: null, signal: null }));
      child.on("close", (code, signal) =>
        resolve({ error: ended?.error ?? undefined, finished: ended?.error === null, code, signal }),
      );
    });
    this.submitted = Promise.race([
      submitting,
      this.exit.then((exit) => {
        throw new Error(describe(exit));
      }),
    ]);
    this.submitted.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the JVM as a power cut would, and waits for that. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exit;
  }
}

/** The cause of an end, for a log. */
export function describe(exit: Exit): string {
  if (exit.error) return exit.error;
  if (exit.finished) return "the application finished by itself";
  return exit.signal ? `the JVM was killed by ${exit.signal}` : `the JVM ended with code ${exit.code}`;
}

type LauncherEvent =
  | { event: "submitted"; rest: string; jobId: string }
  | { event: "ended"; error: string | null }
  | undefined;

function launcherEvent(line: string): LauncherEvent {
  if (!line.startsWith('{"event":')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
