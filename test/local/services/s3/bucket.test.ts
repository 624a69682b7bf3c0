import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteBucketTaggingCommand,
  DeletePublicAccessBlockCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  PutBucketAclCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { beforeAll, expect, it } from "vitest";
import { failure, serveStack } from "../../serving.ts";

const local = serveStack();
const Bucket = "settings";
let s3: S3Client;

beforeAll(async () => {
  s3 = local.client(S3Client, { forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket }));
});

it("begins with what every new bucket has", async () => {
  const { PublicAccessBlockConfiguration } = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
  expect(Object.values(PublicAccessBlockConfiguration!)).toEqual([true, true, true, true]);
  const { ServerSideEncryptionConfiguration: encryption } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  expect(encryption!.Rules).toEqual([
    { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false },
  ]);
  const { OwnershipControls } = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
  expect(OwnershipControls!.Rules).toEqual([{ ObjectOwnership: "BucketOwnerEnforced" }]);
  expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
  expect((await failure(s3.send(new GetBucketPolicyCommand({ Bucket })))).name).toBe("NoSuchBucketPolicy");
  const lifecycle = s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  expect((await failure(lifecycle)).name).toBe("NoSuchLifecycleConfiguration");
  expect((await failure(s3.send(new GetBucketTaggingCommand({ Bucket })))).name).toBe("NoSuchTagSet");
});

it("takes tags with the call that makes it", async () => {
  const Tags = [{ Key: "windops:pipeline", Value: "a & <b>" }];
  await s3.send(new CreateBucketCommand({ Bucket: "tagged-at-once", CreateBucketConfiguration: { Tags } }));
  const { TagSet } = await s3.send(new GetBucketTaggingCommand({ Bucket: "tagged-at-once" }));
  expect(TagSet).toEqual(Tags);
});

it("keeps its settings over a restart", async () => {
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  const TagSet = [
    { Key: "windops:pipeline", Value: "a & <b>" },
    { Key: "version", Value: "1" },
  ];
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  const Rules = [
    {
      ID: "quarantine",
      Status: "Enabled" as const,
      Filter: { Prefix: "quarantine/" },
      Expiration: { Days: 90 },
      NoncurrentVersionExpiration: { NoncurrentDays: 30, NewerNoncurrentVersions: 3 },
    },
    {
      ID: "uploads",
      Status: "Enabled" as const,
      Filter: {},
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
    },
  ];
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "TlsOnly",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const encrypted = {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const },
    BucketKeyEnabled: true,
  };
  const ServerSideEncryptionConfiguration = { Rules: [encrypted] };
  await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
  await local.restart();
  s3 = local.client(S3Client, { forcePathStyle: true });
  expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe("Enabled");
  expect((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet);
  expect((await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules).toMatchObject(Rules);
  expect((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy);
  expect((await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus!.IsPublic).toBe(false);
  const read = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  expect(read.ServerSideEncryptionConfiguration!.Rules).toEqual([encrypted]);
  await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  await s3.send(new DeleteBucketTaggingCommand({ Bucket }));
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const none = s3.send(new GetPublicAccessBlockCommand({ Bucket }));
  expect((await failure(none)).name).toBe("NoSuchPublicAccessBlockConfiguration");
});

it.each([
  ["a policy that is no JSON", () => new PutBucketPolicyCommand({ Bucket, Policy: "{" }), "MalformedPolicy"],
  [
    "a policy for another bucket",
    () =>
      new PutBucketPolicyCommand({
        Bucket,
        Policy: '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::other/*"}]}',
      }),
    "MalformedPolicy",
  ],
  [
    "a lifecycle rule that does nothing",
    () =>
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: [{ Status: "Enabled", Filter: { Prefix: "" } }] },
      }),
    "InvalidRequest",
  ],
  [
    "the same tag twice",
    () =>
      new PutBucketTaggingCommand({
        Bucket,
        Tagging: {
          TagSet: [
            { Key: "a", Value: "1" },
            { Key: "a", Value: "2" },
          ],
        },
      }),
    "InvalidTag",
  ],
  ["an ACL", () => new PutBucketAclCommand({ Bucket, ACL: "public-read" }), "AccessControlListNotSupported"],
  [
    "settings of a bucket that isn't there",
    () =>
      new PutPublicAccessBlockCommand({
        Bucket: "no-such-bucket",
        PublicAccessBlockConfiguration: { BlockPublicAcls: true },
      }),
    "NoSuchBucket",
  ],
])("refuses %s", async (_, command, name) => {
  expect((await failure(s3.send(command() as any))).name).toBe(name);
});

it.each([
  ["?analytics", "GET", 501, "NotImplemented"],
  ["?versioning", "DELETE", 405, "MethodNotAllowed"],
  ["?policyStatus", "POST", 405, "MethodNotAllowed"],
])("doesn't take %s by %s for the bucket itself", async (query, method, status, code) => {
  const answer = await fetch(`${local.endpoint}/${Bucket}${query}`, { method });
  expect([answer.status, /<Code>(\w+)</.exec(await answer.text())?.[1]]).toEqual([status, code]);
});

it.each([
  ["not XML", "Delete"],
  ["another root", "<Tagging/>"],
  ["an entity of its own", '<!DOCTYPE x [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>'],
  ["unclosed elements", "<Delete><Object>"],
  ["too deep", "<Delete>".repeat(100) + "</Delete>".repeat(100)],
])("calls a body malformed that is %s", async (_, body) => {
  const answer = await fetch(`${local.endpoint}/${Bucket}?delete`, { method: "POST", body });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("<Code>MalformedXML</Code>")]);
});
