import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Algorithm, headerOf, parseAlgorithm, type StoredChecksum } from "./checksums.ts";
import { checkRead, checkWrite } from "./conditions.ts";
import { s3Error } from "./errors.ts";
import { checksumOf } from "./file-checksum.ts";
import { documentTags, encryptionHeaders, headerTags, objectHeaders, tagsDocument } from "./metadata.ts";
import { type Reply, readDocument, type S3Request } from "./request.ts";
import type { S3State, Version } from "./state.ts";
import { newFile, receiveBody } from "./upload.ts";
import { document, type Xml } from "./xml.ts";

/** The version that a read means; throws NoSuchKey, NoSuchVersion, or MethodNotAllowed for a delete marker by id. */
export function findVersion(state: S3State, bucket: string, key: string, versionId: string | undefined): Version {
  state.bucket(bucket);
  if (versionId === undefined) {
    const latest = state.latest(bucket, key);
    if (!latest) throw s3Error("NoSuchKey", { Key: key });
    if (latest.deleteMarker) throw s3Error("NoSuchKey", { Key: key, deleteMarker: latest.versionId });
    return latest;
  }
  const version = state.versions(bucket, key).find((v) => v.versionId === versionId);
  if (!version) throw s3Error("NoSuchVersion", { Key: key, VersionId: versionId });
  if (version.deleteMarker)
    throw s3Error("MethodNotAllowed", { Method: "GET", ResourceType: "DeleteMarker", deleteMarker: versionId });
  return version;
}

export async function putObject(request: S3Request, state: S3State): Promise<Reply> {
  const { bucket, key } = request;
  state.bucket(bucket);
  const headers = objectHeaders(request);
  const tags = headerTags(request.header("x-amz-tagging"));
  checkWrite(request, state.latest(bucket, key));
  const received = await receiveBody(request, state);
  const entry = { file: state.relative(received.path) };
  try {
    // Another write may have come while this one was streaming.
    checkWrite(request, state.latest(bucket, key));
    const checksum: StoredChecksum = { ...received.checksum, type: "FULL_OBJECT" };
    const { size, md5: etag } = received;
    const version = state.add({
      bucket,
      key,
      deleteMarker: false,
      ...entry,
      size,
      etag,
      checksum,
      headers,
      tags,
      parts: undefined,
    });
    return {
      headers: {
        etag: `"${etag}"`,
        ...versionHeader(state, version),
        ...encryptionHeaders(headers),
        ...checksumHeaders(checksum),
      },
    };
  } catch (error) {
    state.discard(entry);
    throw error;
  }
}

/** PutObject from inside the stack: failure destinations of functions and event sources. */
export async function putBytes(
  state: S3State,
  input: { Bucket: string; Key: string; Body: Uint8Array; ContentType?: string },
): Promise<{ ETag: string; VersionId: string | undefined }> {
  const { Bucket: bucket, Key: key, Body: bytes } = input;
  state.bucket(bucket);
  const path = await newFile(state.folder);
  const entry = { file: state.relative(path) };
  try {
    await pipeline([Buffer.from(bytes)], state.create(path));
    const etag = createHash("md5").update(bytes).digest("hex");
    const checksum: StoredChecksum = {
      algorithm: "CRC64NVME",
      type: "FULL_OBJECT",
      value: await checksumOf([path], "CRC64NVME"),
    };
    const headers = {
      "content-type": input.ContentType ?? "binary/octet-stream",
      "x-amz-server-side-encryption": "AES256",
    };
    const size = bytes.length;
    const version = state.add({
      bucket,
      key,
      deleteMarker: false,
      ...entry,
      size,
      etag,
      checksum,
      headers,
      tags: {},
      parts: undefined,
    });
    return { ETag: `"${etag}"`, VersionId: version.versionId === "null" ? undefined : version.versionId };
  } catch (error) {
    state.discard(entry);
    throw error;
  }
}

export async function copyObject(request: S3Request, state: S3State): Promise<Reply> {
  const { bucket, key } = request;
  state.bucket(bucket);
  const source = copySource(request, state);
  checkRead(request, source, "x-amz-copy-source-");
  const replaces = request.header("x-amz-metadata-directive")?.toUpperCase() === "REPLACE";
  const toItself =
    source.bucket === bucket &&
    source.key === key &&
    request.header("x-amz-copy-source")?.includes("versionId=") !== true;
  if (
    toItself &&
    !replaces &&
    !request.header("x-amz-storage-class") &&
    !request.header("x-amz-server-side-encryption")
  )
    throw s3Error(
      "InvalidRequest",
      {},
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  const headers = replaces ? objectHeaders(request) : { ...source.headers };
  const tags =
    request.header("x-amz-tagging-directive")?.toUpperCase() === "REPLACE"
      ? headerTags(request.header("x-amz-tagging"))
      : source.tags;
  checkWrite(request, state.latest(bucket, key));
  const path = await newFile(state.folder);
  const entry = { file: state.relative(path) };
  try {
    await pipeline(createReadStream(state.path(source)), state.create(path));
    const checksum = await copiedChecksum(request, source, path);
    checkWrite(request, state.latest(bucket, key));
    const { size, etag, parts } = source;
    const version = state.add({
      bucket,
      key,
      deleteMarker: false,
      ...entry,
      size,
      etag,
      checksum,
      headers,
      tags,
      parts,
    });
    return {
      headers: {
        ...versionHeader(state, version),
        ...(source.versionId === "null" ? {} : { "x-amz-copy-source-version-id": source.versionId }),
        ...encryptionHeaders(headers),
      },
      xml: document("CopyObjectResult", [
        ["LastModified", new Date(version.modified)],
        ["ETag", `"${etag}"`],
        ...checksumElements(checksum),
      ]),
    };
  } catch (error) {
    state.discard(entry);
    throw error;
  }
}

async function copiedChecksum(request: S3Request, source: Version, path: string): Promise<StoredChecksum | undefined> {
  const algorithm: Algorithm | undefined = parseAlgorithm(request.header("x-amz-checksum-algorithm"));
  if (algorithm === undefined || (source.checksum?.algorithm === algorithm && source.checksum.type === "FULL_OBJECT"))
    return source.checksum;
  return { algorithm, type: "FULL_OBJECT", value: await checksumOf([path], algorithm) };
}

/** `x-amz-copy-source: /bucket/key%20with%20escapes?versionId=…`. */
export function copySource(request: S3Request, state: S3State): Version {
  const [path = "", query = ""] = request.header("x-amz-copy-source")!.split("?");
  let decoded: string;
  try {
    decoded = decodeURIComponent(path).replace(/^\//, "");
  } catch {
    throw s3Error("InvalidArgument", { ArgumentName: "x-amz-copy-source" }, "Invalid copy source encoding");
  }
  const slash = decoded.indexOf("/");
  if (slash <= 0 || slash === decoded.length - 1)
    throw s3Error("InvalidArgument", { ArgumentName: "x-amz-copy-source" }, "Invalid copy source object key");
  return findVersion(
    state,
    decoded.slice(0, slash),
    decoded.slice(slash + 1),
    new URLSearchParams(query).get("versionId") ?? undefined,
  );
}

export async function objectTagging(request: S3Request, state: S3State): Promise<Reply> {
  const version = findVersion(state, request.bucket, request.key, request.query.get("versionId") ?? undefined);
  const headers = versionHeader(state, version);
  if (request.method === "GET") {
    return { headers, xml: tagsDocument(version.tags) };
  }
  const tags = request.method === "PUT" ? documentTags(await readDocument(request, "Tagging"), 10) : {};
  const current = state.versions(version.bucket, version.key).find((v) => v.versionId === version.versionId);
  if (!current) throw s3Error("NoSuchKey", { Key: request.key });
  state.replace(current, { ...current, tags });
  return { status: request.method === "PUT" ? 200 : 204, headers };
}

/** GetObjectAttributes. */
export function objectAttributes(request: S3Request, state: S3State): Reply {
  const version = findVersion(state, request.bucket, request.key, request.query.get("versionId") ?? undefined);
  const wanted = (request.header("x-amz-object-attributes") ?? "").split(",").map((a) => a.trim());
  const members: Xml[] = [];
  if (wanted.includes("ETag")) members.push(["ETag", version.etag]);
  if (wanted.includes("Checksum") && version.checksum) members.push(["Checksum", checksumElements(version.checksum)]);
  if (wanted.includes("ObjectParts") && version.parts)
    members.push([
      "ObjectParts",
      [
        ["PartsCount", version.parts.length],
        ["IsTruncated", false],
      ],
    ]);
  if (wanted.includes("StorageClass"))
    members.push(["StorageClass", version.headers["x-amz-storage-class"] ?? "STANDARD"]);
  if (wanted.includes("ObjectSize")) members.push(["ObjectSize", version.size]);
  return {
    headers: { ...versionHeader(state, version), "last-modified": new Date(version.modified).toUTCString() },
    xml: document("GetObjectAttributesResponse", members),
  };
}

export function versionHeader(state: S3State, version: Version): Record<string, string> {
  return state.buckets.get(version.bucket)?.versioning === undefined ? {} : { "x-amz-version-id": version.versionId };
}

export function checksumHeaders(checksum: StoredChecksum): Record<string, string> {
  return { [headerOf(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };
}

export function checksumElements(checksum: StoredChecksum | undefined): Xml[] {
  return checksum
    ? [
        [`Checksum${checksum.algorithm}`, checksum.value],
        ["ChecksumType", checksum.type],
      ]
    : [];
}
