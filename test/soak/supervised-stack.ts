import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { ChaosFile } from "../../src/local/chaos.ts";
import { type LaunchedStack, launchStack } from "../../src/local/process/launch.ts";
import { Machine } from "../e2e/windops.ts";

export interface StackOptions {
  engine: "embedded" | "flink";
  seed: number;
  /** A file system of its own for the state folder, so that its disk can be filled: needs root on Linux. */
  ownDisk: boolean;
  /** Where `windops build` put Flink, if not in the project's own folder. */
  flinkDir?: string;
}

const DISK_MEGABYTES = 320;
const faults = pathToFileURL(resolve(import.meta.dirname, "../../test/soak/faults.mjs")).href;

/** The embedded stack as a process under a supervisor that starts it again whenever it has gone. */
export class SupervisedStack {
  readonly machine = new Machine();
  readonly #options: StackOptions;
  readonly #control = { clockMs: 0, diskFull: false };
  readonly disk: "tmpfs" | "injected";
  #stack: LaunchedStack | undefined;
  #chaos: ChaosFile | undefined;
  #generation = 0;
  #supervising = true;
  #expected = new Set<number>();
  #watch: Promise<void> | undefined;
  #hits = 0;
  #hitsOfThis = 0;
  /** Deaths that nobody had a hand in. */
  readonly ownDeaths: string[] = [];
  restarts = 0;

  constructor(options: StackOptions) {
    this.#options = options;
    if (options.flinkDir) this.machine.env.WINDOPS_FLINK_DIR = options.flinkDir;
    this.disk = options.ownDisk && this.#mount() ? "tmpfs" : "injected";
    this.#writeControl();
  }

  get stateDir(): string {
    return join(this.machine.home, "state");
  }

  get endpoint(): string {
    if (!this.#stack) throw new Error("the stack is down");
    return this.#stack.endpoint;
  }

  /** Calls that the stack failed or dropped on purpose. */
  get chaosHits(): number {
    return this.#hits + this.#hitsOfThis;
  }

  /** What a function's process needs in its environment for the same clock as the stack's. */
  get faultEnvironment(): Record<string, string> {
    return { NODE_OPTIONS: `--import=${faults}`, WINDOPS_SOAK_CONTROL: this.#controlFile };
  }

  get #controlFile(): string {
    return join(this.machine.home, "control.json");
  }

  async start(): Promise<void> {
    await mkdir(this.stateDir, { recursive: true });
    await this.#launch();
    this.#watch = this.#supervise();
  }

  /** From the next start on these faults are played on the wire. */
  async playChaos(chaos: ChaosFile | undefined): Promise<void> {
    this.#chaos = chaos;
    await this.restart("SIGTERM");
  }

  /** Ends the process and resolves when the supervisor has it up again. */
  async restart(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const { pid } = this.#stack!;
    this.#expected.add(pid);
    process.kill(pid, signal);
    while (this.#stack?.pid === pid || this.#stack === undefined) await sleep(20);
  }

  /** Kills a process of a function that has an invocation in hand; false where none has. */
  async killBusy(name: string): Promise<boolean> {
    const answer = await fetch(`${this.endpoint}/_windops/functions`);
    const functions = (await answer.json()) as Record<string, { pid: number; busy: boolean }[]>;
    const [, processes = []] = Object.entries(functions).find(([key]) => key.endsWith(`/${name}`)) ?? [];
    const busy = processes.find((process) => process.busy);
    return busy !== undefined && kill(busy.pid);
  }

  killJvm(): boolean {
    const pid = children(this.#stack?.pid).find((child) => /\/java$/.test(executable(child)));
    return pid !== undefined && kill(pid);
  }

  stepClock(milliseconds: number): void {
    this.#control.clockMs += milliseconds;
    this.#writeControl();
  }

  async fillDisk(milliseconds: number): Promise<void> {
    if (this.disk === "injected") {
      this.#control.diskFull = true;
      this.#writeControl();
      await sleep(milliseconds);
      this.#control.diskFull = false;
      this.#writeControl();
      return;
    }
    const ballast = join(this.stateDir, "ballast");
    // What is freed meanwhile is taken too.
    for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(50)) {
      for (const size of [1 << 20, 1 << 12]) {
        const block = Buffer.alloc(size);
        try {
          for (;;) writeFileSync(ballast, block, { flag: "a" });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        }
      }
    }
    rmSync(ballast, { force: true });
  }

  async close(options: { keep: boolean }): Promise<void> {
    this.#supervising = false;
    await this.#watch;
    await this.machine.run("local", "down");
    if (options.keep) return;
    if (this.disk === "tmpfs") execFileSync("umount", [this.stateDir], { stdio: "ignore" });
    await this.machine.close();
  }

  async #launch(): Promise<void> {
    const { engine, seed } = this.#options;
    const chaosFile = join(this.machine.home, "chaos.json");
    // Other faults after each start: the same ones would always hit the same first calls.
    if (this.#chaos) writeFileSync(chaosFile, JSON.stringify({ ...this.#chaos, seed: seed * 1000 + this.#generation }));
    this.#hits += this.#hitsOfThis;
    this.#hitsOfThis = 0;
    this.#stack = await launchStack({
      env: { ...this.machine.env, ...this.faultEnvironment },
      stateDir: this.stateDir,
      // The functions and the producer know the first one's port.
      port: this.#stack?.port ?? this.#port ?? 0,
      engine,
      seed: seed * 1000 + this.#generation++,
      ...(this.#chaos && { chaos: chaosFile }),
    });
    this.#port = this.#stack.port;
  }

  #port: number | undefined;

  async #supervise(): Promise<void> {
    for (; this.#supervising; await sleep(50)) {
      const { pid, endpoint } = this.#stack!;
      if (alive(pid)) {
        await this.#countHits(endpoint);
        continue;
      }
      if (!this.#expected.has(pid)) this.ownDeaths.push(`pid ${pid}: ${lastLines(join(this.stateDir, "stack.log"))}`);
      this.#stack = undefined;
      this.restarts++;
      while (this.#supervising && !this.#stack) {
        // A full disk lets nothing start: a supervisor tries again.
        await this.#launch().catch(() => sleep(300));
      }
    }
  }

  async #countHits(endpoint: string): Promise<void> {
    if (!this.#chaos) return;
    const answer = await fetch(`${endpoint}/_windops/chaos`, { signal: AbortSignal.timeout(500) }).catch(
      () => undefined,
    );
    const hits = ((await answer?.json().catch(() => undefined)) as { hits: number } | undefined)?.hits;
    if (hits !== undefined) this.#hitsOfThis = Math.max(this.#hitsOfThis, hits);
  }

  #writeControl(): void {
    writeFileSync(this.#controlFile, JSON.stringify(this.#control));
  }

  #mount(): boolean {
    try {
      execFileSync("mkdir", ["-p", this.stateDir]);
      const size = `size=${DISK_MEGABYTES}m`;
      execFileSync("mount", ["-t", "tmpfs", "-o", size, "windops-soak", this.stateDir], { stdio: "ignore" });
      return statfsSync(this.stateDir).blocks > 0;
    } catch {
      return false;
    }
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(proc(pid, "status"));
  } catch {
    return false;
  }
}

const proc = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
};

/** Linux: processes whose parent is `pid`, directly or not. */
function children(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? /^PPid:\s+(\d+)/m.exec(proc(Number(name), "status"))?.[1] : undefined;
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found = new Set([pid]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [child, parent] of parents) if (found.has(parent)) found.add(child);
  }
  found.delete(pid);
  return [...found];
}

function executable(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, "utf8").trim().split("\n").slice(-5).join(" | ");
  } catch {
    return "no log";
  }
}
