import { s3Error } from "./errors.ts";
import { owner } from "./listing.ts";
import { documentTags, tagsDocument } from "./metadata.ts";
import { type Reply, readText, type S3Request } from "./request.ts";
import type { Bucket, S3State } from "./state.ts";
import { child, childText, document, type Element, parseXml, type Xml } from "./xml.ts";

/** What every new bucket has since 2023: everything public blocked, no ACLs, encrypted. */
const DEFAULTS: Record<string, string> = {
  publicAccessBlock: document(
    "PublicAccessBlockConfiguration",
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"].map(
      (name): Xml => [name, true],
    ),
  ),
  ownershipControls: document("OwnershipControls", [["Rule", [["ObjectOwnership", "BucketOwnerEnforced"]]]]),
};

const NAME = /^(?!xn--|sthree-)(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export async function createBucket(request: S3Request, state: S3State): Promise<Reply> {
  const name = request.bucket;
  const { region } = request.call;
  if (!NAME.test(name)) throw s3Error("InvalidBucketName", { BucketName: name });
  const { location, tags } = await bucketSettings(request);
  checkLocation(location, region);
  const own = state.buckets.get(name);
  // In us-east-1 creating one's own bucket again is answered as if it had been new.
  if (own && !(own.region === "us-east-1" && region === "us-east-1"))
    throw s3Error("BucketAlreadyOwnedByYou", { BucketName: name });
  if (!own) {
    const created: Bucket = {
      name,
      region,
      created: state.now(),
      versioning: undefined,
      configurations: { ...DEFAULTS, ...(tags && { tagging: tagsDocument(tags) }) },
    };
    const ownership = request.header("x-amz-object-ownership");
    if (ownership)
      created.configurations.ownershipControls = document("OwnershipControls", [
        ["Rule", [["ObjectOwnership", ownership]]],
      ]);
    state.buckets.put(name, created);
  }
  return { headers: { location: `/${name}` } };
}

async function bucketSettings(
  request: S3Request,
): Promise<{ location?: string | undefined; tags?: Record<string, string> }> {
  const text = (await readText(request)).trim();
  if (text === "") return {};
  let root: Element;
  try {
    root = parseXml(text);
  } catch {
    throw s3Error("MalformedXML");
  }
  if (root.name !== "CreateBucketConfiguration") throw s3Error("MalformedXML");
  return {
    location: childText(root, "LocationConstraint")?.trim() || undefined,
    ...(child(root, "Tags") && { tags: documentTags(root, 50, "Tags") }),
  };
}

/** us-east-1 takes no constraint of its own name; every other region wants exactly its own. */
function checkLocation(constraint: string | undefined, region: string): void {
  if (region === "us-east-1") {
    if (constraint === "us-east-1" || (constraint !== undefined && !/^([a-z]{2}(-[a-z]+)+-\d|EU)$/.test(constraint)))
      throw s3Error("InvalidLocationConstraint", { LocationConstraint: constraint });
    return;
  }
  if (constraint === region || (constraint === "EU" && region === "eu-west-1")) return;
  const what = constraint === undefined ? "unspecified" : constraint;
  throw s3Error(
    "IllegalLocationConstraintException",
    {},
    `The ${what} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  );
}

export function deleteBucket(request: S3Request, state: S3State): Reply {
  state.bucket(request.bucket);
  if (state.keys(request.bucket).length > 0) {
    const onlyOld = state.keys(request.bucket).every((key) => state.latest(request.bucket, key)?.deleteMarker);
    const message =
      onlyOld || state.bucket(request.bucket).versioning
        ? "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
        : undefined;
    throw s3Error("BucketNotEmpty", { BucketName: request.bucket }, message);
  }
  for (const [id, upload] of [...state.uploads.entries()]) {
    if (upload.bucket !== request.bucket) continue;
    state.uploads.delete(id);
    for (const part of Object.values(upload.parts)) state.discard(part);
  }
  state.buckets.delete(request.bucket);
  return { status: 204 };
}

export function headBucket(request: S3Request, state: S3State): Reply {
  const bucket = state.bucket(request.bucket);
  return {
    headers: {
      "x-amz-bucket-region": bucket.region,
      "x-amz-access-point-alias": "false",
      "content-type": "application/xml",
    },
  };
}

export function listBuckets(request: S3Request, state: S3State): Reply {
  const prefix = request.query.get("prefix") ?? "";
  const after = Buffer.from(request.query.get("continuation-token") ?? "", "base64url").toString();
  const most = Number(request.query.get("max-buckets") ?? 10_000);
  const region = request.query.get("bucket-region");
  const all = [...state.buckets.entries()]
    .map(([, bucket]) => bucket)
    .filter((b) => b.name.startsWith(prefix) && b.name > after && (region === null || b.region === region))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const shown = all.slice(0, most);
  const last = all.length > shown.length ? shown[shown.length - 1]!.name : undefined;
  return {
    xml: document("ListAllMyBucketsResult", [
      owner(),
      [
        "Buckets",
        shown.map(
          (b): Xml => [
            "Bucket",
            [
              ["Name", b.name],
              ["CreationDate", new Date(b.created)],
              ["BucketRegion", b.region],
            ],
          ],
        ),
      ],
      ["ContinuationToken", last === undefined ? undefined : Buffer.from(last).toString("base64url")],
      ["Prefix", request.query.get("prefix") ?? undefined],
    ]),
  };
}

export function bucketLocation(request: S3Request, state: S3State): Reply {
  const { region } = state.bucket(request.bucket);
  const xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  const text = region === "us-east-1" ? "" : region;
  return { xml: `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint ${xmlns}>${text}</LocationConstraint>` };
}
