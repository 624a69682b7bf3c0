import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A whole pipeline on an embedded stack of its own, set up by the commands as a user would. */
export interface BenchPipeline {
  endpoint: string;
  /** Runs a command on it; gives what it prints, throws where it fails. */
  windops(...args: string[]): string;
  /** Resident memory of the stack's process in MiB. */
  rss(): number;
  /** Processor time of the stack's process so far, in seconds. */
  cpu(): number;
  stop(): void;
}

/** The stack is a child, so that it ends with this process's group whatever happens. */
export async function startPipeline(engine: string, args: string[], setup: string[]): Promise<BenchPipeline> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const state = join(folder, "state");
  const env = { PATH: process.env.PATH, HOME: folder, WINDOPS_STATE_DIR: state, NODE_NO_WARNINGS: "1" };
  const run = (command: string[]) =>
    spawnSync(process.execPath, ["bin/windops.js", ...command], { env, encoding: "utf8" });
  const windops = (...command: string[]) => {
    const { status, stdout, stderr } = run(command);
    if (status !== 0) throw new Error(`windops ${command.join(" ")}: ${stderr}`);
    return stdout;
  };
  const main = ["dist/local/main.js", "--state-dir", state, "--engine", engine, ...args];
  const child = spawn(process.execPath, main, { env, stdio: ["ignore", "ignore", "inherit"] });
  const stop = () => {
    run(["local", "down"]);
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    while (run(["local", "status"]).status !== 0) {
      if (child.exitCode !== null) throw new Error("the stack did not start");
    }
    windops("setup", ...setup);
    const { endpoint } = JSON.parse(windops("local", "status", "--json"));
    return {
      endpoint,
      windops,
      rss: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) / 1024,
      cpu: () => {
        // Fields 14 and 15 (user, system), in hundredths of a second; the name before them may have spaces.
        const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
        return (Number(fields[11]) + Number(fields[12])) / 100;
      },
      stop,
    };
  } catch (error) {
    stop();
    throw error;
  }
}
