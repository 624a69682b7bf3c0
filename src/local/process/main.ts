// The embedded stack's process: `node main.js --state-dir DIR [--port N] …`. Tells its parent when it is ready.
import { appendFileSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { WindopsError } from "../../io/errors/errors.ts";
import { makeFolder } from "../../io/folder.ts";
import { parseChaos } from "../chaos.ts";
import { type RunningStack, startStack } from "../stack.ts";

const MAX_LOG_BYTES = 8 << 20;

const { values } = parseArgs({
  options: {
    "state-dir": { type: "string" },
    port: { type: "string", default: "0" },
    "no-limits": { type: "boolean", default: false },
    fsync: { type: "boolean", default: false },
    engine: { type: "string", default: process.env.WINDOPS_ENGINE ?? "embedded" },
    chaos: { type: "string" },
    seed: { type: "string" },
  },
});
const stateDir = values["state-dir"];
if (!stateDir) throw new Error("--state-dir is missing");

makeFolder(stateDir, 0o700);
const logFile = join(stateDir, "stack.log");
const log = (line: string): void => {
  try {
    if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
    appendFileSync(logFile, `${new Date().toISOString()} ${line}\n`);
  } catch {
    // A full disk must not end the process for want of a log line.
  }
};

let running: RunningStack | undefined;
let stopping = false;
const stop = async (why: string) => {
  if (stopping) return;
  stopping = true;
  log(`stopping: ${why}`);
  // What can't be closed in time is safe on disk all the same.
  setTimeout(() => process.exit(0), 5_000).unref();
  await running?.close();
  process.exit(0);
};
process.on("SIGTERM", () => void stop("SIGTERM"));
process.on("SIGINT", () => void stop("SIGINT"));
process.on("unhandledRejection", (reason) => log(`unhandled rejection: ${(reason as Error)?.stack ?? reason}`));
process.on("uncaughtException", (error) => log(`uncaught: ${error.stack}`));

try {
  // Said now, not when the first application is started.
  if (values.engine === "flink") await (await import("../../job/artifacts.ts")).requireFlink(process.env);
  running = await startStack({
    stateDir,
    port: Number(values.port),
    limits: !values["no-limits"],
    engine: values.engine === "flink" ? "flink" : "embedded",
    fsync: values.fsync,
    seed: values.seed === undefined ? undefined : Number(values.seed),
    chaos: values.chaos === undefined ? undefined : parseChaos(readFileSync(values.chaos, "utf8"), values.chaos),
    log,
    onShutdown: () => void stop("asked to"),
  });
  log(`ready on ${running.endpoint}, pid ${process.pid}`);
  process.send?.({ ready: true });
} catch (error) {
  const { code, message, hint } = error as WindopsError & NodeJS.ErrnoException;
  log(`did not start: ${(error as Error).stack}`);
  const known = error instanceof WindopsError || code === "EADDRINUSE";
  process.send?.({ failed: { code: known ? code : "E_STACK_START", message, hint } });
  process.exitCode = 1;
}
// The parent goes on without this process.
if (process.connected) process.disconnect();
