import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";

const root = resolve(import.meta.dirname, "../..");
const program = join(root, "bin/windops.js");

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A machine of its own for commands: home, working directory and state folder are empty, no AWS settings. */
export class Machine {
  readonly home = mkdtempSync(join(tmpdir(), "windops-e2e-"));
  readonly env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: this.home,
    TMPDIR: this.home,
    WINDOPS_STATE_DIR: join(this.home, "state"),
    NODE_NO_WARNINGS: "1",
  };

  start(...args: string[]): ChildProcessByStdio<Writable, Readable, Readable> {
    return spawn(process.execPath, [program, ...args], { cwd: this.home, env: this.env, stdio: "pipe" });
  }

  /** The same on a terminal of 120 columns; what it shows is on `stdout`, "\x03" on `stdin` is Ctrl-C. By util-linux's script. */
  terminal(...args: string[]): ChildProcessByStdio<Writable, Readable, Readable> {
    const command = `stty cols 120 rows 40; exec '${process.execPath}' '${program}' ${args.join(" ")}`;
    const options = { cwd: this.home, env: { ...this.env, TERM: "xterm", SHELL: "/bin/sh" }, stdio: "pipe" } as const;
    return spawn("script", ["-qefc", command, "/dev/null"], options);
  }

  async run(...args: string[]): Promise<Finished> {
    return finished(this.start(...args));
  }

  /** Runs a command that has to succeed and prints one JSON document. */
  async json<T = any>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, "--json");
    if (code !== 0) throw new Error(`windops ${args.join(" ")} ended with ${code}: ${stdout}${stderr}`);
    return JSON.parse(stdout);
  }

  /** Of the running stack. */
  async endpoint(): Promise<string> {
    return (await this.json<{ endpoint: string }>("local", "status")).endpoint;
  }

  async close(): Promise<void> {
    await this.run("local", "down");
    rmSync(this.home, { recursive: true, force: true });
  }
}

export async function finished(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<Finished> {
  const texts = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => {
    texts.stdout += data;
  });
  child.stderr.on("data", (data) => {
    texts.stderr += data;
  });
  const code = await new Promise<number | null>((done) => child.on("close", done));
  return { code, ...texts };
}

/** Resolves when the child's output so far matches. */
export function says(stream: Readable, pattern: RegExp): Promise<string> {
  let text = "";
  return new Promise((done, failed) => {
    stream.on("data", (data) => {
      text += data;
      if (pattern.test(text)) done(text);
    });
    stream.on("close", () => failed(new Error(`ended without saying ${pattern}: ${text}`)));
  });
}

/** A file of the shared data folder beside the repository, searched for upwards; undefined where it isn't. */
export function sharedData(name: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const path = join(folder, "shared/data/wind", name);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) return undefined;
  }
}
