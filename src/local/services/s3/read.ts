import { checkRead } from "./conditions.ts";
import { s3Error } from "./errors.ts";
import { checksumHeaders, findVersion, versionHeader } from "./objects.ts";
import type { Reply, S3Request } from "./request.ts";
import type { S3State, Version } from "./state.ts";

const OVERRIDES = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
];

interface Span {
  start: number;
  /** Included; `start - 1` for nothing. */
  end: number;
}

/** GetObject and HeadObject. */
export function readObject(request: S3Request, state: S3State): Reply {
  const version = findVersion(state, request.bucket, request.key, request.query.get("versionId") ?? undefined);
  checkRead(request, version);
  const part = request.query.get("partNumber");
  const ranged = part === null ? parseRange(request, version) : partSpan(version, part);
  const { start, end } = ranged ?? { start: 0, end: version.size - 1 };
  const headers: Record<string, string | number | undefined> = {
    ...version.headers,
    "accept-ranges": "bytes",
    "content-length": end - start + 1,
    etag: `"${version.etag}"`,
    "last-modified": new Date(version.modified).toUTCString(),
    ...versionHeader(state, version),
  };
  const tags = Object.keys(version.tags).length;
  if (tags > 0) headers["x-amz-tagging-count"] = tags;
  if (part !== null && version.parts) headers["x-amz-mp-parts-count"] = version.parts.length;
  if (ranged) headers["content-range"] = `bytes ${start}-${end}/${version.size}`;
  // A part of the bytes can't be held against the checksum of all.
  else if (version.checksum && request.header("x-amz-checksum-mode")?.toUpperCase() === "ENABLED")
    Object.assign(headers, checksumHeaders(version.checksum));
  for (const name of OVERRIDES) {
    const value = request.query.get(`response-${name}`);
    if (value !== null) headers[name] = value;
  }
  return { status: ranged ? 206 : 200, headers, file: { path: state.path(version), start, end } };
}

/** One range; S3 answers several, or what isn't a range, with the whole. */
function parseRange(request: S3Request, version: Version): Span | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.header("range")?.trim() ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const { size } = version;
  const start = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === "" || match[2] === "" ? size - 1 : Math.min(size - 1, Number(match[2]));
  if (match[1] !== "" && match[2] !== "" && Number(match[2]) < start) return undefined;
  if (start >= size || (match[1] === "" && Number(match[2]) === 0))
    throw s3Error("InvalidRange", { RangeRequested: request.header("range"), ActualObjectSize: size });
  return { start, end };
}

function partSpan(version: Version, text: string): Span | undefined {
  const number = Number(text);
  const parts = version.parts ?? [version.size];
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw s3Error(
      "InvalidArgument",
      { ArgumentName: "partNumber", ArgumentValue: text },
      "Part number must be an integer between 1 and 10000, inclusive",
    );
  if (number > parts.length) throw s3Error("InvalidPartNumber", {}, "The requested partnumber is not satisfiable");
  if (version.size === 0) return undefined;
  const start = parts.slice(0, number - 1).reduce((sum, size) => sum + size, 0);
  return { start, end: start + parts[number - 1]! - 1 };
}
