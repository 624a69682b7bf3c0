import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** `kinesis-local` (npm), the oracle of the contract suite, as a process of its own. */
export async function startKinesisLocal(): Promise<{ endpoint: string; pid: number; close(): Promise<void> }> {
  const main = fileURLToPath(import.meta.resolve("kinesis-local"));
  const [plain, tls] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [main], {
    // Its certificate is read from the working directory.
    cwd: dirname(main),
    env: {
      ...process.env,
      KINESIS_MOCK_PLAIN_PORT: String(plain),
      KINESIS_MOCK_TLS_PORT: String(tls),
      LOG_LEVEL: "ERROR",
      SHARD_LIMIT: "500",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const endpoint = `http://127.0.0.1:${plain}`;
  const deadline = Date.now() + 30_000;
  while (
    !(await fetch(`${endpoint}/healthcheck`).then(
      (r) => r.ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error("kinesis-local did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    endpoint,
    pid: child.pid!,
    close: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
