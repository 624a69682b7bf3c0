import { randomBytes } from "node:crypto";
import { s3Error } from "./errors.ts";
import { documentTags } from "./metadata.ts";
import { type Reply, readDocument, readText, type S3Request } from "./request.ts";
import type { Bucket, S3State } from "./state.ts";
import { child, children, childText, document, type Element, toXml, type Xml } from "./xml.ts";

interface Configuration {
  /** Root elements of the document that PUT takes; empty for JSON. */
  roots: string[];
  /** Error of GET where nothing is set, or what is answered then. */
  missing: string | ((bucket: Bucket) => string);
  /** Throws where the document isn't what S3 accepts. */
  check?: (root: Element) => void;
}

const empty = (name: string) => () => document(name, []);

/** Subresources of a bucket that are one document each. */
const CONFIGURATIONS: Record<string, Configuration> = {
  versioning: {
    roots: ["VersioningConfiguration"],
    missing: (bucket) => document("VersioningConfiguration", [["Status", bucket.versioning]]),
    check: (root) => oneOf(childText(root, "Status"), ["Enabled", "Suspended"]),
  },
  encryption: {
    roots: ["ServerSideEncryptionConfiguration"],
    missing: () =>
      document("ServerSideEncryptionConfiguration", [
        [
          "Rule",
          [
            ["ApplyServerSideEncryptionByDefault", [["SSEAlgorithm", "AES256"]]],
            ["BucketKeyEnabled", false],
          ],
        ],
      ]),
    check: (root) => {
      const rule = child(root, "Rule");
      const byDefault = rule && child(rule, "ApplyServerSideEncryptionByDefault");
      if (byDefault) oneOf(childText(byDefault, "SSEAlgorithm"), ["AES256", "aws:kms", "aws:kms:dsse"]);
    },
  },
  publicAccessBlock: { roots: ["PublicAccessBlockConfiguration"], missing: "NoSuchPublicAccessBlockConfiguration" },
  ownershipControls: {
    roots: ["OwnershipControls"],
    missing: "OwnershipControlsNotFoundError",
    check: (root) => {
      const rule = child(root, "Rule");
      oneOf(rule && childText(rule, "ObjectOwnership"), [
        "BucketOwnerEnforced",
        "BucketOwnerPreferred",
        "ObjectWriter",
      ]);
    },
  },
  lifecycle: {
    roots: ["LifecycleConfiguration", "BucketLifecycleConfiguration"],
    missing: "NoSuchLifecycleConfiguration",
    check: (root) => {
      const rules = children(root, "Rule");
      if (rules.length === 0 || rules.length > 1000) throw s3Error("MalformedXML");
      for (const rule of rules) {
        oneOf(childText(rule, "Status"), ["Enabled", "Disabled"]);
        if (!rule.children.some((c) => /Expiration|Transition|AbortIncompleteMultipartUpload/.test(c.name)))
          throw s3Error("InvalidRequest", {}, "At least one action needs to be specified in a rule.");
        if (!child(rule, "Filter") && !child(rule, "Prefix")) throw s3Error("MalformedXML");
      }
    },
  },
  tagging: { roots: ["Tagging"], missing: "NoSuchTagSet", check: (root) => void documentTags(root, 50) },
  policy: { roots: [], missing: "NoSuchBucketPolicy" },
  cors: { roots: ["CORSConfiguration"], missing: "NoSuchCORSConfiguration" },
  website: { roots: ["WebsiteConfiguration"], missing: "NoSuchWebsiteConfiguration" },
  replication: { roots: ["ReplicationConfiguration"], missing: "ReplicationConfigurationNotFoundError" },
  "object-lock": { roots: ["ObjectLockConfiguration"], missing: "ObjectLockConfigurationNotFoundError" },
  logging: { roots: ["BucketLoggingStatus"], missing: empty("BucketLoggingStatus") },
  notification: { roots: ["NotificationConfiguration"], missing: empty("NotificationConfiguration") },
  accelerate: { roots: ["AccelerateConfiguration"], missing: empty("AccelerateConfiguration") },
  requestPayment: {
    roots: ["RequestPaymentConfiguration"],
    missing: () => document("RequestPaymentConfiguration", [["Payer", "BucketOwner"]]),
  },
};

/** What the API calls the configurations, by their query parameters: GetBucketPolicy … */
export const CONFIGURATION_NAMES: Record<string, string> = {
  versioning: "BucketVersioning",
  encryption: "BucketEncryption",
  publicAccessBlock: "PublicAccessBlock",
  ownershipControls: "BucketOwnershipControls",
  lifecycle: "BucketLifecycleConfiguration",
  tagging: "BucketTagging",
  policy: "BucketPolicy",
  cors: "BucketCors",
  website: "BucketWebsite",
  replication: "BucketReplication",
  "object-lock": "ObjectLockConfiguration",
  logging: "BucketLogging",
  notification: "BucketNotificationConfiguration",
  accelerate: "BucketAccelerateConfiguration",
  requestPayment: "BucketRequestPayment",
};

/** GET, PUT and DELETE of one of a bucket's configurations. */
export async function bucketConfiguration(request: S3Request, state: S3State, name: string): Promise<Reply> {
  const configuration = CONFIGURATIONS[name]!;
  const bucket = state.bucket(request.bucket);
  switch (request.method) {
    case "GET": {
      const current = bucket.configurations[name];
      if (current !== undefined) return name === "policy" ? { text: current } : { xml: current };
      const { missing } = configuration;
      if (typeof missing === "string") throw s3Error(missing, { BucketName: bucket.name });
      return { xml: missing(bucket) };
    }
    case "PUT":
      return name === "policy" ? putPolicy(request, state) : putConfiguration(request, state, name);
    case "DELETE": {
      const { [name]: _, ...configurations } = bucket.configurations;
      state.buckets.put(bucket.name, { ...bucket, configurations });
      return { status: 204 };
    }
    default:
      throw s3Error("MethodNotAllowed", { Method: request.method });
  }
}

async function putConfiguration(request: S3Request, state: S3State, name: string): Promise<Reply> {
  const { roots, check } = CONFIGURATIONS[name]!;
  const root = await readDocument(request, ...roots);
  check?.(root);
  const bucket = state.bucket(request.bucket);
  if (name === "versioning") {
    state.buckets.put(bucket.name, { ...bucket, versioning: childText(root, "Status") as Bucket["versioning"] });
    return {};
  }
  const [, members] = toXml(root);
  const kept = (Array.isArray(members) ? members : []).map((member) =>
    name === "lifecycle" ? withId(member) : member,
  );
  const xml = document(roots[0]!, kept);
  state.buckets.put(bucket.name, { ...bucket, configurations: { ...bucket.configurations, [name]: xml } });
  return { status: name === "tagging" ? 204 : 200 };
}

/** S3 names the lifecycle rules that came without an ID. */
function withId(rule: Xml): Xml {
  const [name, members] = rule;
  if (name !== "Rule" || !Array.isArray(members) || members.some(([member]) => member === "ID")) return rule;
  return [name, [["ID", randomBytes(24).toString("base64url")], ...members]];
}

async function putPolicy(request: S3Request, state: S3State): Promise<Reply> {
  const text = await readText(request);
  let policy: any;
  try {
    policy = JSON.parse(text);
  } catch {
    throw s3Error("MalformedPolicy");
  }
  const bucket = state.bucket(request.bucket);
  const statements = [policy?.Statement ?? []].flat();
  if (statements.length === 0) throw s3Error("MalformedPolicy", {}, "Missing required field Statement");
  for (const statement of statements) {
    if (!statement.Principal && !statement.NotPrincipal)
      throw s3Error("MalformedPolicy", {}, "Missing required field Principal");
    if (!["Allow", "Deny"].includes(statement.Effect)) throw s3Error("MalformedPolicy", {}, "Invalid effect");
    for (const resource of [statement.Resource ?? []].flat()) {
      const named = /^arn:aws[a-z-]*:s3:::([^/]+)/.exec(resource)?.[1];
      if (named === undefined || !wildcardMatches(named, bucket.name))
        throw s3Error("MalformedPolicy", { Detail: resource }, "Policy has invalid resource");
    }
  }
  state.buckets.put(bucket.name, { ...bucket, configurations: { ...bucket.configurations, policy: text } });
  return { status: 204 };
}

function wildcardMatches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`).test(name);
}

function oneOf(value: string | undefined, allowed: string[]): void {
  if (value === undefined || !allowed.includes(value)) throw s3Error("MalformedXML");
}

/** `?policyStatus`: whether the policy makes the bucket public. */
export function policyStatus(request: S3Request, state: S3State): Reply {
  const { policy } = state.bucket(request.bucket).configurations;
  if (policy === undefined) throw s3Error("NoSuchBucketPolicy", { BucketName: request.bucket });
  const open = [JSON.parse(policy).Statement]
    .flat()
    .some(
      (s) =>
        s.Effect === "Allow" &&
        s.Condition === undefined &&
        (s.Principal === "*" || [s.Principal?.AWS ?? []].flat().includes("*")),
    );
  return { xml: document("PolicyStatus", [["IsPublic", open]]) };
}
