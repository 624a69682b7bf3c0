import { s3Error } from "./errors.ts";
import { owner } from "./listing.ts";
import { findVersion } from "./objects.ts";
import type { Reply, S3Request } from "./request.ts";
import type { S3State } from "./state.ts";
import { document } from "./xml.ts";

/** ACLs are off (BucketOwnerEnforced): the owner has everything, and nothing can be set. */
export function acl(request: S3Request, state: S3State): Reply {
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
