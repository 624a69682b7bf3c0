import type { IncomingMessage } from "node:http";
import type { Call } from "../../service.ts";
import { s3Error } from "./errors.ts";
import { type Element, parseXml } from "./xml.ts";

/** One call as S3 addresses it. `bucket` and `key` are empty where the call has none. */
export interface S3Request {
  incoming: IncomingMessage;
  method: string;
  bucket: string;
  key: string;
  query: URLSearchParams;
  /** A header, or the query parameter that a presigned URL carries in its place. Lower-case names. */
  header(name: string): string | undefined;
  call: Call;
}

/** What a call answers; a `file` is streamed from `start` to `end`, both included. */
export interface Reply {
  status?: number;
  headers?: Record<string, string | number | undefined>;
  xml?: string;
  text?: string;
  file?: { path: string; start: number; end: number };
}

const MAX_DOCUMENT = 8 * 1024 * 1024;

export function readRequest(incoming: IncomingMessage, call: Call): S3Request {
  const [rawPath = "/", rawQuery = ""] = splitOnce(incoming.url ?? "/", "?");
  const query = new URLSearchParams(rawQuery);
  const path = decode(rawPath.startsWith("/") ? rawPath.slice(1) : rawPath);
  const hosted = hostBucket(incoming.headers.host);
  const [first = "", rest = ""] = splitOnce(path, "/");
  const key = hosted === undefined ? rest : path;
  if (Buffer.byteLength(key) > 1024)
    throw s3Error("KeyTooLongError", { Size: Buffer.byteLength(key), MaxSizeAllowed: 1024 });
  return {
    incoming,
    method: incoming.method ?? "GET",
    bucket: hosted ?? first,
    key,
    query,
    call,
    header: (name) => {
      const value = incoming.headers[name];
      return (Array.isArray(value) ? value.join(",") : value) ?? queryHeader(query, name);
    },
  };
}

/** Presigners move `x-amz-*` headers into the query, spelling them as they like. */
function queryHeader(query: URLSearchParams, name: string): string | undefined {
  if (!name.startsWith("x-amz-")) return undefined;
  for (const [key, value] of query) if (key.toLowerCase() === name) return value;
  return undefined;
}

/** `bucket.localhost:4566`, `bucket.s3.localhost:4566`, `bucket.s3.eu-west-1.amazonaws.com`: virtual-host style. */
function hostBucket(host: string | undefined): string | undefined {
  const name = (host ?? "").replace(/:\d+$/, "").toLowerCase();
  const match =
    /^(.+?)\.s3[.-](?:[a-z0-9.-]+\.)?amazonaws\.com(?:\.cn)?$/.exec(name) ??
    /^(?!s3\.localhost$)(.+?)(?:\.s3)?\.localhost$/.exec(name) ??
    /^(.+?)\.(?:s3\.)?127\.0\.0\.1$/.exec(name);
  return match?.[1];
}

/** Throws AccessDenied for a presigned URL past its end, as S3 does. */
export function checkExpiry(query: URLSearchParams, now: number): void {
  const [date, seconds] = [query.get("X-Amz-Date"), query.get("X-Amz-Expires")];
  if (!date || !seconds) return;
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (!match || !/^\d+$/.test(seconds))
    throw s3Error(
      "AuthorizationQueryParametersError",
      {},
      "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    );
  const [, y, mo, d, h, mi, s] = match;
  const expires = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`) + Number(seconds) * 1000;
  if (now > expires)
    throw s3Error(
      "AccessDenied",
      { Expires: new Date(expires).toISOString(), ServerTime: new Date(now).toISOString() },
      "Request has expired",
    );
}

/** The body's bytes; who stops reading before their end can still answer. */
export function bodyOf(request: S3Request): AsyncIterable<Buffer> {
  return request.incoming.iterator({ destroyOnReturn: false });
}

/** The request's body as an XML document whose root has one of the given names. */
export async function readDocument(request: S3Request, ...roots: string[]): Promise<Element> {
  const text = await readText(request);
  try {
    const root = parseXml(text);
    if (roots.includes(root.name)) return root;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw s3Error("MalformedXML");
}

export async function readText(request: S3Request): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of bodyOf(request)) {
    size += chunk.length;
    if (size > MAX_DOCUMENT) throw s3Error("EntityTooLarge", { MaxSizeAllowed: MAX_DOCUMENT });
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString("utf8");
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw s3Error("InvalidURI", { URI: path });
  }
}

/** A whole number in [0, 1000] of the query (max-keys and its like), 1000 if absent. */
export function pageSize(request: S3Request, name: string): number {
  const text = request.query.get(name);
  if (text === null || text === "") return 1000;
  if (!/^\d{1,10}$/.test(text) || Number(text) > 2 ** 31 - 1)
    throw s3Error(
      "InvalidArgument",
      { ArgumentName: name, ArgumentValue: text },
      `Provided ${name} not an integer or within integer range`,
    );
  return Math.min(1000, Number(text));
}
