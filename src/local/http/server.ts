import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Chaos } from "../chaos.ts";
import { AwsError } from "../errors.ts";
import { type Call, Encoded, EventStream, type RpcService, type Service } from "../service.ts";
import { readBody } from "./body.ts";
import { refusal } from "./loopback-guard.ts";
import { eventMessage } from "./protocol/eventstream.ts";
import { type Answer, type Codec, jsonCodec, queryCodec } from "./protocol/index.ts";
import { Directory, resolveCall } from "./routing.ts";

const BODY_LIMIT = 16 << 20;
/** How patient the server is, and with how many at once. */
const PATIENCE = {
  /** For a whole request head, in ms. */
  headersTimeout: 10_000,
  /** For a connection's first byte, in ms. */
  silence: 60_000,
  maxConnections: 1024,
};

export interface ServerOptions {
  services: Map<string, Service>;
  chaos?: Chaos;
  log(line: string): void;
  /** `/_windops/…`: true when it has answered. */
  internal(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean>;
  /** Aborted when the stack stops. */
  signal: AbortSignal;
  patience?: typeof PATIENCE;
}

export interface RunningServer {
  port: number;
  close(): Promise<void>;
}

/** One port for every service, HTTP/1.1 and HTTP/2 (prior knowledge, as the SDKs' Kinesis clients speak it). */
export async function listen(port: number, options: ServerOptions): Promise<RunningServer> {
  const handler = requestHandler(options);
  const { headersTimeout, silence, maxConnections } = options.patience ?? PATIENCE;
  const checked = Math.min(2_000, headersTimeout);
  const http = createServer(
    { keepAliveTimeout: 60_000, headersTimeout, requestTimeout: 300_000, connectionsCheckingInterval: checked },
    handler,
  );
  http.maxConnections = maxConnections;
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams: 256 } }, handler as never);
  http2.on("session", (session) => session.setTimeout(300_000, () => session.close()));
  const sockets = eitherProtocol(http, http2, silence);
  http.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });
  http2.on("sessionError", () => {});
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, "127.0.0.1", 511, () => {
      http.off("error", reject);
      resolve();
    });
  });
  return {
    port: (http.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      http2.close();
      await closed;
    },
  };
}

/** Gives each connection to the server whose protocol its first bytes speak; the set has those that are open. */
function eitherProtocol(http: Server, http2: Http2Server, silence: number): Set<Socket> {
  const sockets = new Set<Socket>();
  const http1 = http.listeners("connection") as ((socket: Socket) => void)[];
  http.removeAllListeners("connection");
  http.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    // A connection that never says anything is dropped as one that never ends its headers is.
    socket.setTimeout(silence, () => socket.destroy());
    socket.once("data", (first: Buffer) => {
      socket.setTimeout(0);
      socket.removeAllListeners("timeout");
      socket.pause();
      socket.unshift(first);
      // The session takes what was put back by itself; flowing, the socket would lose it.
      if (first.toString("latin1", 0, 3) === "PRI") return void http2.emit("connection", socket);
      for (const listener of http1) listener.call(http, socket);
      socket.resume();
    });
  });
  return sockets;
}

class RequestCall implements Call {
  service = "";
  operation = "";
  region = "us-east-1";
  readonly requestId = randomUUID();
  readonly internal = false;
  wire: Call["wire"] = "http";
  readonly #response: ServerResponse;
  readonly #stopped: AbortSignal;
  #controller: AbortController | undefined;

  constructor(response: ServerResponse, stopped: AbortSignal) {
    this.#response = response;
    this.#stopped = stopped;
  }

  // Made only for those who look: most calls end before anybody could abort them.
  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      const abort = () => controller.abort();
      this.#response.once("close", () => {
        this.#stopped.removeEventListener("abort", abort);
        if (!this.#response.writableFinished) abort();
      });
      if (this.#stopped.aborted) abort();
      else this.#stopped.addEventListener("abort", abort, { once: true });
      this.#controller = controller;
    }
    return this.#controller.signal;
  }
}

function requestHandler(options: ServerOptions) {
  const directory = new Directory(options.services);
  return (request: IncomingMessage, response: ServerResponse) => {
    const call = new RequestCall(response, options.signal);
    response.on("error", () => {});
    serve(request, response, call, directory, options).catch((error) => {
      options.log(`${call.service}.${call.operation}: ${(error as Error).stack}`);
      if (response.headersSent) response.destroy();
      else
        send(response, jsonCodec({}, "application/x-amz-json-1.1").error(internalFailure(error), call.requestId), call);
    });
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  call: RequestCall,
  directory: Directory,
  options: ServerOptions,
): Promise<void> {
  const plain = jsonCodec({}, "application/x-amz-json-1.1");
  const refused = refusal(request.headers);
  if (refused) return turnAway(response, plain.error(new AwsError("AccessDeniedException", refused, 403), ""), call);
  const url = parseUrl(request.url);
  if (!url) return turnAway(response, plain.error(new AwsError("InvalidRequest", "Bad request path"), ""), call);
  if (url.pathname.startsWith("/_windops/") && (await options.internal(request, response, url))) return;
  let found: ReturnType<Directory["find"]>;
  let body: Buffer | undefined;
  try {
    if (isUnsignedForm(request, url)) {
      body = await readBody(request, BODY_LIMIT);
      const action = new URLSearchParams(body.toString("utf8")).get("Action") ?? "";
      const query = directory.findAction(action);
      if (!query) throw new AwsError("InvalidAction", `The embedded stack has no unsigned action "${action}"`);
      found = { ...query, region: "us-east-1" };
    } else found = directory.find(request, url);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const codec = isForm(request) ? queryCodec({ namespace: "" }, "query", "") : plain;
    return turnAway(response, codec.error(error, call.requestId), call);
  }
  call.service = found.name;
  call.region = found.region;
  const { service } = found;
  if (service.kind === "rpc") return serveOperation(service, request, response, call, url, options, body);
  const target = request.headers["x-amz-target"];
  call.operation =
    service.operationOf?.(request, call) ??
    (typeof target === "string" ? target.slice(target.lastIndexOf(".") + 1) : (request.method ?? ""));
  if (options.chaos) {
    const fault = await options.chaos.before(call);
    if (fault === "drop") return void response.destroy();
    if (fault && service.fail) return service.fail(fault, request, response, call);
    if (fault) return turnAway(response, plain.error(fault, call.requestId), call);
    if (options.chaos.dropsAfter(call)) dropAnswer(response);
  }
  await service.handle(request, response, call);
}

async function serveOperation(
  service: RpcService,
  request: IncomingMessage,
  response: ServerResponse,
  call: RequestCall,
  url: URL,
  options: ServerOptions,
  read: Buffer | undefined,
): Promise<void> {
  let codec: Codec = jsonCodec({}, "application/x-amz-json-1.1");
  try {
    const body = read ?? (await readBody(request, service.bodyLimit ?? BODY_LIMIT));
    const resolved = resolveCall(service, request, url, body);
    codec = resolved.codec;
    call.operation = resolved.operation;
    call.wire = codec.wire;
    if (!Object.hasOwn(service.operations, call.operation)) throw noOperation(call);
    if (options.chaos) {
      const fault = await options.chaos.before(call);
      if (fault === "drop") return void response.destroy();
      if (fault) throw fault;
    }
    const output = await service.operations[call.operation]!(codec.decode(body), call);
    if (options.chaos?.dropsAfter(call)) return void response.destroy();
    if (output instanceof EventStream) return await sendEvents(response, output, codec, call);
    if (output instanceof Encoded)
      return send(response, { ...codec.answer({}, call.requestId), body: output.body }, call);
    send(response, codec.answer(output, call.requestId), call);
  } catch (thrown) {
    if (!(thrown instanceof AwsError)) options.log(`${call.service}.${call.operation}: ${(thrown as Error).stack}`);
    const error = thrown instanceof AwsError ? thrown : internalFailure(thrown);
    const answer = codec.error(error, call.requestId);
    if (request.complete) send(response, answer, call);
    else turnAway(response, answer, call);
  }
}

function noOperation(call: Call): AwsError {
  const code = call.wire === "query" || call.wire === "ec2" ? "InvalidAction" : "UnknownOperationException";
  return new AwsError(code, `The embedded stack's ${call.service} has no operation "${call.operation}"`);
}

const internalFailure = (error: unknown) =>
  new AwsError("InternalFailure", `The embedded stack failed: ${(error as Error)?.message ?? error}`, 500);

/** Query calls that need no signature (STS) and come as a form to the root. */
function isUnsignedForm(request: IncomingMessage, url: URL): boolean {
  return request.method === "POST" && isForm(request) && !request.headers.authorization && url.pathname === "/";
}

const isForm = (request: IncomingMessage): boolean =>
  (request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");

function parseUrl(path: string | undefined): URL | undefined {
  // Not resolved against a base: "//host/key" is a path here, and dots in S3 keys stay (they come escaped).
  return path?.startsWith("/") && URL.canParse(`http://localhost${path}`)
    ? new URL(`http://localhost${path}`)
    : undefined;
}

function send(response: ServerResponse, answer: Answer, call: RequestCall): void {
  if (response.headersSent || response.destroyed) return;
  const length = typeof answer.body === "string" ? Buffer.byteLength(answer.body) : answer.body.length;
  response.writeHead(answer.status, {
    ...answer.headers,
    "x-amzn-requestid": call.requestId,
    ...(answer.status === 204 ? {} : { "content-length": length }),
  });
  response.end(answer.body);
}

/** Answers without having read the request to its end, and closes the connection. */
function turnAway(response: ServerResponse, answer: Answer, call: RequestCall): void {
  if (!("stream" in response)) response.shouldKeepAlive = false;
  send(response, answer, call);
}

/** Lets a service do its work, and loses what it answers. */
function dropAnswer(response: ServerResponse): void {
  response.write = () => true;
  response.end = () => response.destroy();
}

async function sendEvents(
  response: ServerResponse,
  stream: EventStream,
  codec: Codec,
  call: RequestCall,
): Promise<void> {
  response.writeHead(200, {
    "content-type": "application/vnd.amazon.eventstream",
    "x-amzn-requestid": call.requestId,
  });
  const message = (type: string, payload: object) => {
    const { headers, body } = codec.answer(payload, call.requestId);
    const contentType = headers["content-type"] ?? "application/json";
    return eventMessage({ ":message-type": "event", ":event-type": type, ":content-type": contentType }, body);
  };
  response.write(message("initial-response", stream.initial));
  try {
    for await (const event of stream.events) {
      if (response.destroyed) break;
      if (!response.write(message(event.type, event.payload))) await drained(response);
    }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { headers, body } = codec.error(error, call.requestId);
    const contentType = headers["content-type"] ?? "application/json";
    response.write(
      eventMessage({ ":message-type": "exception", ":exception-type": error.code, ":content-type": contentType }, body),
    );
  }
  response.end();
}

const drained = (response: ServerResponse) =>
  new Promise<void>((resolve) => {
    response.once("drain", resolve).once("close", resolve);
  });
