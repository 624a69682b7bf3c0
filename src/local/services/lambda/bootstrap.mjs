// Runs inside a function's own process: loads the handler, takes invocations from the stack over the IPC channel, and
// answers as AWS's Node runtime does. It must not share state with user code, so the channel is taken away from `process`.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const channel = process.channel;
const send = process.send.bind(process);
delete process.send;

/** @type {{ requestId: string, callback?: boolean, settle: (error: unknown, result?: unknown) => void } | undefined} */
let current;
/** The answer of a callback that waits until the event loop is empty. */
let waiting;

const LEVELS = { debug: "DEBUG", error: "ERROR", info: "INFO", log: "INFO", trace: "TRACE", warn: "WARN" };
for (const [method, level] of Object.entries(LEVELS)) {
  console[method] = (...args) => {
    const text = format(...args).replaceAll("\n", "\r");
    send({ type: "log", text: `${new Date().toISOString()}\t${current?.requestId ?? "undefined"}\t${level}\t${text}` });
  };
}
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk, encoding, done) => {
    send({ type: "log", text: typeof chunk === "string" ? chunk : Buffer.from(chunk).toString() });
    const callback = typeof encoding === "function" ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
}

/** An error as the runtime reports it: type, message and stack lines. */
function described(error, type) {
  const is = error instanceof Error;
  return {
    errorType: type ?? (is ? error.name : typeof error),
    errorMessage: is ? error.message : format(error),
    trace: is && error.stack ? error.stack.split("\n") : [],
  };
}

function failure(error) {
  return { type: "error", error: described(error, error?.runtimeType) };
}

function typed(runtimeType, message, cause) {
  return Object.assign(new Error(message, { cause }), { name: runtimeType, runtimeType });
}

async function load(handler) {
  const dot = handler.lastIndexOf("/") + 1;
  const [module, ...names] = handler.slice(dot).split(".");
  const base = join(process.env.LAMBDA_TASK_ROOT, handler.slice(0, dot), module);
  const path = [".js", ".mjs", ".cjs"].map((extension) => base + extension).find((file) => existsSync(file));
  if (!path) throw typed("Runtime.ImportModuleError", `Error: Cannot find module '${handler.slice(0, dot)}${module}'`);
  let exports;
  try {
    exports = await import(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw typed("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`, error);
    if (error?.code === "ERR_MODULE_NOT_FOUND" || error?.code === "MODULE_NOT_FOUND") {
      throw typed("Runtime.ImportModuleError", `Error: ${error.message}`, error);
    }
    throw error;
  }
  // What a CommonJS module exports may be under `default` alone.
  const found = [exports, exports.default].map((root) => names.reduce((at, name) => at?.[name], root));
  const handle = found.find((value) => value !== undefined);
  if (handle === undefined) throw typed("Runtime.HandlerNotFound", `${handler} is undefined or not exported`);
  if (typeof handle !== "function") throw typed("Runtime.HandlerNotFound", `${handler} is not a function`);
  return handle;
}

function stringify(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch (error) {
    throw typed("Runtime.MarshalError", "Unable to stringify response body", error);
  }
}

function contextOf({ requestId, deadlineMs, arn, clientContext }) {
  const name = process.env.AWS_LAMBDA_FUNCTION_NAME;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: "$LATEST",
    invokedFunctionArn: arn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: requestId,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: clientContext === undefined ? undefined : JSON.parse(clientContext),
    identity: undefined,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
    done: (error, result) => current?.settle(error, result),
    fail: (error) => current?.settle(error ?? new Error("handled")),
    succeed: (result) => current?.settle(undefined, result),
  };
}

/** Ends the invocation in hand, once; what comes later belongs to no invocation. */
function answer(message) {
  if (!current) return;
  current = undefined;
  waiting = undefined;
  channel.ref();
  send({ ...message, rss: process.memoryUsage.rss() });
}

function settled(error, result) {
  if (error !== undefined && error !== null) return failure(error);
  try {
    return { type: "result", payload: stringify(result) };
  } catch (marshal) {
    return failure(marshal);
  }
}

function invoke(handle, message) {
  // Neither the channel nor this invocation keeps the process going: an empty event loop ends the invocation.
  channel.unref();
  process.env._X_AMZN_TRACE_ID = message.traceId;
  const invocation = {
    requestId: message.requestId,
    settle: (error, result) => mine() && answer(settled(error, result)),
  };
  const mine = () => current === invocation;
  current = invocation;
  try {
    const context = contextOf(message);
    const callback = (error, result) => {
      if (!mine()) return;
      if (context.callbackWaitsForEmptyEventLoop) waiting = settled(error, result);
      else answer(settled(error, result));
    };
    const returned = handle(JSON.parse(message.payload), context, callback);
    if (typeof returned?.then === "function") {
      returned.then(
        (result) => mine() && answer(settled(undefined, result)),
        (error) => mine() && answer(settled(error ?? new Error(String(error)))),
      );
    }
  } catch (error) {
    answer(settled(error ?? new Error(String(error))));
  }
}

function crash(error, type) {
  console.error(
    type === undefined ? "Uncaught Exception" : "Unhandled Promise Rejection",
    JSON.stringify(described(error, type)),
  );
  const message = { type: "error", error: described(error, type), rss: process.memoryUsage.rss(), fatal: true };
  send(current ? message : { ...message, type: "init-error" }, () => process.exit(type === undefined ? 129 : 128));
}

process.on("beforeExit", () => {
  if (current) answer(waiting ?? { type: "result", payload: "null" });
});
process.on("uncaughtException", (error) => crash(error));
process.on("unhandledRejection", (reason) => crash(reason, "Runtime.UnhandledPromiseRejection"));
// The stack is gone: nobody is there to answer.
process.on("disconnect", () => process.exit(0));

load(process.env._HANDLER).then(
  (handle) => {
    process.on("message", (message) => invoke(handle, message));
    channel.ref();
    send({ type: "ready" });
  },
  (error) => {
    const { error: report } = failure(error);
    console.error("Uncaught Exception", JSON.stringify(report));
    send({ type: "init-error", error: report }, () => process.exit(1));
  },
);
