import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { partitionOf } from "../../../aws/partition.ts";
import type { Call, Operation, Stack, Store } from "../../service.ts";
import type { CodeStore } from "./code.ts";
import { configuration, conflict, type FunctionRecord, functionName, invalid, notFound } from "./model.ts";
import { paged } from "./paging.ts";
import { Pool } from "./pool.ts";
import {
  checkEnvironment,
  checkHandler,
  checkMemory,
  checkRole,
  checkRuntime,
  checkStorage,
  checkSupported,
  checkTimeout,
} from "./validation.ts";

/** Milliseconds that a create or update takes at least: long enough for a client to meet the state in between. */
const SETTLE_MS = 50;

/** The functions: their records, code and execution environments. */
export class Functions {
  readonly store: Store<FunctionRecord>;
  #stack: Stack;
  #code: CodeStore;
  #pools = new Map<string, Pool>();
  #settling = new Map<string, NodeJS.Timeout>();

  constructor(stack: Stack, code: CodeStore) {
    this.#stack = stack;
    this.#code = code;
    this.store = stack.store("lambda-functions");
    // Older packages stay while the stack runs: an invocation in hand may still load from them.
    code.retain((file) => this.#uses(file));
    // A create or update that the last process didn't finish.
    for (const [key, f] of this.store.entries()) {
      if (f.state === "Pending" || f.lastUpdateStatus === "InProgress") this.#settle(key);
    }
  }

  /** Throws `AwsError` ResourceNotFoundException. */
  get(reference: unknown, region: string): FunctionRecord {
    const name = functionName(reference);
    const f = this.store.get(`${region}/${name}`);
    if (!f)
      throw notFound(
        `Function not found: arn:${partitionOf(region)}:lambda:${region}:${this.#stack.account}:function:${name}`,
      );
    return f;
  }

  put(f: FunctionRecord): void {
    this.store.put(`${f.region}/${f.name}`, f);
  }

  pool(f: FunctionRecord): Pool {
    const key = `${f.region}/${f.name}`;
    let pool = this.#pools.get(key);
    if (!pool) {
      pool = new Pool(this.#stack, this.#code);
      this.#pools.set(key, pool);
    }
    return pool;
  }

  readonly operations: Record<string, Operation> = {
    CreateFunction: (input, call) => this.#create(input, call),
    GetFunction: (input, call) => {
      const f = this.get(input.FunctionName, call.region);
      return {
        Configuration: configuration(f),
        Code: { RepositoryType: "S3", Location: pathToFileURL(this.#code.zipPath(f.codeFile)).href },
        Tags: Object.keys(f.tags).length > 0 ? f.tags : undefined,
        Concurrency:
          f.reservedConcurrency === undefined ? undefined : { ReservedConcurrentExecutions: f.reservedConcurrency },
      };
    },
    GetFunctionConfiguration: (input, call) => configuration(this.get(input.FunctionName, call.region)),
    UpdateFunctionCode: (input, call) => this.#updateCode(input, call),
    UpdateFunctionConfiguration: (input, call) => this.#updateConfiguration(input, call),
    DeleteFunction: async (input, call) => {
      const f = this.get(input.FunctionName, call.region);
      const key = `${f.region}/${f.name}`;
      this.store.delete(key);
      clearTimeout(this.#settling.get(key));
      this.#settling.delete(key);
      const pool = this.#pools.get(key);
      this.#pools.delete(key);
      await pool?.close();
      if (!this.#uses(f.codeFile)) this.#code.remove(f.codeFile);
      return {};
    },
    ListFunctions: (input, call) => {
      const all = [...this.store.entries()].map(([, f]) => f).filter((f) => f.region === call.region);
      const { items, next } = paged(
        all.sort((a, b) => (a.name < b.name ? -1 : 1)),
        (f) => f.name,
        input,
      );
      return { Functions: items.map(configuration), NextMarker: next };
    },
    PutFunctionConcurrency: (input, call) => {
      const f = this.get(input.FunctionName, call.region);
      const reserved = input.ReservedConcurrentExecutions;
      if (!Number.isInteger(reserved) || reserved < 0) throw invalid("ReservedConcurrentExecutions must be 0 or more");
      this.put({ ...f, reservedConcurrency: reserved });
      return { ReservedConcurrentExecutions: reserved };
    },
    GetFunctionConcurrency: (input, call) => ({
      ReservedConcurrentExecutions: this.get(input.FunctionName, call.region).reservedConcurrency,
    }),
    DeleteFunctionConcurrency: (input, call) => {
      const { reservedConcurrency: _, ...f } = this.get(input.FunctionName, call.region);
      this.put(f);
      return {};
    },
  };

  async #create(input: any, call: Call): Promise<object> {
    const name = functionName(input.FunctionName);
    const arn = `arn:${partitionOf(call.region)}:lambda:${call.region}:${this.#stack.account}:function:${name}`;
    checkSupported(input);
    const runtime = checkRuntime(input.Runtime);
    const settings = {
      handler: checkHandler(input.Handler),
      timeout: checkTimeout(input.Timeout, 3),
      memorySize: checkMemory(input.MemorySize, 128),
      ephemeralStorage: checkStorage(input.EphemeralStorage?.Size, 512),
      environment: checkEnvironment(input.Environment),
    };
    const role = await checkRole(this.#stack, input.Role, call.region);
    const exists = () => conflict(`Function already exist: ${name}`);
    if (this.store.get(`${call.region}/${name}`)) throw exists();
    const read = this.#code.read(input.Code);
    if (input.DryRun) return {};
    this.#code.keep(read);
    const f: FunctionRecord = {
      region: call.region,
      name,
      arn,
      role,
      runtime,
      ...settings,
      description: input.Description ?? "",
      architectures: input.Architectures ?? ["x86_64"],
      loggingConfig: input.LoggingConfig ?? {},
      echoed: echoed(input),
      codeSha256: read.code.sha256,
      codeFile: read.code.file,
      codeSize: read.code.size,
      lastModified: this.#modified(),
      revisionId: randomUUID(),
      state: "Pending",
      lastUpdateStatus: "Successful",
      tags: input.Tags ?? {},
    };
    this.put(f);
    this.#settle(`${call.region}/${name}`);
    return configuration(f);
  }

  async #updateCode(input: any, call: Call): Promise<object> {
    const f = this.#updatable(input, call);
    const read = this.#code.read(input);
    const { sha256: codeSha256, file: codeFile, size: codeSize } = read.code;
    const next = { ...f, codeSha256, codeFile, codeSize, architectures: input.Architectures ?? f.architectures };
    if (input.DryRun) return configuration(next);
    this.#code.keep(read);
    return this.#begin(next);
  }

  async #updateConfiguration(input: any, call: Call): Promise<object> {
    const f = this.#updatable(input, call);
    checkSupported(input);
    const next: FunctionRecord = {
      ...f,
      handler: input.Handler === undefined ? f.handler : checkHandler(input.Handler),
      runtime: input.Runtime === undefined ? f.runtime : checkRuntime(input.Runtime),
      timeout: checkTimeout(input.Timeout, f.timeout),
      memorySize: checkMemory(input.MemorySize, f.memorySize),
      ephemeralStorage: checkStorage(input.EphemeralStorage?.Size, f.ephemeralStorage),
      environment: input.Environment === undefined ? f.environment : checkEnvironment(input.Environment),
      description: input.Description ?? f.description,
      loggingConfig: input.LoggingConfig ?? f.loggingConfig,
      echoed: { ...f.echoed, ...echoed(input) },
      role: input.Role === undefined ? f.role : await checkRole(this.#stack, input.Role, call.region),
    };
    this.#updatable(input, call);
    return this.#begin(next);
  }

  #updatable(input: any, call: Call): FunctionRecord {
    const f = this.get(input.FunctionName, call.region);
    if (f.state === "Pending") {
      throw conflict(
        `The operation cannot be performed at this time. The function is currently in the following state: ${f.state}`,
      );
    }
    if (f.lastUpdateStatus === "InProgress") {
      throw conflict(`The operation cannot be performed at this time. An update is in progress for resource: ${f.arn}`);
    }
    if (input.RevisionId && input.RevisionId !== f.revisionId) {
      throw Object.assign(
        conflict(
          "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
        ),
        { code: "PreconditionFailedException", name: "PreconditionFailedException", status: 412 },
      );
    }
    return f;
  }

  #begin(next: FunctionRecord): object {
    const f: FunctionRecord = {
      ...next,
      lastModified: this.#modified(),
      lastUpdateStatus: "InProgress",
      revisionId: randomUUID(),
    };
    this.put(f);
    this.#settle(`${f.region}/${f.name}`);
    return configuration(f);
  }

  #settle(key: string): void {
    const settled = () => {
      this.#settling.delete(key);
      const f = this.store.get(key);
      if (f) this.store.put(key, { ...f, state: "Active", lastUpdateStatus: "Successful" });
    };
    this.#settling.set(key, setTimeout(settled, SETTLE_MS));
  }

  #uses(codeFile: string): boolean {
    for (const [, f] of this.store.entries()) if (f.codeFile === codeFile) return true;
    return false;
  }

  #modified(): string {
    return new Date(this.#stack.now()).toISOString().replace("Z", "+0000");
  }

  /** Processes of each function's execution environments. */
  processes(): Record<string, ReturnType<Pool["processes"]>> {
    return Object.fromEntries([...this.#pools].map(([key, pool]) => [key, pool.processes()]));
  }

  async close(): Promise<void> {
    for (const timer of this.#settling.values()) clearTimeout(timer);
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }
}

function echoed(input: any): Record<string, unknown> {
  const all = { TracingConfig: input.TracingConfig, KMSKeyArn: input.KMSKeyArn };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
