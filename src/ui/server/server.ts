import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WindopsError } from "../../io/errors/errors.ts";
import type { Events } from "../protocol.ts";

/** A file of the page: small enough to be held in memory. */
export interface Asset {
  type: string;
  body: Buffer;
}

export interface Backend {
  /** What a page that has just connected needs to draw itself. */
  hello(): { [K in keyof Events]?: Events[K] };
  /** GET /api/<name>; bytes go as they are, all else as JSON; undefined is a 404. */
  get(name: string, query: URLSearchParams): Promise<unknown>;
  /** POST /api/<name>; undefined is a 404. */
  post(name: string, body: unknown): Promise<unknown>;
}

export interface UiServerOptions {
  port: number;
  token?: string;
  assets: Record<string, Asset>;
  backend: Backend;
}

export interface UiServer {
  url: string;
  port: number;
  token: string;
  /** Sends an event to every open page. */
  send<K extends keyof Events>(event: K, data: Events[K]): void;
  close(): Promise<void>;
}

/** Paths that show the page; which view is the page's business. */
const pages = /^\/(?:$|alerts$|pipeline$|kinesis$|turbines\/)/;
const MAX_BODY = 16_384;
const MAX_PAGES = 64;

const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/**
 * The page's server: loopback only, Host and Origin checked (DNS rebinding, CSRF), nothing without the token that the
 * printed URL carries; the first visit turns it into a cookie that scripts can't read.
 */
export async function startUiServer(options: UiServerOptions): Promise<UiServer> {
  const token = options.token ?? randomBytes(24).toString("base64url");
  const open = new Set<ServerResponse>();
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    serve(request, response).catch((error) => {
      if (response.headersSent) response.destroy();
      else if (error instanceof WindopsError)
        json(response, 400, { error: { code: error.code, message: error.message, hint: error.hint } });
      else json(response, 500, { error: { code: "E_BUG", message: String(error?.message ?? error) } });
    });
  });
  server.maxConnections = 256;
  const port = await listen(server, options.port);
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  const cookie = `windops_${port}`;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (!hosts.has(request.headers.host ?? "")) return json(response, 421, { error: { message: "Unknown host" } });
    const origin = request.headers.origin;
    if (origin !== undefined && !hosts.has(origin.replace(/^http:\/\//, ""))) {
      return json(response, 403, { error: { message: "Another origin" } });
    }
    const url = new URL(request.url ?? "/", `http://127.0.0.1:${port}`);
    const given = url.searchParams.get("token");
    if (given !== null && same(given, token) && request.method === "GET" && pages.test(url.pathname)) {
      url.searchParams.delete("token");
      response.writeHead(303, {
        "set-cookie": `${cookie}=${token}; HttpOnly; SameSite=Strict; Path=/`,
        location: url.pathname + url.search,
      });
      response.end();
      return;
    }
    if (!same(cookieOf(request, cookie), token)) {
      response.writeHead(401, { "content-type": "text/plain; charset=utf-8" });
      response.end(
        "This page needs the link that `windops ui` printed: it carries a token. After a restart there is a new one.\n",
      );
      return;
    }
    if (request.method === "GET") return get(url, request, response);
    if (request.method === "POST" && url.pathname.startsWith("/api/")) {
      // A header that no plain form can send, beside the cookie's SameSite.
      if (request.headers["content-type"] !== "application/json")
        return json(response, 415, { error: { message: "JSON only" } });
      return answer(response, await options.backend.post(url.pathname.slice(5), await body(request)));
    }
    return json(response, 405, { error: { message: "Not allowed" } });
  }

  async function get(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (url.pathname === "/events") return events(request, response);
    if (url.pathname.startsWith("/api/")) {
      return answer(response, await options.backend.get(url.pathname.slice(5), url.searchParams));
    }
    const asset = options.assets[pages.test(url.pathname) ? "/index.html" : url.pathname];
    if (!asset) return json(response, 404, { error: { message: "Not found" } });
    response.writeHead(200, { "content-type": asset.type, "content-length": asset.body.length });
    response.end(asset.body);
  }

  function events(request: IncomingMessage, response: ServerResponse): void {
    if (open.size >= MAX_PAGES) {
      json(response, 503, { error: { message: "Too many pages are open" } });
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream", connection: "keep-alive" });
    response.write("retry: 1000\n\n");
    for (const [event, data] of Object.entries(options.backend.hello())) response.write(frame(event, data));
    open.add(response);
    request.on("close", () => open.delete(response));
  }

  return {
    url: `http://127.0.0.1:${port}/?token=${token}`,
    port,
    token,
    send(event, data) {
      const text = frame(event, data);
      for (const response of open) {
        // A page that doesn't read is let go: it reconnects and starts from a snapshot.
        if (response.writableLength > 4 << 20) response.destroy();
        else response.write(text);
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const frame = (event: string, data: unknown) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "EADDRINUSE"
          ? new WindopsError("E_PORT_TAKEN", `Port ${port} on 127.0.0.1 is taken.`, {
              hint: "Choose another with --ui-port, or 0 for any.",
            })
          : error,
      );
    });
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function cookieOf(request: IncomingMessage, name: string): string {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name) return value ?? "";
  }
  return "";
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

async function body(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY) throw new WindopsError("E_BAD_REQUEST", "The request is too large.");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new WindopsError("E_BAD_REQUEST", "The request is no JSON.");
  }
}

function answer(response: ServerResponse, value: unknown): void {
  if (value === undefined) json(response, 404, { error: { message: "Not found" } });
  else if (value instanceof Uint8Array) {
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": value.length });
    response.end(value);
  } else json(response, 200, value);
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(value));
}
