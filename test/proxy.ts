import { Agent, createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A call that came through, by what its request says: the API's name of it where the protocol has one, else method and path. */
export interface ProxiedCall {
  operation: string;
  /** It can't have changed anything. */
  read: boolean;
  /** The request's signature: whose key, which region. */
  authorization: string;
  /** Milliseconds of `performance.now()` when it came and when its answer went. */
  from: number;
  to?: number;
}

export interface CallProxy {
  endpoint: string;
  calls: ProxiedCall[];
  /** Milliseconds that each answer takes longer. */
  latency: number;
  /** Called with each request of the API, before it goes on. */
  received?: ((request: IncomingMessage, body: Buffer) => void) | undefined;
  /** Called when the stack has answered, before windops hears of it; `count` is of all calls so far. "drop" loses the answer. */
  answered?: ((call: ProxiedCall, count: number) => undefined | "drop") | undefined;
  /** Every call fails with this error of Query services (STS among them). */
  refuse?: string | undefined;
  close(): Promise<void>;
}

/** A plain HTTP proxy on loopback, between windops and the stack at `target`. */
export async function startProxy(target: string): Promise<CallProxy> {
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(target);
  let answered = 0;
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const call: ProxiedCall = {
      ...named(incoming, body),
      authorization: incoming.headers.authorization ?? "",
      from: performance.now(),
    };
    const internal = incoming.url?.startsWith("/_windops/") === true;
    if (!internal) {
      proxy.calls.push(call);
      proxy.received?.(incoming, body);
    }
    if (proxy.refuse !== undefined) {
      response.writeHead(403, { "content-type": "text/xml" });
      const why = `<Code>${proxy.refuse}</Code><Message>The security token included in the request is invalid.</Message>`;
      return void response.end(`<ErrorResponse><Error><Type>Sender</Type>${why}</Error></ErrorResponse>`);
    }
    const headers = { ...incoming.headers, host: `${hostname}:${port}` };
    const onward = request({ hostname, port, agent, method: incoming.method, path: incoming.url, headers }, (reply) => {
      const parts: Buffer[] = [];
      reply.on("data", (part) => parts.push(part));
      reply.on("end", async () => {
        if (!internal && proxy.answered?.(call, ++answered) === "drop") return void response.destroy();
        if (proxy.latency > 0) await sleep(proxy.latency);
        call.to = performance.now();
        response.writeHead(reply.statusCode!, reply.headers);
        response.end(Buffer.concat(parts));
      });
    });
    onward.on("error", () => response.destroy());
    onward.end(body);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const proxy: CallProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    latency: 0,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      agent.destroy();
    },
  };
  return proxy;
}

function named({ method = "", url = "", headers }: IncomingMessage, body: Buffer) {
  const target = headers["x-amz-target"];
  const path = url.split("?")[0]!;
  const rpc = typeof target === "string" ? target.split(".").at(-1) : /\/operation\/(\w+)$/.exec(path)?.[1];
  const form = headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  const operation = rpc ?? (form ? new URLSearchParams(body.toString()).get("Action") : undefined);
  if (operation) return { operation, read: /^(Get|List|Describe|Head|Scan|Query|BatchGet)/.test(operation) };
  return { operation: `${method} ${url}`, read: method === "GET" || method === "HEAD" };
}
