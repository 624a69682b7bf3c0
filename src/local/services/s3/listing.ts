import { s3Error } from "./errors.ts";
import { compareKeys, lowerBound } from "./key-order.ts";
import { pageSize, type Reply, type S3Request } from "./request.ts";
import type { S3State, Version } from "./state.ts";
import { document, type Xml } from "./xml.ts";

const OWNER_ID = "windops";

/** What of a key remains up to and with the delimiter that follows the prefix. */
function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

interface Page<Item> {
  items: Item[];
  prefixes: string[];
  /** The key or common prefix that the page ended with, if more follow. */
  last: string | undefined;
}

/** A page of the keys after `after` (itself left out, and with it all keys that begin with it if it's a common prefix). */
function page(
  keys: string[],
  options: { prefix: string; delimiter: string; after: string; most: number },
  take: (key: string) => boolean,
): Page<string> {
  const { prefix, delimiter, after, most } = options;
  const items: string[] = [];
  const prefixes: string[] = [];
  let last = "";
  const skipped = after && delimiter && after.endsWith(delimiter) && after.startsWith(prefix) ? after : undefined;
  for (let i = lowerBound(keys, compareKeys(after, prefix) > 0 ? after : prefix); i < keys.length; i++) {
    const key = keys[i]!;
    if (!key.startsWith(prefix)) break;
    if (key === after || !take(key)) continue;
    const group = commonPrefix(key, prefix, delimiter);
    if (group !== undefined && (group === prefixes[prefixes.length - 1] || group === skipped)) continue;
    if (items.length + prefixes.length >= most) return { items, prefixes, last: most === 0 ? undefined : last };
    if (group === undefined) items.push(key);
    else prefixes.push(group);
    last = group ?? key;
  }
  return { items, prefixes, last: undefined };
}

function encoder(request: S3Request): (text: string) => string {
  const type = request.query.get("encoding-type");
  if (type === null) return (text) => text;
  if (type !== "url")
    throw s3Error(
      "InvalidArgument",
      { ArgumentName: "encoding-type", ArgumentValue: type },
      "Invalid Encoding Method specified in Request",
    );
  return (text) =>
    encodeURIComponent(text)
      .replace(/%2F/g, "/")
      .replace(/[!'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** ListObjects (v1) and ListObjectsV2. */
export function listObjects(request: S3Request, state: S3State): Reply {
  state.bucket(request.bucket);
  const { query } = request;
  const v2 = query.get("list-type") === "2";
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const most = pageSize(request, "max-keys");
  const token = query.get("continuation-token");
  const after = token !== null ? decodeToken(token) : ((v2 ? query.get("start-after") : query.get("marker")) ?? "");
  const encode = encoder(request);
  const found = page(
    state.keys(request.bucket),
    { prefix, delimiter, after, most },
    (key) => state.latest(request.bucket, key)?.deleteMarker === false,
  );
  const owned = !v2 || query.get("fetch-owner") === "true";
  const contents = found.items.map(
    (key): Xml => ["Contents", entry(state.latest(request.bucket, key)!, encode, owned)],
  );
  const common: Xml[] = [
    ["Name", request.bucket],
    ["Prefix", encode(prefix)],
    ["Delimiter", delimiter === "" ? undefined : encode(delimiter)],
    ["MaxKeys", most],
    ["EncodingType", query.get("encoding-type") ?? undefined],
    ["IsTruncated", found.last !== undefined],
  ];
  const versioned: Xml[] = v2
    ? [
        ["KeyCount", found.items.length + found.prefixes.length],
        ["ContinuationToken", token ?? undefined],
        ["NextContinuationToken", found.last === undefined ? undefined : encodeToken(found.last)],
        ["StartAfter", query.get("start-after") === null ? undefined : encode(query.get("start-after")!)],
      ]
    : [
        ["Marker", encode(query.get("marker") ?? "")],
        ["NextMarker", found.last === undefined || delimiter === "" ? undefined : encode(found.last)],
      ];
  const prefixes = found.prefixes.map((p): Xml => ["CommonPrefixes", [["Prefix", encode(p)]]]);
  return { xml: document("ListBucketResult", [...common, ...versioned, ...contents, ...prefixes]) };
}

function entry(version: Version, encode: (text: string) => string, owned: boolean): Xml[] {
  return [
    ["Key", encode(version.key)],
    ["LastModified", new Date(version.modified)],
    ["ETag", `"${version.etag}"`],
    ...checksum(version),
    ["Size", version.size],
    ...(owned ? [owner()] : []),
    ["StorageClass", version.headers["x-amz-storage-class"] ?? "STANDARD"],
  ];
}

function checksum(version: Version): Xml[] {
  if (!version.checksum) return [];
  return [
    ["ChecksumAlgorithm", version.checksum.algorithm],
    ["ChecksumType", version.checksum.type],
  ];
}

export function owner(): Xml {
  return [
    "Owner",
    [
      ["ID", OWNER_ID],
      ["DisplayName", OWNER_ID],
    ],
  ];
}

/** ListObjectVersions: every version and delete marker, newest first within a key. */
export function listVersions(request: S3Request, state: S3State): Reply {
  state.bucket(request.bucket);
  const { query, bucket } = request;
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const most = pageSize(request, "max-keys");
  const keyMarker = query.get("key-marker") ?? "";
  const versionMarker = query.get("version-id-marker") ?? "";
  if (versionMarker && !keyMarker)
    throw s3Error(
      "InvalidArgument",
      { ArgumentName: "version-id-marker", ArgumentValue: versionMarker },
      "A version-id marker cannot be specified without a key marker.",
    );
  const encode = encoder(request);
  const results: Xml[] = [];
  const rest = versionMarker ? olderThan(state.versions(bucket, keyMarker), versionMarker) : [];
  let next: { key: string; versionId?: string } | undefined;
  const add = (version: Version): boolean => {
    if (results.length >= most) return false;
    results.push(versionEntry(version, state.latest(bucket, version.key) === version, encode));
    next = { key: version.key, versionId: version.versionId };
    return true;
  };
  let truncated = rest.some((version) => !add(version));
  const prefixes: Xml[] = [];
  let group: string | undefined;
  const keys = state.keys(bucket);
  for (
    let i = lowerBound(keys, compareKeys(keyMarker, prefix) > 0 ? keyMarker : prefix);
    i < keys.length && !truncated;
    i++
  ) {
    const key = keys[i]!;
    if (!key.startsWith(prefix)) break;
    if (key === keyMarker) continue;
    const common = commonPrefix(key, prefix, delimiter);
    if (common !== undefined) {
      if (common === group || common === keyMarker) continue;
      if (results.length + prefixes.length >= most) truncated = true;
      else {
        prefixes.push(["CommonPrefixes", [["Prefix", encode(common)]]]);
        group = common;
        next = { key: common };
      }
      continue;
    }
    for (const version of state.versions(bucket, key)) {
      if (results.length + prefixes.length < most && add(version)) continue;
      truncated = true;
      break;
    }
  }
  if (most === 0) truncated = false;
  return {
    xml: document("ListVersionsResult", [
      ["Name", bucket],
      ["Prefix", encode(prefix)],
      ["KeyMarker", encode(keyMarker)],
      ["VersionIdMarker", versionMarker],
      ["NextKeyMarker", truncated && next ? encode(next.key) : undefined],
      ["NextVersionIdMarker", truncated ? next?.versionId : undefined],
      ["MaxKeys", most],
      ["Delimiter", delimiter === "" ? undefined : encode(delimiter)],
      ["EncodingType", query.get("encoding-type") ?? undefined],
      ["IsTruncated", truncated],
      ...results,
      ...prefixes,
    ]),
  };
}

function olderThan(versions: Version[], marker: string): Version[] {
  const at = versions.findIndex((v) => v.versionId === marker);
  return at < 0 ? [] : versions.slice(at + 1);
}

function versionEntry(version: Version, latest: boolean, encode: (text: string) => string): Xml {
  const members: Xml[] = [
    ["Key", encode(version.key)],
    ["VersionId", version.versionId],
    ["IsLatest", latest],
    ["LastModified", new Date(version.modified)],
  ];
  if (version.deleteMarker) return ["DeleteMarker", [...members, owner()]];
  const storage = version.headers["x-amz-storage-class"] ?? "STANDARD";
  return [
    "Version",
    [
      ...members,
      ["ETag", `"${version.etag}"`],
      ...checksum(version),
      ["Size", version.size],
      owner(),
      ["StorageClass", storage],
    ],
  ];
}

function encodeToken(key: string): string {
  return Buffer.from(key, "utf8").toString("base64url");
}

function decodeToken(token: string): string {
  const key = Buffer.from(token, "base64url").toString("utf8");
  if (token === "" || encodeToken(key) !== token)
    throw s3Error(
      "InvalidArgument",
      { ArgumentName: "continuation-token" },
      "The continuation token provided is incorrect",
    );
  return key;
}
