import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { afterAll, describe, expect, it } from "vitest";
import { launchStack, stopStack } from "../../../../src/local/process/launch.ts";
import { startStack } from "../../../../src/local/stack.ts";
import { clientOptions, temporaryFolder, temporaryStack } from "../../stack-fixture.ts";

const Bucket = "faults";
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
}

const s3Client = (endpoint: string) =>
  new S3Client({ ...clientOptions(endpoint), forcePathStyle: true, maxAttempts: 1 });

async function contents(s3: S3Client): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  for (const { Key } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    found.set(Key!, await Body!.transformToString());
  }
  return found;
}

/** How many files of objects lie in the folder. */
function objectFiles(stateDir: string): number {
  const folder = join(stateDir, "data", "s3");
  const directories = readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory());
  return directories.flatMap((name) => readdirSync(join(folder, name))).length;
}

describe("a full disk", () => {
  const large = "x".repeat(300_000);

  /** Writes in every way there is; resolves to what was acknowledged, and how many calls failed. */
  async function write(s3: S3Client) {
    const acknowledged = new Map<string, string>();
    let failures = 0;
    const attempt = async (key: string, body: string, call: () => Promise<unknown>) => {
      try {
        await call();
        acknowledged.set(key, body);
      } catch (error: any) {
        expect([error.name, error.$metadata?.httpStatusCode]).toEqual(["InternalError", 500]);
        failures++;
      }
    };
    const put = (Key: string, Body: string) =>
      attempt(Key, Body, () => s3.send(new PutObjectCommand({ Bucket, Key, Body })));
    await put("small", "one");
    await put("small", "two");
    await put("large", large);
    if (acknowledged.has("large")) {
      const CopySource = `${Bucket}/large`;
      await attempt("copy", large, () => s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource })));
    }
    await attempt("parts", "part", async () => {
      const at = { Bucket, Key: "parts" };
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
      const { ETag } = await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: "part" }));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }));
    });
    return { acknowledged, failures };
  }

  async function fullAt(failing: number): Promise<{ writes: number; failures: number }> {
    const stateDir = newFolder();
    let writes = -1;
    const fault = () => (writes >= 0 && writes++ === failing ? 0 : undefined);
    let stack = await startStack({ stateDir, seed: 1, fault });
    let s3 = s3Client(stack.endpoint);
    await s3.send(new CreateBucketCommand({ Bucket }));
    writes = 0;
    const { acknowledged, failures } = await write(s3);
    const total = writes;
    expect(await contents(s3)).toEqual(acknowledged);
    s3.destroy();
    await stack.close();
    stack = await startStack({ stateDir, seed: 1 });
    s3 = s3Client(stack.endpoint);
    expect(await contents(s3)).toEqual(acknowledged);
    // One more where the part of an upload that wasn't completed or noted stays.
    expect(objectFiles(stateDir)).toBeLessThanOrEqual(acknowledged.size + 1);
    s3.destroy();
    await stack.close();
    return { writes: total, failures };
  }

  it("at every write in turn: a clean 500, nothing half there, what was there before stays", async () => {
    const { writes, failures } = await fullAt(-1);
    expect([writes > 10, failures]).toEqual([true, 0]);
    for (let failing = 0; failing < writes - 1; failing++) expect((await fullAt(failing)).failures).toBe(1);
    // The last one notes the end of an upload whose object is there already: that call succeeds.
    expect((await fullAt(writes - 1)).failures).toBe(0);
  });
});

describe("chaos", () => {
  it("speaks S3's language, by the API's names of its calls", async () => {
    const slow = { code: "SlowDown", message: "Please reduce your request rate.", status: 503 };
    const rules = [{ service: "s3", operation: "PutObject", nth: 1, error: slow }];
    const stack = await temporaryStack({ chaos: { rules } });
    const s3 = s3Client(stack.endpoint);
    await s3.send(new CreateBucketCommand({ Bucket }));
    const put = () => s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "b" }));
    await expect(put()).rejects.toMatchObject({
      name: "SlowDown",
      message: slow.message,
      $metadata: { httpStatusCode: 503 },
    });
    await put();
    s3.destroy();
    await stack.close();
  });
});

describe("kill -9", () => {
  it("loses no acknowledged object and no mail, and leaves no half ones", async () => {
    const stateDir = newFolder();
    const objects = new Map<string, string>();
    const messages: string[] = [];
    let TopicArn = "";
    let n = 0;
    for (let round = 0; round < 3; round++) {
      const stack = await launchStack({ env: process.env, stateDir, port: 0 });
      const s3 = s3Client(stack.endpoint);
      const sns = new SNSClient({ ...clientOptions(stack.endpoint), maxAttempts: 1 });
      if (round === 0) {
        await s3.send(new CreateBucketCommand({ Bucket }));
        TopicArn = await subscribed(sns, stack.endpoint);
      }
      let killed = false;
      const enough = objects.size + 60;
      const writer = async () => {
        while (!killed) {
          const id = `o${n++}`;
          const body = `${id} `.repeat(20_000);
          const put = s3.send(new PutObjectCommand({ Bucket, Key: id, Body: body })).then(() => objects.set(id, body));
          const publish = sns.send(new PublishCommand({ TopicArn, Message: id })).then(() => messages.push(id));
          await Promise.allSettled([put, publish]);
          if (objects.size < enough || killed) continue;
          killed = true;
          process.kill(stack.pid, "SIGKILL");
        }
      };
      await Promise.all([writer(), writer(), writer()]);
      s3.destroy();
      sns.destroy();
    }
    const stack = await launchStack({ env: process.env, stateDir, port: 0 });
    const s3 = s3Client(stack.endpoint);
    const found = await contents(s3);
    for (const [key, body] of objects) expect(found.get(key) === body, key).toBe(true);
    for (const [key, body] of found) expect(body === `${key} `.repeat(20_000), key).toBe(true);
    const { mails } = (await (await fetch(`${stack.endpoint}/_windops/inbox?kind=notification`)).json()) as any;
    const texts = mails.map((mail: any) => mail.text.split("\n")[0]);
    expect(texts).toEqual(expect.arrayContaining(messages));
    expect(new Set(texts).size).toBe(texts.length);
    s3.destroy();
    await stopStack(stateDir);
    expect(objectFiles(stateDir)).toBe(found.size);
  });
});

async function subscribed(sns: SNSClient, endpoint: string): Promise<string> {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t" }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "a@example.com" }));
  await fetch(`${endpoint}/_windops/confirm-all`, { method: "POST", body: "{}" });
  return TopicArn!;
}
