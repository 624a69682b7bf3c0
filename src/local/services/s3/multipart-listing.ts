import { elementOf } from "./checksums.ts";
import { owner } from "./listing.ts";
import { findUpload } from "./multipart.ts";
import { pageSize, type Reply, type S3Request } from "./request.ts";
import type { S3State } from "./state.ts";
import { document, type Xml } from "./xml.ts";

export function listParts(request: S3Request, state: S3State): Reply {
  const upload = findUpload(request, state);
  const most = pageSize(request, "max-parts");
  const marker = Number(request.query.get("part-number-marker") ?? 0);
  const rest = Object.values(upload.parts).filter((part) => part.number > marker);
  const shown = rest.slice(0, most);
  return {
    xml: document("ListPartsResult", [
      ["Bucket", upload.bucket],
      ["Key", upload.key],
      ["UploadId", upload.uploadId],
      ["PartNumberMarker", marker],
      ["NextPartNumberMarker", shown[shown.length - 1]?.number ?? 0],
      ["MaxParts", most],
      ["IsTruncated", rest.length > shown.length],
      ["ChecksumAlgorithm", upload.algorithm],
      ["ChecksumType", upload.type],
      ...shown.map(
        (part): Xml => [
          "Part",
          [
            ["PartNumber", part.number],
            ["LastModified", new Date(part.modified)],
            ["ETag", `"${part.etag}"`],
            ["Size", part.size],
            [elementOf(part.checksum.algorithm), part.checksum.value],
          ],
        ],
      ),
      owner(),
      ["StorageClass", upload.headers["x-amz-storage-class"] ?? "STANDARD"],
    ]),
  };
}

export function listUploads(request: S3Request, state: S3State): Reply {
  state.bucket(request.bucket);
  const prefix = request.query.get("prefix") ?? "";
  const most = pageSize(request, "max-uploads");
  const keyMarker = request.query.get("key-marker") ?? "";
  const idMarker = request.query.get("upload-id-marker") ?? "";
  const all = [...state.uploads.entries()]
    .map(([, upload]) => upload)
    .filter((upload) => upload.bucket === request.bucket && upload.key.startsWith(prefix))
    .sort((a, b) => (a.key === b.key ? (a.uploadId < b.uploadId ? -1 : 1) : a.key < b.key ? -1 : 1))
    .filter(
      (upload) => upload.key > keyMarker || (upload.key === keyMarker && idMarker !== "" && upload.uploadId > idMarker),
    );
  const shown = all.slice(0, most);
  const last = all.length > shown.length ? shown[shown.length - 1] : undefined;
  return {
    xml: document("ListMultipartUploadsResult", [
      ["Bucket", request.bucket],
      ["KeyMarker", keyMarker],
      ["UploadIdMarker", idMarker],
      ["NextKeyMarker", last?.key],
      ["NextUploadIdMarker", last?.uploadId],
      ["Prefix", prefix],
      ["MaxUploads", most],
      ["IsTruncated", last !== undefined],
      ...shown.map(
        (upload): Xml => [
          "Upload",
          [
            ["Key", upload.key],
            ["UploadId", upload.uploadId],
            owner(),
            ["StorageClass", "STANDARD"],
            ["Initiated", new Date(upload.started)],
            ["ChecksumAlgorithm", upload.algorithm],
            ["ChecksumType", upload.type],
          ],
        ],
      ),
    ]),
  };
}
