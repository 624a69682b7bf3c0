import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { AwsError } from "./errors.ts";
import { bucketLocation, createBucket, deleteBucket, headBucket, listBuckets } from "./s3/buckets.ts";
import { bucketConfiguration, configurationName, policyStatus } from "./s3/configurations.ts";
import { s3Error } from "./s3/errors.ts";
import { listObjects, listVersions, owner } from "./s3/listing.ts";
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  listUploads,
  uploadPart,
  uploadPartCopy,
} from "./s3/multipart.ts";
import {
  copyObject,
  deleteObject,
  deleteObjects,
  findVersion,
  objectAttributes,
  objectTagging,
  putBytes,
  putObject,
} from "./s3/objects.ts";
import { readObject } from "./s3/read.ts";
import { checkExpiry, type Reply, readRequest, type S3Request } from "./s3/request.ts";
import { S3State } from "./s3/state.ts";
import { document } from "./s3/xml.ts";
import type { Call, HttpService, ObjectRead, Stack } from "./service.ts";

export interface S3Service extends HttpService {
  /** The bytes of an object on disk; throws `AwsError` NoSuchBucket, NoSuchKey, NoSuchVersion. */
  object(bucket: string, key: string, versionId?: string): ObjectRead;
}

/** S3 over its own REST protocol: path and virtual-host style, today's streamed and checksummed uploads. */
export function s3(stack: Stack): S3Service {
  const state = new S3State(stack);
  return {
    kind: "http",
    signingNames: ["s3", "s3express"],
    async handle(incoming, response, call) {
      let request: S3Request | undefined;
      try {
        request = readRequest(incoming, call);
        checkExpiry(request.query, stack.now());
        await send(response, await answer(request, state), request, call);
      } catch (error) {
        sendError(response, error, incoming, request, call, stack);
      }
    },
    async invoke(operation, input) {
      if (operation !== "PutObject") throw s3Error("NotImplemented", {}, `S3 has no ${operation} inside the stack`);
      return putBytes(state, input as Parameters<typeof putBytes>[1]);
    },
    object(bucket, key, versionId) {
      const version = findVersion(state, bucket, key, versionId);
      const { size, etag } = version;
      return {
        path: state.path(version),
        size,
        etag,
        versionId: version.versionId === "null" ? undefined : version.versionId,
      };
    },
  };
}

function answer(request: S3Request, state: S3State): Reply | Promise<Reply> {
  if (request.bucket === "") {
    if (request.method === "GET") return listBuckets(request, state);
    throw s3Error("MethodNotAllowed", { Method: request.method });
  }
  return request.key === "" ? answerBucket(request, state) : answerObject(request, state);
}

function answerBucket(request: S3Request, state: S3State): Reply | Promise<Reply> {
  const { method, query } = request;
  const configuration = configurationName(request);
  if (configuration !== undefined) return bucketConfiguration(request, state, configuration);
  if (query.has("acl")) return acl(request, state);
  switch (method) {
    case "HEAD":
      return headBucket(request, state);
    case "GET":
      if (query.has("location")) return bucketLocation(request, state);
      if (query.has("versions")) return listVersions(request, state);
      if (query.has("uploads")) return listUploads(request, state);
      if (query.has("policyStatus")) return policyStatus(request, state);
      refuseUnknown(request);
      return listObjects(request, state);
    case "PUT":
      refuseUnknown(request);
      return createBucket(request, state);
    case "DELETE":
      refuseUnknown(request);
      return deleteBucket(request, state);
    case "POST":
      if (query.has("delete")) return deleteObjects(request, state);
  }
  throw s3Error("MethodNotAllowed", { Method: method });
}

function answerObject(request: S3Request, state: S3State): Reply | Promise<Reply> {
  const { method, query } = request;
  if (query.has("tagging")) return objectTagging(request, state);
  if (query.has("acl")) return acl(request, state);
  const upload = query.has("uploadId");
  const copies = request.header("x-amz-copy-source") !== undefined;
  switch (method) {
    case "HEAD":
      return readObject(request, state);
    case "GET":
      if (upload) return listParts(request, state);
      if (query.has("attributes")) return objectAttributes(request, state);
      refuseUnknown(request);
      return readObject(request, state);
    case "PUT":
      if (upload) return copies ? uploadPartCopy(request, state) : uploadPart(request, state);
      refuseUnknown(request);
      return copies ? copyObject(request, state) : putObject(request, state);
    case "DELETE":
      return upload ? abortUpload(request, state) : deleteObject(request, state);
    case "POST":
      if (query.has("uploads")) return createUpload(request, state);
      if (upload) return completeUpload(request, state);
      refuseUnknown(request);
  }
  throw s3Error("MethodNotAllowed", { Method: method });
}

const SUBRESOURCES = [
  "analytics",
  "intelligent-tiering",
  "inventory",
  "legal-hold",
  "metadataTable",
  "metrics",
  "restore",
  "retention",
  "select",
  "session",
  "torrent",
];

/** A subresource that isn't made here must not be taken for the bucket or object itself. */
function refuseUnknown(request: S3Request): void {
  const name = SUBRESOURCES.find((s) => request.query.has(s));
  if (name !== undefined)
    throw s3Error(
      "NotImplemented",
      {},
      `The embedded stack's S3 has no "${name}" subresource (${request.method} ?${name}).`,
    );
}

/** ACLs are off (BucketOwnerEnforced): the owner has everything, and nothing can be set. */
function acl(request: S3Request, state: S3State): Reply {
  if (request.key === "") state.bucket(request.bucket);
  else findVersion(state, request.bucket, request.key, request.query.get("versionId") ?? undefined);
  if (request.method === "PUT") {
    const canned = request.header("x-amz-acl");
    if (canned === "private" || canned === "bucket-owner-full-control") return {};
    throw s3Error("AccessControlListNotSupported");
  }
  const grantee = `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>windops</ID></Grantee>`;
  const list = `<AccessControlList><Grant>${grantee}<Permission>FULL_CONTROL</Permission></Grant></AccessControlList>`;
  return {
    xml: document("AccessControlPolicy", [owner()]).replace("</AccessControlPolicy>", `${list}</AccessControlPolicy>`),
  };
}

async function send(response: ServerResponse, reply: Reply, request: S3Request, call: Call): Promise<void> {
  // Opened before the headers go out: a newer write may unlink the file, but not what is open.
  const sends = reply.file !== undefined && request.method !== "HEAD" && reply.file.end >= reply.file.start;
  const handle = sends ? await open(reply.file!.path) : undefined;
  const body = reply.xml ?? reply.text;
  setHeaders(response, { ...reply.headers, ...idHeaders(call) });
  if (body !== undefined)
    response.setHeader("content-type", reply.xml === undefined ? "application/json" : "application/xml");
  response.statusCode = reply.status ?? 200;
  if (handle) {
    const { start, end } = reply.file!;
    await pipeline(createReadStream("", { fd: handle, start, end, highWaterMark: 1 << 18 }), response);
  } else if (reply.file && request.method === "HEAD") {
    response.end();
  } else {
    if (response.statusCode !== 204) response.setHeader("content-length", Buffer.byteLength(body ?? ""));
    response.end(request.method === "HEAD" ? undefined : body);
  }
}

function sendError(
  response: ServerResponse,
  error: unknown,
  incoming: IncomingMessage,
  request: S3Request | undefined,
  call: Call,
  stack: Stack,
): void {
  if (incoming.destroyed && !incoming.complete && response.socket?.destroyed !== false) return;
  const known = error instanceof AwsError ? error : s3Error("InternalError");
  if (known !== error) stack.log(`S3 ${incoming.method} failed: ${(error as Error)?.stack ?? error}`);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { deleteMarker, etag, ...members } = known.members as Record<string, any>;
  setHeaders(response, idHeaders(call));
  response.statusCode = known.status;
  if (deleteMarker !== undefined) {
    response.setHeader("x-amz-delete-marker", "true");
    response.setHeader("x-amz-version-id", deleteMarker);
  }
  if (known.status === 304) {
    response.setHeader("etag", `"${etag}"`);
    response.end();
    return;
  }
  const xml = document(
    "Error",
    [
      ["Code", known.code],
      ["Message", known.message],
      ...Object.entries(members).map(([name, value]): [string, string] => [name, String(value)]),
      ["Resource", request ? `/${request.bucket}${request.key ? `/${request.key}` : ""}` : "/"],
      ["RequestId", call.requestId],
      ["HostId", "windops"],
    ],
    "",
  );
  response.setHeader("content-type", "application/xml");
  response.setHeader("content-length", Buffer.byteLength(xml));
  response.end(incoming.method === "HEAD" ? undefined : xml);
}

function idHeaders(call: Call): Record<string, string> {
  return { "x-amz-request-id": call.requestId, "x-amz-id-2": "windops", server: "AmazonS3" };
}

function setHeaders(response: ServerResponse, headers: Record<string, string | number | undefined>): void {
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
}
