import { isAbsent, orAbsent } from "../../aws/failures.ts";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from "../../aws/s3.ts";
import { QUARANTINE_PREFIX } from "../../contract/environment.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import { changed, compare, type Pipeline, type Resource } from "../resource.ts";
import { identities, ids } from "../settings/identities.ts";
import { bucketPolicy } from "../settings/policies.ts";
import { fromList, type Tags, tagChanges, tagsDiffer, toList } from "../settings/tags.ts";

interface BucketState {
  tags: Tags;
  versioning: string;
  encryption: string;
  publicAccess: string;
  policy: unknown;
  lifecycle: unknown;
}

const BLOCK_PUBLIC = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

const LIFECYCLE_RULES = [
  {
    ID: "old-versions",
    Status: "Enabled",
    Filter: { Prefix: "" },
    NoncurrentVersionExpiration: { NoncurrentDays: 30 },
  },
  { ID: "quarantine", Status: "Enabled", Filter: { Prefix: QUARANTINE_PREFIX }, Expiration: { Days: 90 } },
  { ID: "failed-batches", Status: "Enabled", Filter: { Prefix: "aws/lambda/" }, Expiration: { Days: 90 } },
  {
    ID: "parts",
    Status: "Enabled",
    Filter: { Prefix: "" },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
  },
] as const;

/** The pipeline's bucket: versioned, encrypted, closed to the public and to plain HTTP. */
export function bucket(pipeline: Pipeline): Resource<BucketState> {
  const { clients, names, tags: wanted, target } = pipeline;
  const { arns } = identities(pipeline);
  const Bucket = names.bucket;
  const of = { Bucket, ...(target.kind === "aws" && { ExpectedBucketOwner: target.account }) };
  const policy = bucketPolicy(arns.bucket);

  return {
    id: ids.bucket,
    type: "S3 bucket",
    name: Bucket,
    step: "upload-jar",
    needs: [],
    holdsData: true,

    async read() {
      const s3 = await clients.s3();
      const [head, tagging, versioning, encryption, publicAccess, bucketPolicy, lifecycle] = await Promise.all([
        orAbsent(s3.send(new HeadBucketCommand(of)).catch(refuseOthers(Bucket))),
        orAbsent(s3.send(new GetBucketTaggingCommand(of)), "NoSuchTagSet", "Forbidden", "AccessDenied"),
        orAbsent(s3.send(new GetBucketVersioningCommand(of)), "Forbidden", "AccessDenied"),
        orAbsent(
          s3.send(new GetBucketEncryptionCommand(of)),
          "ServerSideEncryptionConfigurationNotFoundError",
          "AccessDenied",
        ),
        orAbsent(s3.send(new GetPublicAccessBlockCommand(of)), "NoSuchPublicAccessBlockConfiguration", "AccessDenied"),
        orAbsent(s3.send(new GetBucketPolicyCommand(of)), "NoSuchBucketPolicy", "AccessDenied"),
        orAbsent(
          s3.send(new GetBucketLifecycleConfigurationCommand(of)),
          "NoSuchLifecycleConfiguration",
          "AccessDenied",
        ),
      ]);
      if (!head) return undefined;
      const rule = encryption?.ServerSideEncryptionConfiguration?.Rules?.[0];
      const blocked = publicAccess?.PublicAccessBlockConfiguration;
      return {
        tags: fromList(tagging?.TagSet),
        versioning: versioning?.Status ?? "off",
        encryption: rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? "none",
        publicAccess: blocked && Object.values(BLOCK_PUBLIC).length === closed(blocked) ? "blocked" : "open",
        policy: bucketPolicy?.Policy === undefined ? undefined : JSON.parse(bucketPolicy.Policy),
        lifecycle: lifecycle?.Rules?.map(comparableRule).sort(byId),
      };
    },
    tags: (state) => state.tags,
    diff: (state) => [
      ...tagChanges(state.tags, wanted),
      ...compare("public access", state.publicAccess, "blocked"),
      ...compare("versioning", state.versioning, "Enabled"),
      ...compare("encryption", state.encryption, "AES256"),
      ...compare("policy", state.policy, policy),
      ...compare("lifecycle", state.lifecycle, LIFECYCLE_RULES.map(comparableRule).sort(byId)),
    ],
    async create() {
      const s3 = await clients.s3();
      try {
        // us-east-1 refuses a LocationConstraint, every other region needs one. Tags in the same call: a bucket
        // that is there without them would not be known as ours after a crash.
        const LocationConstraint = target.region === "us-east-1" ? undefined : (target.region as never);
        await s3.send(
          new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint, Tags: toList(wanted) } }),
        );
      } catch (error) {
        throw takenBySomebody(error as Error, Bucket) ?? error;
      }
      // An endpoint of another make may leave the tags out.
      const tagging = await orAbsent(s3.send(new GetBucketTaggingCommand(of)), "NoSuchTagSet");
      if (!tagging?.TagSet?.length) await putTags(s3, of, wanted);
    },
    async update(state, changes) {
      const s3 = await clients.s3();
      const calls: Promise<unknown>[] = [];
      if (tagsDiffer(changes)) calls.push(putTags(s3, of, { ...state.tags, ...wanted }));
      if (changed(changes, "versioning")) {
        calls.push(s3.send(new PutBucketVersioningCommand({ ...of, VersioningConfiguration: { Status: "Enabled" } })));
      }
      if (changed(changes, "encryption")) {
        const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const } }];
        calls.push(s3.send(new PutBucketEncryptionCommand({ ...of, ServerSideEncryptionConfiguration: { Rules } })));
      }
      if (changed(changes, "lifecycle")) {
        const Rules = LIFECYCLE_RULES.map((rule) => ({ ...rule }));
        calls.push(s3.send(new PutBucketLifecycleConfigurationCommand({ ...of, LifecycleConfiguration: { Rules } })));
      }
      await Promise.all(calls);
      // One after the other: S3 answers OperationAborted to a policy and its access block at once.
      if (changed(changes, "public access")) {
        await s3.send(new PutPublicAccessBlockCommand({ ...of, PublicAccessBlockConfiguration: BLOCK_PUBLIC }));
      }
      if (changed(changes, "policy")) {
        await s3.send(new PutBucketPolicyCommand({ ...of, Policy: JSON.stringify(policy) }));
      }
    },
    async remove() {
      const s3 = await clients.s3();
      await empty(s3, of);
      await s3.send(new DeleteBucketCommand(of));
    },
    passes: (error) => error.name === "BucketNotEmpty",
  };
}

function putTags(s3: S3Client, of: { Bucket: string }, tags: Tags): Promise<unknown> {
  return s3.send(new PutBucketTaggingCommand({ ...of, Tagging: { TagSet: toList(tags) } }));
}

function closed(block: object): number {
  return Object.keys(BLOCK_PUBLIC).filter((key) => block[key as keyof typeof block] === true).length;
}

/** A lifecycle rule with what we set, in one shape however the service lists it. */
function comparableRule(rule: any): Record<string, unknown> {
  return {
    ID: rule.ID,
    Status: rule.Status,
    Prefix: rule.Filter?.Prefix ?? rule.Prefix ?? "",
    days:
      rule.Expiration?.Days ??
      rule.NoncurrentVersionExpiration?.NoncurrentDays ??
      rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation,
  };
}

function byId(a: Record<string, unknown>, b: Record<string, unknown>): number {
  return String(a.ID) < String(b.ID) ? -1 : 1;
}

/** HeadBucket's 403 is a bucket of another account: the name is taken. */
function refuseOthers(name: string) {
  return (error: Error & { $metadata?: { httpStatusCode?: number } }): never => {
    const status = error.$metadata?.httpStatusCode;
    if (status === 403 || status === 301) throw taken(name, error);
    throw error;
  };
}

function takenBySomebody(error: Error, name: string): WindopsError | undefined {
  return error.name === "BucketAlreadyExists" ? taken(name, error) : undefined;
}

function taken(name: string, cause: Error): WindopsError {
  return new WindopsError("E_BUCKET_TAKEN", `The bucket ${name} belongs to somebody else, or to another region.`, {
    hint: 'Choose another --prefix, or set "names": {"bucket": …} in windops.json. Without one, check that the credentials may call s3:ListBucket.',
    cause,
  });
}

/** Removes all versions and delete markers: a bucket that holds any can't be deleted. */
async function empty(s3: S3Client, of: { Bucket: string }): Promise<void> {
  for (;;) {
    const page = await s3.send(new ListObjectVersionsCommand({ ...of, MaxKeys: 1000 })).catch((error) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    const found = [...(page?.Versions ?? []), ...(page?.DeleteMarkers ?? [])];
    if (found.length === 0) return;
    const Objects = found.map(({ Key, VersionId }) => ({ Key: Key!, ...(VersionId && { VersionId }) }));
    const { Errors } = await s3.send(new DeleteObjectsCommand({ ...of, Delete: { Objects, Quiet: true } }));
    if (Errors?.length) throw Object.assign(new Error(Errors[0]!.Message), { name: Errors[0]!.Code ?? "DeleteError" });
  }
}
