import { randomUUID, timingSafeEqual } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { Chaos, type ChaosFile, mulberry32 } from "./chaos.ts";
import { AwsError } from "./errors.ts";
import { readBody } from "./http/body.ts";
import { toJson } from "./http/protocol/json.ts";
import { listen } from "./http/server.ts";
import { lockFolder, writeState } from "./process/state.ts";
import { ACCOUNT, type Call, type Service, type Stack } from "./service.ts";
import { services as registry } from "./services/index.ts";
import { LogStore } from "./storage/store.ts";
import type { WriteFault } from "./storage/store-file.ts";

export interface StackOptions {
  /** Folder with everything that the stack keeps; made if it isn't there. */
  stateDir: string;
  /** 0 for any free one. */
  port?: number;
  /** The real services' limits; on if not said. */
  limits?: boolean;
  engine?: "embedded" | "flink";
  chaos?: ChaosFile;
  seed?: number;
  /** Every acknowledged write reaches the disk itself (power cuts), at a cost in speed. */
  fsync?: boolean;
  /** Tests: see `WriteFault`. */
  fault?: WriteFault;
  log?(line: string): void;
  now?(): number;
  /** Called by `POST /_windops/shutdown`. */
  onShutdown?(): void;
}

export interface RunningStack {
  port: number;
  endpoint: string;
  stack: Stack;
  /** Names this run; as in the state file. */
  instance: string;
  /** Stops everything; resolves when nothing of it is left running. */
  close(): Promise<void>;
}

/** Starts the embedded stack in this process. Throws `WindopsError` E_STACK_RUNNING, or what `listen` throws. */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const lock = await lockFolder(options.stateDir);
  try {
    return await start(options, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function start(options: StackOptions, lock: { release(): Promise<void> }): Promise<RunningStack> {
  const { stateDir, log = () => {}, now = Date.now } = options;
  const stopping = new AbortController();
  const instance = randomUUID();
  const token = randomUUID();
  const stores = new Map<string, LogStore<any>>();
  const services = new Map<string, Service>();
  const chaos = options.chaos && new Chaos(options.chaos, now);
  let port = options.port ?? 0;
  let torn = 0;

  const folder = (service: string) => {
    const path = join(stateDir, "data", service);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const stack: Stack = {
    folder,
    store: <V>(name: string) => {
      let store = stores.get(name);
      if (!store) {
        store = new LogStore<V>(join(folder("documents"), `${encodeURIComponent(name)}.log`), options);
        stores.set(name, store);
        const { damage } = store;
        if (damage) {
          torn++;
          log(`${name}: cut off ${damage.tornBytes} torn bytes, left out ${damage.corrupt} corrupt records`);
        }
      }
      return store as LogStore<V>;
    },
    get endpoint() {
      return `http://127.0.0.1:${port}`;
    },
    account: ACCOUNT,
    now,
    random: mulberry32(options.seed ?? Math.floor(Math.random() * 2 ** 32)),
    log,
    call: async (name, operation, input, region) => {
      const service = services.get(name);
      if (!service) throw new AwsError("UnknownOperationException", `The embedded stack has no service "${name}"`);
      const call: Call = {
        service: name,
        operation,
        region,
        requestId: randomUUID(),
        internal: true,
        wire: "object",
        signal: stopping.signal,
      };
      if (service.kind === "http") {
        if (!service.invoke) throw new Error(`${name} has no calls inside the stack`);
        return (await service.invoke(operation, input, call)) as any;
      }
      const run = service.operations[operation];
      if (!run) throw new AwsError("UnknownOperationException", `${name} has no operation "${operation}"`);
      return (await run(input, call)) as any;
    },
    object: (bucket, key, versionId) => hook("object")(bucket, key, versionId),
    recordsAfter: (...args) => hook("recordsAfter")(...args),
    damaged: (line) => {
      torn++;
      log(line);
    },
    fileOptions: { fsync: options.fsync, fault: options.fault },
    limits: options.limits ?? true,
    engine: options.engine ?? "embedded",
    signal: stopping.signal,
  };
  const hook = <K extends "object" | "recordsAfter">(name: K): NonNullable<Service[K]> => {
    for (const service of services.values()) if (service[name]) return service[name].bind(service) as any;
    throw new Error(`No service of the stack offers ${name}`);
  };

  const started = now();
  const health = () => ({ instance, pid: process.pid, services: [...services.keys()], torn, uptime: now() - started });
  const internal = internalPages({
    services,
    token,
    health,
    chaosHits: () => chaos?.hits ?? [],
    shutdown: () => options.onShutdown?.(),
  });
  const closeAll = async () => {
    stopping.abort();
    await server?.close();
    await Promise.allSettled([...services.values()].map((s) => s.close?.()));
    for (const store of stores.values()) store.close();
    await lock.release();
  };
  let server: Awaited<ReturnType<typeof listen>> | undefined;
  try {
    const factories = await Promise.all(
      Object.entries(registry).map(async ([name, load]) => [name, await (await load())(stack)] as const),
    );
    for (const [name, service] of factories) services.set(name, service);
    server = await listen(port, { services, chaos, log, internal, signal: stopping.signal });
    port = server.port;
    const startedAt = new Date(now()).toISOString();
    writeState(stateDir, { pid: process.pid, port, instance, token, startedAt });
    for (const service of services.values()) await service.started?.();
  } catch (error) {
    await closeAll();
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    port,
    endpoint: stack.endpoint,
    stack,
    instance,
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}

/** Answers `/_windops/…`: health, shutdown, and the services' own pages and actions. */
function internalPages(parts: {
  services: Map<string, Service>;
  token: string;
  health(): object;
  chaosHits(): number[];
  shutdown(): void;
}) {
  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> => {
    const name = url.pathname.slice("/_windops/".length);
    const answer = (status: number, value: unknown) => {
      const body = toJson(value ?? {});
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(body);
      return true;
    };
    try {
      if (request.method === "GET" && name === "health") return answer(200, parts.health());
      if (request.method === "GET" && name === "chaos") {
        const rules = parts.chaosHits();
        return answer(200, { hits: rules.reduce((sum, hits) => sum + hits, 0), rules });
      }
      if (request.method === "POST" && name === "shutdown") {
        if (!same(String(request.headers["x-windops-token"] ?? ""), parts.token)) {
          return answer(403, { message: "Wrong token" });
        }
        answer(202, {});
        response.once("close", () => parts.shutdown());
        return true;
      }
      for (const service of parts.services.values()) {
        const page = request.method === "GET" && own(service.pages, name);
        if (page) return answer(200, await page(url.searchParams));
        const action = request.method === "POST" && own(service.actions, name);
        if (action) return answer(200, await action(JSON.parse((await readBody(request, 1 << 20)).toString() || "{}")));
      }
    } catch (error) {
      if (error instanceof AwsError) return answer(error.status, { message: error.message, __type: error.code });
      if (error instanceof SyntaxError) return answer(400, { message: "The request is not JSON" });
      throw error;
    }
    return answer(404, { message: `No page ${request.method} ${url.pathname}` });
  };
}

function own<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
