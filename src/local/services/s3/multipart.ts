import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Algorithm, elementOf, headerOf, newChecksum, parseAlgorithm, type StoredChecksum } from "./checksums.ts";
import { checkRead, checkWrite } from "./conditions.ts";
import { s3Error } from "./errors.ts";
import { checksumOf } from "./file-checksum.ts";
import { encryptionHeaders, headerTags, objectHeaders } from "./metadata.ts";
import { checksumElements, copySource, versionHeader } from "./objects.ts";
import { type Reply, readDocument, type S3Request } from "./request.ts";
import type { Part, S3State, Upload } from "./state.ts";
import { newFile, receiveBody } from "./upload.ts";
import { children, childText, document, type Element } from "./xml.ts";

const MIN_PART = 5 * 1024 ** 2;

export function createUpload(request: S3Request, state: S3State): Reply {
  const { bucket, key } = request;
  state.bucket(bucket);
  const algorithm = parseAlgorithm(request.header("x-amz-checksum-algorithm")) ?? "CRC64NVME";
  const type = checksumType(request.header("x-amz-checksum-type"), algorithm);
  const upload: Upload = {
    uploadId: randomBytes(48).toString("base64url"),
    bucket,
    key,
    started: state.now(),
    headers: objectHeaders(request),
    tags: headerTags(request.header("x-amz-tagging")),
    algorithm,
    type,
    parts: {},
  };
  state.uploads.put(upload.uploadId, upload);
  return {
    headers: {
      ...encryptionHeaders(upload.headers),
      "x-amz-checksum-algorithm": algorithm,
      "x-amz-checksum-type": type,
    },
    xml: document("InitiateMultipartUploadResult", [
      ["Bucket", bucket],
      ["Key", key],
      ["UploadId", upload.uploadId],
    ]),
  };
}

function checksumType(asked: string | undefined, algorithm: Algorithm): StoredChecksum["type"] {
  const hash = algorithm.startsWith("SHA");
  if (asked === undefined) return algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE";
  if ((asked === "FULL_OBJECT" && !hash) || (asked === "COMPOSITE" && algorithm !== "CRC64NVME")) return asked;
  throw s3Error(
    "InvalidRequest",
    {},
    `The ${asked} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  );
}

export function findUpload(request: S3Request, state: S3State): Upload {
  state.bucket(request.bucket);
  const uploadId = request.query.get("uploadId") ?? "";
  const upload = state.uploads.get(uploadId);
  if (upload?.bucket !== request.bucket || upload.key !== request.key)
    throw s3Error("NoSuchUpload", { UploadId: uploadId });
  return upload;
}

function partNumber(request: S3Request): number {
  const text = request.query.get("partNumber") ?? "";
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > 10_000)
    throw s3Error(
      "InvalidArgument",
      { ArgumentName: "partNumber", ArgumentValue: text },
      "Part number must be an integer between 1 and 10000, inclusive",
    );
  return number;
}

/** Takes a part's place in the upload as it is by now: other parts, or its end, may have come meanwhile. */
function keepPart(request: S3Request, state: S3State, part: Part): void {
  const upload = findUpload(request, state);
  const replaced = upload.parts[part.number];
  state.uploads.put(upload.uploadId, { ...upload, parts: { ...upload.parts, [part.number]: part } });
  if (replaced) state.discard(replaced);
}

export async function uploadPart(request: S3Request, state: S3State): Promise<Reply> {
  const number = partNumber(request);
  const upload = findUpload(request, state);
  const received = await receiveBody(request, state);
  const file = state.relative(received.path);
  try {
    const { size, md5: etag } = received;
    const { algorithm } = upload;
    const value =
      received.checksum.algorithm === algorithm
        ? received.checksum.value
        : await checksumOf([received.path], algorithm);
    keepPart(request, state, { number, file, size, etag, checksum: { algorithm, value }, modified: state.now() });
    const checksum = { [headerOf(received.checksum.algorithm)]: received.checksum.value };
    return { headers: { etag: `"${etag}"`, ...encryptionHeaders(upload.headers), ...checksum } };
  } catch (error) {
    state.discard({ file });
    throw error;
  }
}

export async function uploadPartCopy(request: S3Request, state: S3State): Promise<Reply> {
  const number = partNumber(request);
  const upload = findUpload(request, state);
  const source = copySource(request, state);
  checkRead(request, source, "x-amz-copy-source-");
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.header("x-amz-copy-source-range") ?? "");
  const [start, end] = range ? [Number(range[1]), Number(range[2])] : [0, source.size - 1];
  if (start > end + 1 || end >= source.size)
    throw s3Error(
      "InvalidArgument",
      { ArgumentName: "x-amz-copy-source-range" },
      `Range specified is not valid for source object of size: ${source.size}`,
    );
  const path = await newFile(state.folder);
  const file = state.relative(path);
  const md5 = createHash("md5");
  const checksum = newChecksum(upload.algorithm);
  try {
    const bytes = source.size === 0 ? Readable.from([]) : createReadStream(state.path(source), { start, end });
    await pipeline(
      bytes,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          md5.update(chunk);
          checksum.update(chunk);
          yield chunk;
        }
      },
      state.create(path),
    );
    const etag = md5.digest("hex");
    const part: Part = {
      number,
      file,
      size: end - start + 1,
      etag,
      checksum: { algorithm: upload.algorithm, value: checksum.digest().toString("base64") },
      modified: state.now(),
    };
    keepPart(request, state, part);
    return {
      xml: document("CopyPartResult", [
        ["LastModified", new Date(part.modified)],
        ["ETag", `"${etag}"`],
      ]),
    };
  } catch (error) {
    state.discard({ file });
    throw error;
  }
}

export async function completeUpload(request: S3Request, state: S3State): Promise<Reply> {
  findUpload(request, state);
  const root = await readDocument(request, "CompleteMultipartUpload");
  const upload = findUpload(request, state);
  const { bucket, key } = upload;
  const parts = chosenParts(upload, children(root, "Part"));
  checkWrite(request, state.latest(bucket, key));
  const path = await newFile(state.folder);
  const entry = { file: state.relative(path) };
  try {
    const whole = newChecksum(upload.algorithm);
    await pipeline(async function* () {
      for (const part of parts)
        for await (const chunk of createReadStream(state.path(part), { highWaterMark: 1 << 18 })) {
          if (upload.type === "FULL_OBJECT") whole.update(chunk);
          yield chunk;
        }
    }, state.create(path));
    const checksum = objectChecksum(upload, parts, whole.digest().toString("base64"));
    const said = request.header(headerOf(upload.algorithm));
    if (said !== undefined && said !== checksum.value && said !== checksum.value.replace(/-\d+$/, ""))
      throw s3Error(
        "BadDigest",
        {},
        `The ${upload.algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
      );
    const digests = parts.map((part) => Buffer.from(part.etag, "hex"));
    const etag = `${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-${parts.length}`;
    findUpload(request, state);
    checkWrite(request, state.latest(bucket, key));
    const { headers, tags } = upload;
    const sizes = parts.map((part) => part.size);
    const size = sizes.reduce((sum, one) => sum + one, 0);
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
      parts: sizes,
    });
    dropCompleted(state, upload);
    return {
      headers: { ...versionHeader(state, version), ...encryptionHeaders(headers) },
      xml: document("CompleteMultipartUploadResult", [
        ["Location", `http://${request.incoming.headers.host}/${bucket}/${encodeURIComponent(key)}`],
        ["Bucket", bucket],
        ["Key", key],
        ["ETag", `"${etag}"`],
        ...checksumElements(checksum),
      ]),
    };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** The parts that the client lists, each as it was uploaded; all but the last at least 5 MB. */
function chosenParts(upload: Upload, listed: Element[]): Part[] {
  if (listed.length === 0) throw s3Error("MalformedXML");
  let last = 0;
  const parts = listed.map((element) => {
    const number = Number(childText(element, "PartNumber"));
    if (!Number.isInteger(number)) throw s3Error("MalformedXML");
    if (number <= last) throw s3Error("InvalidPartOrder", { UploadId: upload.uploadId });
    last = number;
    const part = upload.parts[number];
    const etag = (childText(element, "ETag") ?? "").replace(/^"|"$/g, "");
    const checksum = childText(element, elementOf(upload.algorithm));
    if (part?.etag !== etag || (checksum !== undefined && checksum !== part.checksum.value))
      throw s3Error("InvalidPart", { UploadId: upload.uploadId, PartNumber: number, ETag: etag });
    return part;
  });
  const small = parts.slice(0, -1).find((part) => part.size < MIN_PART);
  if (small)
    throw s3Error("EntityTooSmall", {
      ProposedSize: small.size,
      MinSizeAllowed: MIN_PART,
      PartNumber: small.number,
      ETag: small.etag,
    });
  return parts;
}

function objectChecksum(upload: Upload, parts: Part[], whole: string): StoredChecksum {
  const { algorithm, type } = upload;
  if (type === "FULL_OBJECT") return { algorithm, type, value: whole };
  const composite = newChecksum(algorithm);
  for (const part of parts) composite.update(Buffer.from(part.checksum.value, "base64"));
  return { algorithm, type, value: `${composite.digest().toString("base64")}-${parts.length}` };
}

function dropUpload(state: S3State, upload: Upload): void {
  const current = state.uploads.get(upload.uploadId);
  state.uploads.delete(upload.uploadId);
  for (const part of Object.values(current?.parts ?? {})) state.discard(part);
}

/** The object is there by now, whether or not the upload's end can be written down. */
function dropCompleted(state: S3State, upload: Upload): void {
  try {
    dropUpload(state, upload);
  } catch {
    // It stays listed, and can be completed again or aborted.
  }
}

export function abortUpload(request: S3Request, state: S3State): Reply {
  dropUpload(state, findUpload(request, state));
  return { status: 204 };
}
