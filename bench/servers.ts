import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A Kinesis server as a process of its own, with its data in a folder that goes with it. */
export interface Server {
  name: string;
  endpoint: string;
  /** Resident memory in MiB. */
  rss(): number;
  /** Processor time used so far, in microseconds. */
  cpu(): number;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function run(name: string, port: number, folder: string, args: string[], options: object): Promise<Server> {
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"], ...options });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const endpoint = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + 60_000; ; ) {
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      break;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${name} did not start`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return {
    name,
    endpoint,
    rss: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1024,
    cpu: () => {
      // Fields 14 and 15 (user, system), in hundredths of a second; the name before them may have spaces.
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      return (Number(fields[11]) + Number(fields[12])) * 10_000;
    },
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The embedded stack, durable, its rate limits off unless said. With `folder`, on data that is there already. */
export async function windops(
  folder = mkdtempSync(join(tmpdir(), "bench-")),
  { limits = false } = {},
): Promise<Server> {
  const port = await freePort();
  const args = [
    "dist/local/main.js",
    "--state-dir",
    folder,
    "--port",
    String(port),
    ...(limits ? [] : ["--no-limits"]),
  ];
  return run("windops local", port, folder, args, {});
}

/** kinesalite on LevelDB, as durable as ours. */
export async function kinesalite(): Promise<Server> {
  const [port, folder] = [await freePort(), mkdtempSync(join(tmpdir(), "bench-"))];
  const cli = join(dirname(require.resolve("kinesalite")), "cli.js");
  const args = [
    cli,
    "--port",
    String(port),
    "--path",
    join(folder, "db"),
    "--shardLimit",
    "100",
    "--createStreamMs",
    "0",
  ];
  return run("kinesalite", port, folder, args, {});
}

/** kinesis-local with its persistence on (it writes everything every five seconds). */
export async function kinesisLocal(): Promise<Server> {
  const [port, tls, folder] = [await freePort(), await freePort(), mkdtempSync(join(tmpdir(), "bench-"))];
  const main = require.resolve("kinesis-local");
  const env = {
    ...process.env,
    KINESIS_MOCK_PLAIN_PORT: String(port),
    KINESIS_MOCK_TLS_PORT: String(tls),
    SHOULD_PERSIST_DATA: "true",
    PERSIST_PATH: folder,
    LOG_LEVEL: "ERROR",
  };
  return run("kinesis-local", port, folder, [main], { cwd: dirname(main), env });
}

/** No server at all behind the port: the client's own limit. */
export async function canned(): Promise<Server> {
  const port = await freePort();
  return run(
    "prepared answers (the client's limit)",
    port,
    mkdtempSync(join(tmpdir(), "bench-")),
    ["bench/canned.mjs", String(port)],
    {},
  );
}
