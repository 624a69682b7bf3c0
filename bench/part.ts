import { spawn } from "node:child_process";

export interface PartRun {
  output: string;
  /** Why what it printed isn't all of it. */
  failure?: string;
}

/** Runs one part of the benchmark in a process of its own; when its time is up it ends, with every process that it started. */
export async function runPart(args: string[], seconds: number): Promise<PartRun> {
  // A group of its own, so that the servers it measures end with it.
  const child = spawn(process.execPath, ["scripts/ts.mjs", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const end = () => {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      // Gone already.
    }
  };
  const interrupted = () => {
    end();
    process.exit(130);
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  let output = "";
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end();
  }, seconds * 1000);
  child.stdout.on("data", (data) => {
    output += data;
    process.stdout.write(String(data).replace(/FIGURE .*\n/g, ""));
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on("close", (...how) => resolve(how));
  });
  clearTimeout(timer);
  end();
  process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  if (late) return { output, failure: `not done in ${seconds} s` };
  return code === 0
    ? { output }
    : { output, failure: signal ? `ended by ${signal}` : `exit code ${code}, see what it printed` };
}
