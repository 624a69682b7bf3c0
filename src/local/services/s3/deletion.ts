import { checkWrite } from "./conditions.ts";
import { s3Error } from "./errors.ts";
import { type Reply, readDocument, type S3Request } from "./request.ts";
import type { S3State } from "./state.ts";
import { children, childText, document, type Xml } from "./xml.ts";

export function deleteObject(request: S3Request, state: S3State): Reply {
  state.bucket(request.bucket);
  if (request.header("if-match") !== undefined) checkWrite(request, state.latest(request.bucket, request.key));
  const deleted = deleteVersion(state, request.bucket, request.key, request.query.get("versionId") ?? undefined);
  return {
    status: 204,
    headers: {
      ...(deleted.deleteMarker ? { "x-amz-delete-marker": "true" } : {}),
      ...(deleted.versionId === undefined ? {} : { "x-amz-version-id": deleted.versionId }),
    },
  };
}

interface Deleted {
  deleteMarker: boolean;
  versionId: string | undefined;
}

/** Deleting what isn't there is no error. Without a version id a versioned bucket gets a delete marker. */
function deleteVersion(state: S3State, bucket: string, key: string, versionId: string | undefined): Deleted {
  const { versioning } = state.bucket(bucket);
  if (versionId !== undefined) {
    const version = state.versions(bucket, key).find((v) => v.versionId === versionId);
    if (version) state.remove(version);
    return { deleteMarker: version?.deleteMarker ?? false, versionId };
  }
  if (versioning === undefined) {
    const [version] = state.versions(bucket, key);
    if (version) state.remove(version);
    return { deleteMarker: false, versionId: undefined };
  }
  const none = { size: 0, etag: "", file: "", checksum: undefined, headers: {}, tags: {}, parts: undefined };
  const marker = state.add({ bucket, key, deleteMarker: true, ...none });
  return { deleteMarker: true, versionId: marker.versionId };
}

export async function deleteObjects(request: S3Request, state: S3State): Promise<Reply> {
  state.bucket(request.bucket);
  const root = await readDocument(request, "Delete");
  const objects = children(root, "Object");
  if (objects.length === 0 || objects.length > 1000) throw s3Error("MalformedXML");
  const quiet = childText(root, "Quiet") === "true";
  const results: Xml[] = [];
  for (const object of objects) {
    const key = childText(object, "Key");
    const versionId = childText(object, "VersionId") || undefined;
    if (!key) throw s3Error("MalformedXML");
    const { deleteMarker, versionId: id } = deleteVersion(state, request.bucket, key, versionId);
    if (quiet) continue;
    const marker: Xml[] = deleteMarker
      ? [
          ["DeleteMarker", true],
          ["DeleteMarkerVersionId", id],
        ]
      : [];
    results.push(["Deleted", [["Key", key], ["VersionId", versionId], ...marker]]);
  }
  return { xml: document("DeleteResult", results) };
}
