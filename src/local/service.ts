import type { IncomingMessage, ServerResponse } from "node:http";
import type { AwsError } from "./errors.ts";
import type { FileOptions } from "./storage/store-file.ts";

/** The only account of the embedded stack. */
export const ACCOUNT = "000000000000";

export type Wire = "object" | "json" | "cbor" | "rpc-v2-cbor" | "query" | "ec2" | "rest-json" | "http";

/** What is known of a call besides its input. */
export interface Call {
  service: string;
  operation: string;
  region: string;
  requestId: string;
  /** Made by the stack itself: a real service's rate limits don't apply. */
  internal: boolean;
  /** How the answer goes over the wire; "object" for calls inside the stack. */
  wire: Wire;
  /** Aborted when the client has gone or the stack stops. */
  signal: AbortSignal;
}

/** Where the members of a REST-JSON operation go that aren't in path, query or JSON body. */
export interface RestBinding {
  /** Of the successful answer; 200 if not said. A member's name takes it from the answer. */
  status?: number | { member: string };
  /** Request member → header. */
  headers?: Record<string, string>;
  /** The request's raw body is this member (a Uint8Array), or its JSON is. */
  payload?: { member: string; type: "raw" | "json" };
  /** Answer member → header. */
  answerHeaders?: Record<string, string>;
  /** The answer's body is this member's bytes, as they are. */
  answerPayload?: string;
}

/** An answer that the operation has already put into the call's `wire` format (the hot paths do). */
export class Encoded {
  readonly body: string | Uint8Array;
  constructor(body: string | Uint8Array) {
    this.body = body;
  }
}

/** An answer in `application/vnd.amazon.eventstream`: the initial response, then events until the iterable ends. */
export class EventStream {
  readonly initial: object;
  readonly events: AsyncIterable<{ type: string; payload: object }>;
  constructor(initial: object, events: AsyncIterable<{ type: string; payload: object }>) {
    this.initial = initial;
    this.events = events;
  }
}

/** What services may offer to the rest of the stack. */
export interface ServiceHooks {
  /** `GET /_windops/<name>` answers with the result as JSON: figures that AWS shows elsewhere. */
  pages?: Record<string, (query: URLSearchParams) => unknown | Promise<unknown>>;
  /** `POST /_windops/<name>` with a JSON body. */
  actions?: Record<string, (input: any) => unknown | Promise<unknown>>;
  /** Behind `Stack.object` (S3). */
  object?(bucket: string, key: string, versionId?: string): ObjectRead;
  /** Behind `Stack.recordsAfter` (Kinesis). */
  recordsAfter?: Stack["recordsAfter"];
  /** Called once when every service is there and the port is open. */
  started?(): void | Promise<void>;
  close?(): Promise<void>;
}

export type Operation = (input: any, call: Call) => unknown | Promise<unknown>;

/**
 * A service whose calls are operations on plain objects. The server does the wire: AWS JSON 1.0/1.1 (and CBOR where
 * the client sends it), Query/EC2 with XML answers, REST-JSON by `routes`, Smithy RPC v2 CBOR. Blobs are Uint8Array
 * and timestamps Date, both ways. Query and EC2 inputs have strings where the model has numbers and booleans; in their
 * answers a map is a `Map` (an object is a structure) and EC2's members have the names of its XML (`instancesSet`).
 */
export interface RpcService extends ServiceHooks {
  kind: "rpc";
  /** Names in the signature's scope (`Credential=AKID/date/region/<name>/aws4_request`). */
  signingNames: string[];
  protocol: "json" | "query" | "ec2" | "rest-json" | "rpc-v2-cbor";
  /** `X-Amz-Target` before the dot (json). */
  targetPrefixes?: string[];
  /** XML namespace of the answers (query, ec2). */
  namespace?: string;
  /** REST-JSON: "POST /2015-03-31/functions/{FunctionName}/code" → operation. Path labels and query become members. */
  routes?: Record<string, string>;
  /** REST-JSON: by operation, where it isn't all path, query, JSON body and 200. */
  bindings?: Record<string, RestBinding>;
  /** Members of timestamp and blob type, where JSON or XML can't tell (by member name). */
  timestamps?: string[];
  blobs?: string[];
  operations: Record<string, Operation>;
  /** Largest request body in bytes; 16 MiB if not said. */
  bodyLimit?: number;
}

/** A service with its own wire format on plain HTTP (S3, DynamoDB through dynalite). */
export interface HttpService extends ServiceHooks {
  kind: "http";
  signingNames: string[];
  targetPrefixes?: string[];
  handle(request: IncomingMessage, response: ServerResponse, call: Call): Promise<void>;
  /** The API's name of the call that a request makes; its `X-Amz-Target` or HTTP method if not said. */
  operationOf?(request: IncomingMessage, call: Call): string;
  /** Answers a request that wasn't handled with an error in the service's own words; AWS JSON if not said. */
  fail?(error: AwsError, request: IncomingMessage, response: ServerResponse, call: Call): void;
  /** Behind `Stack.call`, for calls inside the stack. */
  invoke?(operation: string, input: object, call: Call): Promise<unknown>;
}

export type Service = RpcService | HttpService;

/**
 * A durable map of JSON documents: every change is on disk (in the operating system's hands) before the method
 * returns, so that it survives `kill -9`. Values are treated as immutable: put a changed copy.
 */
export interface Store<V> {
  get(key: string): V | undefined;
  put(key: string, value: V): void;
  delete(key: string): boolean;
  entries(): IterableIterator<[string, V]>;
  readonly size: number;
}

/** A stored S3 object, for the services that read code and jars from buckets. */
export interface ObjectRead {
  path: string;
  size: number;
  etag: string;
  versionId?: string;
}

/** What each service gets of the stack that it's in. */
export interface Stack {
  /** Folder for this service's own files (record logs, objects, unpacked code). */
  folder(service: string): string;
  /** Durable documents, one log file a name. */
  store<V>(name: string): Store<V>;
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  readonly account: string;
  now(): number;
  /** [0, 1) from the stack's seed. */
  random(): number;
  /** A line in the stack's own log. */
  log(line: string): void;
  /** Calls another service's operation in-process, as itself; throws `AwsError`. */
  call<T = any>(service: string, operation: string, input: object, region: string): Promise<T>;
  /** An S3 object's bytes; throws `AwsError` NoSuchKey, NoSuchBucket. */
  object(bucket: string, key: string, versionId?: string): ObjectRead;
  /** Resolves when the shard has a record after `sequenceNumber` (or any, if undefined), closes, or `signal` aborts. */
  recordsAfter(
    streamArn: string,
    shardId: string,
    sequenceNumber: string | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  /** Says that something on disk was found torn or corrupt, and counts it in the health answer. */
  damaged(line: string): void;
  /** For services that write files of their own. */
  readonly fileOptions: FileOptions;
  /** Limits of real services are enforced (`--no-limits` turns them off). */
  readonly limits: boolean;
  /** Engine of the Flink applications (`--engine`, WINDOPS_ENGINE). */
  readonly engine: "embedded" | "flink";
  readonly signal: AbortSignal;
}

export type ServiceFactory = (stack: Stack) => Service | Promise<Service>;
