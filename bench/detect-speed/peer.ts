import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { createInterface, type Interface } from "node:readline";

const pinning = spawnSync("taskset", ["--version"]).status === 0;

/** A process that does rounds of work when told, on one core where the system can pin it. */
export class Peer {
  readonly #process: ChildProcess;
  readonly #lines: Interface;

  constructor(command: string, args: string[], core: number) {
    const all = pinning ? ["taskset", "-c", String(core), command, ...args] : [command, ...args];
    this.#process = spawn(all[0]!, all.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout! });
  }

  /** Sends a line; resolves to the number that comes back. */
  ask(line: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error(`benchmark peer ended at "${line}"`));
      this.#process.once("exit", ended);
      this.#lines.once("line", (answer) => {
        this.#process.off("exit", ended);
        resolve(Number(answer));
      });
      this.#process.stdin!.write(`${line}\n`);
    });
  }

  end(): void {
    this.#process.stdin!.end();
  }
}

/** Compiles bench/java; returns the class path. */
export function buildJava(): string {
  const folder = join("bench", "java");
  execFileSync("mvn", ["-q", "-B", "compile", "dependency:copy-dependencies"], { cwd: folder, stdio: "inherit" });
  return [join(folder, "target", "classes"), join(folder, "target", "dependency", "*")].join(delimiter);
}
