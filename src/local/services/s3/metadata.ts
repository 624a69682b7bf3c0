import { s3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";
import { children, childText, document, type Element, type Xml } from "./xml.ts";

const KEPT = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
];
const ENCRYPTION = [
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-aws-kms-key-id",
  "x-amz-server-side-encryption-bucket-key-enabled",
  "x-amz-website-redirect-location",
];
const MAX_METADATA = 2048;

/** The headers of a write that every read of the object brings back. */
export function objectHeaders(request: S3Request): Record<string, string> {
  const headers: Record<string, string> = {
    "content-type": "binary/octet-stream",
    "x-amz-server-side-encryption": "AES256",
  };
  for (const name of KEPT) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  const encoding = headers["content-encoding"];
  if (encoding !== undefined) {
    const kept = encoding
      .split(",")
      .map((e) => e.trim())
      .filter((e) => e.toLowerCase() !== "aws-chunked");
    if (kept.length > 0) headers["content-encoding"] = kept.join(",");
    else delete headers["content-encoding"];
  }
  for (const name of ENCRYPTION) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  const storage = request.header("x-amz-storage-class");
  if (storage !== undefined && storage !== "STANDARD") headers["x-amz-storage-class"] = storage;
  let size = 0;
  const meta = [
    ...Object.keys(request.incoming.headers),
    ...[...request.query.keys()].map((name) => name.toLowerCase()),
  ].filter((name) => name.startsWith("x-amz-meta-"));
  for (const name of new Set(meta)) {
    const value = request.header(name)!;
    size += name.length - "x-amz-meta-".length + Buffer.byteLength(value);
    headers[name] = value;
  }
  if (size > MAX_METADATA) throw s3Error("MetadataTooLarge", { Size: size, MaxSizeAllowed: MAX_METADATA });
  return headers;
}

/** Answer headers that tell how the object is encrypted. */
export function encryptionHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith("x-amz-server-side-encryption")),
  );
}

/** `x-amz-tagging: a=1&b=2`. */
export function headerTags(header: string | undefined): Record<string, string> {
  return header === undefined ? {} : checkTags([...new URLSearchParams(header)], 10);
}

/** `<Tagging><TagSet><Tag><Key/><Value/></Tag>…`; a new bucket's are in `<Tags>`. */
export function documentTags(tagging: Element, most: number, list = "TagSet"): Record<string, string> {
  const pairs = children(tagging, list)
    .flatMap((set) => children(set, "Tag"))
    .map((tag): [string, string] => [childText(tag, "Key") ?? "", childText(tag, "Value") ?? ""]);
  return checkTags(pairs, most);
}

/** Tags as the document that `documentTags` reads. */
export function tagsDocument(tags: Record<string, string>): string {
  const list = Object.entries(tags).map(
    ([key, value]): Xml => [
      "Tag",
      [
        ["Key", key],
        ["Value", value],
      ],
    ],
  );
  return document("Tagging", [["TagSet", list]]);
}

function checkTags(pairs: [string, string][], most: number): Record<string, string> {
  const invalid = (message: string) => s3Error("InvalidTag", {}, message);
  if (pairs.length > most) throw s3Error("BadRequest", {}, `Object tags cannot be greater than ${most}`);
  for (const [key, value] of pairs) {
    if (key === "" || key.length > 128) throw invalid("The TagKey you have provided is invalid");
    if (key.startsWith("aws:")) throw invalid("System tags cannot be added/updated by requester");
    if (value.length > 256) throw invalid("The TagValue you have provided is invalid");
  }
  const tags = Object.fromEntries(pairs);
  if (Object.keys(tags).length !== pairs.length) throw invalid("Cannot provide multiple Tags with the same key");
  return tags;
}
