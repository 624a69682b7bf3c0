import { s3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";
import type { Version } from "./state.ts";

/** Evaluates If-Match & co. of a read, in the order of RFC 9110 13.2.2; throws PreconditionFailed or NotModified. */
export function checkRead(request: S3Request, version: Version, prefix = ""): void {
  const header = (name: string) => request.header(`${prefix}${name}`);
  const modified = Math.floor(version.modified / 1000) * 1000;
  const ifMatch = header("if-match");
  const unmodifiedSince = date(header("if-unmodified-since"));
  const ifNoneMatch = header("if-none-match");
  const modifiedSince = date(header("if-modified-since"));
  const failed = (condition: string) => s3Error("PreconditionFailed", { Condition: condition });
  // A copy has no cache to answer "not modified" to.
  const fresh = (condition: string) => (prefix ? failed(condition) : s3Error("NotModified", { etag: version.etag }));
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version.etag)) throw failed("If-Match");
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) throw failed("If-Unmodified-Since");
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, version.etag)) throw fresh("If-None-Match");
  } else if (modifiedSince !== undefined && modified <= modifiedSince) throw fresh("If-Modified-Since");
}

/** If-None-Match: * writes only where nothing is; If-Match only over what the client has seen. */
export function checkWrite(request: S3Request, latest: Version | undefined): void {
  const current = latest?.deleteMarker ? undefined : latest;
  const ifNoneMatch = request.header("if-none-match");
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== "*")
      throw s3Error("NotImplemented", {
        Header: "If-None-Match",
        additionalMessage: "We don't accept the provided value of If-None-Match header for this API",
      });
    if (current) throw s3Error("PreconditionFailed", { Condition: "If-None-Match" });
  }
  const ifMatch = request.header("if-match");
  if (ifMatch !== undefined) {
    if (!current) throw s3Error("NoSuchKey", { Key: request.key });
    if (!matches(ifMatch, current.etag)) throw s3Error("PreconditionFailed", { Condition: "If-Match" });
  }
}

function matches(header: string, etag: string): boolean {
  return header.split(",").some((one) => {
    const wanted = one.trim();
    return wanted === "*" || wanted.replace(/^W\//, "").replace(/^"|"$/g, "") === etag;
  });
}

function date(header: string | undefined): number | undefined {
  const time = header === undefined ? Number.NaN : Date.parse(header);
  return Number.isNaN(time) ? undefined : time;
}
