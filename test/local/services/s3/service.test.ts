import { createHash, randomBytes } from "node:crypto";
import { get, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, it } from "vitest";
import { failure, serveStack } from "../../serving.ts";

const local = serveStack();
const Bucket = "kinesis-flink-000000000000-us-east-1";
let s3: S3Client;

beforeAll(async () => {
  s3 = local.client(S3Client, { forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket }));
});

const read = async (Key: string, more: object = {}) => {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Buffer.from(await answer.Body!.transformToByteArray());
};
const put = (Key: string, Body: any = "x", more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

describe("buckets", () => {
  it("wants no location constraint in us-east-1 and its own elsewhere", async () => {
    const located = (LocationConstraint: any) => ({
      Bucket: "another-one",
      CreateBucketConfiguration: { LocationConstraint },
    });
    expect((await failure(s3.send(new CreateBucketCommand(located("us-east-1"))))).name).toBe(
      "InvalidLocationConstraint",
    );
    const west = local.client(S3Client, { forcePathStyle: true, region: "eu-west-1" });
    const wrong = await failure(west.send(new CreateBucketCommand(located("us-west-2"))));
    expect(wrong.name).toBe("IllegalLocationConstraintException");
    const raw = await fetch(`${local.endpoint}/another-one`, {
      method: "PUT",
      headers: {
        authorization:
          "AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0",
      },
    });
    expect(await raw.text()).toContain("The unspecified location constraint is incompatible");
    await west.send(new CreateBucketCommand(located("eu-west-1")));
    expect((await west.send(new GetBucketLocationCommand({ Bucket: "another-one" }))).LocationConstraint).toBe(
      "eu-west-1",
    );
    expect((await failure(west.send(new CreateBucketCommand(located("eu-west-1"))))).name).toBe(
      "BucketAlreadyOwnedByYou",
    );
    await west.send(new DeleteBucketCommand({ Bucket: "another-one" }));
  });

  it("answers the creation of one's own bucket in us-east-1 as a success", async () => {
    await put("kept");
    await s3.send(new CreateBucketCommand({ Bucket }));
    expect((await read("kept")).toString()).toBe("x");
    expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
  });

  it("says 404 and 400 as S3 does", async () => {
    expect(await failure(s3.send(new HeadBucketCommand({ Bucket: "no-such-bucket" })))).toMatchObject({
      name: "NotFound",
      status: 404,
    });
    expect((await failure(s3.send(new ListObjectsV2Command({ Bucket: "no-such-bucket" })))).name).toBe("NoSuchBucket");
    expect((await failure(s3.send(new CreateBucketCommand({ Bucket: "Not_Valid" })))).name).toBe("InvalidBucketName");
    expect((await failure(s3.send(new GetObjectCommand({ Bucket, Key: "none" })))).name).toBe("NoSuchKey");
    expect(await failure(s3.send(new HeadObjectCommand({ Bucket, Key: "none" })))).toMatchObject({
      name: "NotFound",
      status: 404,
    });
  });

  it("lists buckets and tells their region", async () => {
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets).toMatchObject([{ Name: Bucket, BucketRegion: "us-east-1" }]);
    expect((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe("us-east-1");
  });

  it("doesn't delete a bucket with objects", async () => {
    await put("in-the-way");
    expect((await failure(s3.send(new DeleteBucketCommand({ Bucket })))).name).toBe("BucketNotEmpty");
  });
});

describe("objects", () => {
  it("keeps 30 MB byte for byte, streamed with a trailing checksum", async () => {
    const jar = randomBytes(30 * 1024 * 1024);
    const stream = Readable.from(
      (function* () {
        for (let at = 0; at < jar.length; at += 100_000) yield jar.subarray(at, at + 100_000);
      })(),
    );
    const written = await put("AnomalyDetection.jar", stream, { ContentLength: jar.length });
    expect(written.ETag).toBe(`"${createHash("md5").update(jar).digest("hex")}"`);
    const back = await read("AnomalyDetection.jar");
    expect(back.equals(jar)).toBe(true);
    const object = local.running.stack.object(Bucket, "AnomalyDetection.jar");
    expect(object).toMatchObject({ size: jar.length, etag: written.ETag!.replaceAll('"', "") });
  });

  it.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const)(
    "checks %s and gives it back",
    async (ChecksumAlgorithm) => {
      const given = ChecksumAlgorithm === "CRC64NVME" ? { ChecksumCRC64NVME: "rosUhgp5mIg=" } : { ChecksumAlgorithm };
      const body = Buffer.from("123456789");
      const written: any = await put("summed", body, given);
      const head: any = await s3.send(new HeadObjectCommand({ Bucket, Key: "summed", ChecksumMode: "ENABLED" }));
      const name = `Checksum${ChecksumAlgorithm}`;
      const known: Record<string, string> = {
        CRC32: "y/Q5Jg==",
        CRC32C: "4waSgw==",
        CRC64NVME: "rosUhgp5mIg=",
        SHA1: createHash("sha1").update(body).digest("base64"),
        SHA256: createHash("sha256").update(body).digest("base64"),
      };
      expect([written[name], head[name]]).toEqual([known[ChecksumAlgorithm], known[ChecksumAlgorithm]]);
      expect(await read("summed")).toEqual(body);
    },
  );

  it("refuses what doesn't match, and shows nothing of it", async () => {
    const wrong = { ChecksumCRC32: "AAAAAA==" };
    expect((await failure(put("bad", "hello", wrong))).name).toBe("BadDigest");
    const md5 = createHash("md5").update("other").digest("base64");
    expect((await failure(put("bad", "hello", { ContentMD5: md5 }))).name).toBe("BadDigest");
    expect((await failure(put("bad", "hello", { ContentMD5: "short" }))).name).toBe("InvalidDigest");
    const signed = await fetch(`${local.endpoint}/${Bucket}/bad`, {
      method: "PUT",
      body: "hello",
      headers: { "x-amz-content-sha256": createHash("sha256").update("other").digest("hex") },
    });
    expect(await signed.text()).toContain("<Code>XAmzContentSHA256Mismatch</Code>");
    const truncated = await fetch(`${local.endpoint}/${Bucket}/bad`, {
      method: "PUT",
      body: "5\r\nhel",
      headers: { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "5" },
    });
    expect(await truncated.text()).toContain("<Code>IncompleteBody</Code>");
    const trailer = await fetch(`${local.endpoint}/${Bucket}/bad`, {
      method: "PUT",
      body: "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
      headers: {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "5",
        "x-amz-trailer": "x-amz-checksum-crc32",
      },
    });
    expect(await trailer.text()).toContain("<Code>BadDigest</Code>");
    expect((await failure(read("bad"))).name).toBe("NoSuchKey");
  });

  it("brings headers, metadata and tags back", async () => {
    const settings = {
      ContentType: "application/java-archive",
      CacheControl: "no-cache",
      Metadata: { engine: "flink" },
      Tagging: "a=1&b=x%20y",
    };
    await put("dressed", "x", settings);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "dressed" }));
    expect(head).toMatchObject({
      ContentType: "application/java-archive",
      CacheControl: "no-cache",
      Metadata: { engine: "flink" },
      ServerSideEncryption: "AES256",
      ContentLength: 1,
    });
    const tags = async () => (await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "dressed" }))).TagSet;
    expect(await tags()).toEqual([
      { Key: "a", Value: "1" },
      { Key: "b", Value: "x y" },
    ]);
    await s3.send(
      new PutObjectTaggingCommand({ Bucket, Key: "dressed", Tagging: { TagSet: [{ Key: "c", Value: "<&>" }] } }),
    );
    expect(await tags()).toEqual([{ Key: "c", Value: "<&>" }]);
  });

  it("answers ranges and conditions", async () => {
    const { ETag } = await put("digits", "0123456789");
    expect((await read("digits", { Range: "bytes=2-4" })).toString()).toBe("234");
    expect((await read("digits", { Range: "bytes=-3" })).toString()).toBe("789");
    expect((await read("digits", { Range: "bytes=7-100" })).toString()).toBe("789");
    expect((await failure(read("digits", { Range: "bytes=10-" }))).name).toBe("InvalidRange");
    expect((await failure(read("digits", { IfMatch: '"0"' }))).name).toBe("PreconditionFailed");
    expect((await failure(read("digits", { IfNoneMatch: ETag }))).status).toBe(304);
    expect((await failure(put("digits", "new", { IfNoneMatch: "*" }))).name).toBe("PreconditionFailed");
    expect((await failure(put("digits", "new", { IfMatch: '"0"' }))).name).toBe("PreconditionFailed");
    await put("digits", "new", { IfMatch: ETag });
    expect((await read("digits")).toString()).toBe("new");
  });

  it("keeps only one of two writes at once that want nothing there", async () => {
    const results = await Promise.allSettled([1, 2, 3].map((n) => put("once", String(n), { IfNoneMatch: "*" })));
    expect(results.filter((r) => r.status === "fulfilled")).toHaveLength(1);
  });

  it("reads one version whole while others are written over it", async () => {
    const body = (n: number) => String(n).repeat(200_000);
    await put("hot", body(0));
    const writes = Array.from({ length: 20 }, (_, n) => put("hot", body(n % 10)));
    const reads = Array.from({ length: 40 }, async () => {
      const answer = await s3.send(new GetObjectCommand({ Bucket, Key: "hot" }));
      const bytes = Buffer.from(await answer.Body!.transformToByteArray());
      return answer.ETag === `"${createHash("md5").update(bytes).digest("hex")}"`;
    });
    expect(new Set(await Promise.all(reads))).toEqual(new Set([true]));
    await Promise.all(writes);
  });

  it("takes any key, and none leaves the folder", async () => {
    const keys = ["../../etc/passwd", "a//b", "ä ö/ü+%.txt", "line\nbreak", "<&>'\"", ".", "..", "emoji-😀", "/lead"];
    for (const key of keys) await put(key, key);
    for (const key of keys) expect((await read(key)).toString()).toBe(key);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
    const listed = Contents!.map((object) => object.Key);
    expect(listed).toEqual(expect.arrayContaining(keys));
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }));
    expect((await failure(read("<&>'\""))).name).toBe("NoSuchKey");
  });

  it("copies, with or without the metadata", async () => {
    await put("from här", "content", { Metadata: { a: "1" } });
    const CopySource = `${Bucket}/${encodeURIComponent("from här")}`;
    await s3.send(new CopyObjectCommand({ Bucket, Key: "to", CopySource }));
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "to" }))).Metadata).toEqual({ a: "1" });
    await s3.send(
      new CopyObjectCommand({ Bucket, Key: "to", CopySource, MetadataDirective: "REPLACE", Metadata: { b: "2" } }),
    );
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "to" }))).Metadata).toEqual({ b: "2" });
    expect((await read("to")).toString()).toBe("content");
  });

  it("is read in virtual-host style too", async () => {
    await put("hosted", "by name");
    const host = `${Bucket}.localhost:${local.running.port}`;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${local.endpoint}/hosted`, { headers: { host } }, resolve).on("error", reject);
    });
    expect(await text(answer)).toBe("by name");
  });
});

describe("calls inside the stack", () => {
  it("put objects that clients then read", async () => {
    const { stack } = local.running;
    const failed = { Bucket, Key: "quarantine/batch.json", Body: Buffer.from("{}"), ContentType: "application/json" };
    const { ETag } = await stack.call("s3", "PutObject", failed, "us-east-1");
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: failed.Key }))).toMatchObject({
      ETag,
      ContentType: "application/json",
    });
    expect((await read(failed.Key)).toString()).toBe("{}");
    const nowhere = stack.call("s3", "PutObject", { ...failed, Bucket: "no-such-bucket" }, "us-east-1");
    await expect(nowhere).rejects.toMatchObject({ code: "NoSuchBucket" });
  });
});

describe("listing", () => {
  const listBucket = "listing-bucket";
  const keys = ["a/1", "a/2", "a/b/3", "b", "c/1", "é", "\ue000", "😀"];

  beforeAll(async () => {
    await s3.send(new CreateBucketCommand({ Bucket: listBucket }));
    for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket: listBucket, Key, Body: Key }));
  });

  const pages = async (more: object) => {
    const found: (string | undefined)[][] = [];
    let ContinuationToken: string | undefined;
    do {
      const page: any = await s3.send(new ListObjectsV2Command({ Bucket: listBucket, ContinuationToken, ...more }));
      found.push([
        ...(page.Contents ?? []).map((c: any) => c.Key),
        ...(page.CommonPrefixes ?? []).map((p: any) => p.Prefix),
      ]);
      expect(page.KeyCount).toBe(found.at(-1)!.length);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    return found;
  };

  it("orders keys by their UTF-8", async () => {
    expect((await pages({})).flat()).toEqual(keys);
  });

  it.each([1, 2, 3])("pages by %i, each key once, with and without delimiter", async (MaxKeys) => {
    expect((await pages({ MaxKeys })).flat()).toEqual(keys);
    const grouped = await pages({ MaxKeys, Delimiter: "/" });
    expect(grouped.flat().sort()).toEqual(["a/", "b", "c/", "é", "\ue000", "😀"].sort());
    expect(grouped.every((page) => page.length <= MaxKeys)).toBe(true);
    expect((await pages({ MaxKeys, Delimiter: "/", Prefix: "a/" })).flat().sort()).toEqual(["a/1", "a/2", "a/b/"]);
  });

  it("starts after a key, and lists in the old way", async () => {
    expect((await pages({ StartAfter: "b" })).flat()).toEqual(["c/1", "é", "\ue000", "😀"]);
    const old = await s3.send(new ListObjectsCommand({ Bucket: listBucket, Marker: "a/2", MaxKeys: 2 }));
    expect(old.Contents?.map((c) => c.Key)).toEqual(["a/b/3", "b"]);
    expect(old.IsTruncated).toBe(true);
  });
});

describe("versions", () => {
  const versioned = "versioned-bucket";
  const at = { Bucket: versioned, Key: "k" };

  it("keeps old versions, hides the deleted, and empties", async () => {
    await s3.send(new CreateBucketCommand({ Bucket: versioned }));
    await s3.send(new PutObjectCommand({ ...at, Body: "before" }));
    await s3.send(
      new PutBucketVersioningCommand({ Bucket: versioned, VersioningConfiguration: { Status: "Enabled" } }),
    );
    const first = await s3.send(new PutObjectCommand({ ...at, Body: "one" }));
    const second = await s3.send(new PutObjectCommand({ ...at, Body: "two" }));
    expect(first.VersionId).not.toBe(second.VersionId);
    const content = async (VersionId?: string) =>
      (await s3.send(new GetObjectCommand({ ...at, VersionId }))).Body!.transformToString();
    expect([await content(), await content(first.VersionId), await content("null")]).toEqual(["two", "one", "before"]);
    const marker = await s3.send(new DeleteObjectCommand(at));
    expect(marker.DeleteMarker).toBe(true);
    expect((await failure(content())).name).toBe("NoSuchKey");
    expect(await content(second.VersionId)).toBe("two");
    expect((await failure(content(marker.VersionId))).name).toBe("MethodNotAllowed");
    expect((await s3.send(new ListObjectsV2Command({ Bucket: versioned }))).KeyCount).toBe(0);
    expect((await failure(s3.send(new DeleteBucketCommand({ Bucket: versioned })))).name).toBe("BucketNotEmpty");

    const found: { Key?: string; VersionId?: string }[] = [];
    let page: any = {};
    do {
      page = await s3.send(
        new ListObjectVersionsCommand({
          Bucket: versioned,
          MaxKeys: 1,
          KeyMarker: page.NextKeyMarker,
          VersionIdMarker: page.NextVersionIdMarker,
        }),
      );
      for (const one of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])])
        found.push({ Key: one.Key, VersionId: one.VersionId });
    } while (page.IsTruncated);
    expect(found.map((v) => v.VersionId)).toEqual([marker.VersionId, second.VersionId, first.VersionId, "null"]);
    const deleted = await s3.send(new DeleteObjectsCommand({ Bucket: versioned, Delete: { Objects: found as any } }));
    expect(deleted.Deleted).toHaveLength(4);
    await s3.send(new DeleteBucketCommand({ Bucket: versioned }));
  });
});

describe("multipart uploads", () => {
  const part = randomBytes(5 * 1024 * 1024);
  const start = async (Key: string, more: object = {}) => ({
    Bucket,
    Key,
    UploadId: (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId!,
  });

  it.each([undefined, "CRC32", "SHA256"] as const)(
    "joins parts whatever their order (%s)",
    async (ChecksumAlgorithm) => {
      const upload = await start("big", { ChecksumAlgorithm });
      const bodies = [part, part.subarray(0, 4_000_000)];
      const parts: any[] = [];
      for (const n of [2, 1]) {
        const sent: any = await s3.send(
          new UploadPartCommand({ ...upload, PartNumber: n, Body: n === 1 ? part : bodies[1], ChecksumAlgorithm }),
        );
        parts.unshift({
          PartNumber: n,
          ETag: sent.ETag,
          ChecksumCRC32: ChecksumAlgorithm === "CRC32" ? sent.ChecksumCRC32 : undefined,
        });
      }
      const listed = await s3.send(new ListPartsCommand(upload));
      expect(listed.Parts?.map((p) => [p.PartNumber, p.Size])).toEqual([
        [1, part.length],
        [2, 4_000_000],
      ]);
      expect((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads).toHaveLength(1);
      const done = await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }));
      expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
      expect((await read("big")).equals(Buffer.concat(bodies))).toBe(true);
      const second = await s3.send(new HeadObjectCommand({ Bucket, Key: "big", PartNumber: 2 }));
      expect(second).toMatchObject({ ContentLength: 4_000_000, PartsCount: 2 });
      expect((await failure(s3.send(new ListPartsCommand(upload)))).name).toBe("NoSuchUpload");
    },
  );

  it("refuses small, missing and misordered parts", async () => {
    const upload = await start("refused");
    const one = await s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: "small" }));
    const two = await s3.send(new UploadPartCommand({ ...upload, PartNumber: 2, Body: "small" }));
    const complete = (Parts: any[]) =>
      failure(s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })));
    const [first, second] = [
      { PartNumber: 1, ETag: one.ETag },
      { PartNumber: 2, ETag: two.ETag },
    ];
    expect((await complete([first, second])).name).toBe("EntityTooSmall");
    expect((await complete([second, first])).name).toBe("InvalidPartOrder");
    expect((await complete([{ ...first, ETag: '"0"' }])).name).toBe("InvalidPart");
    await s3.send(new AbortMultipartUploadCommand(upload));
    expect((await complete([first])).name).toBe("NoSuchUpload");
    expect((await failure(read("refused"))).name).toBe("NoSuchKey");
  });

  it("copies a part out of another object", async () => {
    await put("source", "0123456789");
    const upload = await start("assembled");
    const copied = await s3.send(
      new UploadPartCopyCommand({
        ...upload,
        PartNumber: 1,
        CopySource: `${Bucket}/source`,
        CopySourceRange: "bytes=3-5",
      }),
    );
    await s3.send(
      new CompleteMultipartUploadCommand({
        ...upload,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag: copied.CopyPartResult!.ETag }] },
      }),
    );
    expect((await read("assembled")).toString()).toBe("345");
  });
});
