import { acl } from "./acl.ts";
import { bucketLocation, createBucket, deleteBucket, headBucket, listBuckets } from "./buckets.ts";
import { bucketConfiguration, CONFIGURATION_NAMES, policyStatus } from "./configurations.ts";
import { deleteObject, deleteObjects } from "./deletion.ts";
import { s3Error } from "./errors.ts";
import { listObjects, listVersions } from "./listing.ts";
import { abortUpload, completeUpload, createUpload, uploadPart, uploadPartCopy } from "./multipart.ts";
import { listParts, listUploads } from "./multipart-listing.ts";
import { copyObject, objectAttributes, objectTagging, putObject } from "./objects.ts";
import { readObject } from "./read.ts";
import type { Reply, S3Request } from "./request.ts";
import type { S3State } from "./state.ts";

type Run = (request: S3Request, state: S3State) => Reply | Promise<Reply>;

interface S3Operation {
  name: string;
  run: Run;
}

type Row = [name: string, method: string, parameter: string | undefined, run: Run];

/** Configurations that a bucket always has can be changed, not deleted. */
const PERMANENT = ["versioning", "object-lock", "logging", "notification", "accelerate", "requestPayment"];

/** Of a bucket, the first row whose method and query parameter the request has. */
const BUCKET: Row[] = [
  ...configurationRows(),
  ["GetBucketAcl", "GET", "acl", acl],
  ["PutBucketAcl", "PUT", "acl", acl],
  ["GetBucketLocation", "GET", "location", bucketLocation],
  ["ListObjectVersions", "GET", "versions", listVersions],
  ["ListMultipartUploads", "GET", "uploads", listUploads],
  ["GetBucketPolicyStatus", "GET", "policyStatus", policyStatus],
  ["DeleteObjects", "POST", "delete", deleteObjects],
  ["ListObjectsV2", "GET", "list-type", listObjects],
  ["ListObjects", "GET", undefined, listObjects],
  ["HeadBucket", "HEAD", undefined, headBucket],
  ["CreateBucket", "PUT", undefined, createBucket],
  ["DeleteBucket", "DELETE", undefined, deleteBucket],
];

const OBJECT: Row[] = [
  ["GetObjectTagging", "GET", "tagging", objectTagging],
  ["PutObjectTagging", "PUT", "tagging", objectTagging],
  ["DeleteObjectTagging", "DELETE", "tagging", objectTagging],
  ["GetObjectAcl", "GET", "acl", acl],
  ["PutObjectAcl", "PUT", "acl", acl],
  ["ListParts", "GET", "uploadId", listParts],
  ["UploadPart", "PUT", "uploadId", uploadPart],
  ["AbortMultipartUpload", "DELETE", "uploadId", abortUpload],
  ["CompleteMultipartUpload", "POST", "uploadId", completeUpload],
  ["CreateMultipartUpload", "POST", "uploads", createUpload],
  ["GetObjectAttributes", "GET", "attributes", objectAttributes],
  ["GetObject", "GET", undefined, readObject],
  ["HeadObject", "HEAD", undefined, readObject],
  ["PutObject", "PUT", undefined, putObject],
  ["DeleteObject", "DELETE", undefined, deleteObject],
];

/** Subresources that aren't made here, which must not be taken for the bucket or object itself. */
const UNKNOWN =
  "analytics intelligent-tiering inventory legal-hold metadataTable metrics restore retention select session torrent".split(
    " ",
  );

const COPIES: Record<string, S3Operation> = {
  PutObject: { name: "CopyObject", run: copyObject },
  UploadPart: { name: "UploadPartCopy", run: uploadPartCopy },
};

function configurationRows(): Row[] {
  return Object.entries(CONFIGURATION_NAMES).flatMap(([parameter, name]) => {
    const run: Run = (request, state) => bucketConfiguration(request, state, parameter);
    const rows: Row[] = [
      [`Get${name}`, "GET", parameter, run],
      [`Put${name}`, "PUT", parameter, run],
    ];
    const unset = parameter === "lifecycle" ? "DeleteBucketLifecycle" : `Delete${name}`;
    return PERMANENT.includes(parameter) ? rows : [...rows, [unset, "DELETE", parameter, run]];
  });
}

/** The operation that a request means; throws NotImplemented or MethodNotAllowed. */
export function operationOf(request: S3Request): S3Operation {
  const { method, query } = request;
  const rows = request.key === "" ? BUCKET : OBJECT;
  if (request.bucket === "") {
    if (method === "GET") return { name: "ListBuckets", run: listBuckets };
    throw s3Error("MethodNotAllowed", { Method: method });
  }
  const unknown = UNKNOWN.find((name) => query.has(name));
  if (unknown !== undefined)
    throw s3Error(
      "NotImplemented",
      {},
      `The embedded stack's S3 has no "${unknown}" subresource (${method} ?${unknown}).`,
    );
  const settings = rows === BUCKET && PERMANENT.find((name) => query.has(name));
  if (settings && method === "DELETE") throw s3Error("MethodNotAllowed", { Method: method });
  const row = rows.find(([, of, parameter]) => of === method && (parameter === undefined || query.has(parameter)));
  if (!row) throw s3Error("MethodNotAllowed", { Method: method });
  const [name, , , run] = row;
  const copy = request.header("x-amz-copy-source") === undefined ? undefined : COPIES[name];
  return copy ?? { name, run };
}
