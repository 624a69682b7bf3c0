import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterEach, describe, expect, it } from "vitest";
import {
  CheckpointWriter,
  checkpointIds,
  checkpointPath,
  readCheckpoint,
} from "../../../src/local/services/kinesisanalytics/engines/embedded/checkpoint.ts";
import { zipped } from "../pipeline-fixture.ts";
import { clientOptions, temporaryFolder, temporaryStack } from "../stack-fixture.ts";
import { failingDisk } from "./failing-disk.ts";

// What is written as whole files, each write in turn cut short: by a full disk, and by a death of the process.
const deaths = [
  ["a full disk", false],
  ["kill -9", true],
] as const;

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const newFolder = () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
};

const Role = "arn:aws:iam::000000000000:role/r";
const AssumeRolePolicyDocument = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: ["lambda.amazonaws.com", "kinesisanalytics.amazonaws.com"] },
      Action: "sts:AssumeRole",
    },
  ],
});
const files = { "index.mjs": "export const handler = async () => 1;", "lib/a.mjs": "a".repeat(999), "lib/b.mjs": "b" };

/** A stack with a role for functions and applications and a bucket with a jar; calls are made inside it. */
async function ready(stateDir: string) {
  const stack = await temporaryStack({ stateDir });
  const call = (service: string, operation: string, input: object) =>
    stack.stack.call(service, operation, input, "us-east-1");
  return { ...stack, call };
}

const packed = zipped(files);

const operations = {
  "a function's package": {
    service: "lambda",
    operation: "CreateFunction",
    input: {
      FunctionName: "f",
      Role,
      Handler: "index.handler",
      Runtime: "nodejs22.x",
      Code: { ZipFile: packed },
    },
    folder: (stateDir: string) => join(stateDir, "data/lambda"),
    whole: (folder: string) => {
      const [zip, root] = readdirSync(join(folder, "code")).sort((a, b) => b.length - a.length);
      expect(readdirSync(join(folder, "code"))).toHaveLength(2);
      expect(readFileSync(join(folder, "code", zip!))).toEqual(Buffer.from(packed));
      for (const [name, text] of Object.entries(files)) {
        expect(readFileSync(join(folder, "code", root!, name), "utf8")).toBe(text);
      }
    },
    writes: 4,
    // The zip that was written whole isn't written again.
    retries: 3,
  },
  "an application's code": {
    service: "kinesisanalytics",
    operation: "CreateApplication",
    input: {
      ApplicationName: "a",
      RuntimeEnvironment: "FLINK-1_20",
      ServiceExecutionRole: Role,
      ApplicationConfiguration: {
        ApplicationCodeConfiguration: {
          CodeContentType: "ZIPFILE",
          CodeContent: { S3ContentLocation: { BucketARN: "arn:aws:s3:::jars", FileKey: "job.jar" } },
        },
      },
    },
    folder: (stateDir: string) => join(stateDir, "data/kinesisanalytics"),
    whole: (folder: string) => {
      const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(found.map(({ name }) => name)).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.jar$/)]);
      expect(readFileSync(join(found[0]!.parentPath, found[0]!.name), "utf8")).toBe("a job of some length");
    },
    writes: 1,
    retries: 1,
  },
};

describe.each(Object.entries(operations))("%s", (_, { service, operation, input, folder, whole, writes, retries }) => {
  it.each(deaths)("is there whole or not at all after %s at any write", async (_death, killed) => {
    const stateDir = newFolder();
    let stack = await ready(stateDir);
    await stack.call("iam", "CreateRole", { RoleName: "r", AssumeRolePolicyDocument });
    const s3 = new S3Client({ ...clientOptions(stack.endpoint), forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: "jars" }));
    await s3.send(new PutObjectCommand({ Bucket: "jars", Key: "job.jar", Body: "a job of some length" }));
    let failing = 0;
    for (; ; failing++) {
      const disk = await failingDisk(folder(stateDir), failing, { killed });
      const outcome = await stack.call(service, operation, input).then(
        () => "done",
        (error) => error,
      );
      disk.restore();
      if (outcome === "done") break;
      expect(outcome.message).toContain("ENOSPC");
      if (!killed) expect(outcome).toMatchObject({ code: "InternalFailure", status: 500 });
      else {
        await stack.stop();
        stack = await ready(stateDir);
      }
    }
    expect(failing).toBe(killed ? writes : retries);
    whole(folder(stateDir));
    await stack.stop();
  });
});

describe("a checkpoint", () => {
  const state = { streamCreatedAt: 5, startAt: undefined, positions: { s: { sequenceNumber: "9" } } };
  const turbine = { id: "a", lastSeen: 1, warmup: 0.5, state: new Uint8Array(1000).fill(7) };
  const write = async (path: string) => {
    const writer = await CheckpointWriter.create(path);
    try {
      // As in a job whose output takes its time: nobody waits for the file yet.
      await new Promise(setImmediate);
      writer.add(turbine);
      return await writer.commit(state);
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  };

  it.each(deaths)(
    "is there whole or not at all after %s at any write; the one before stays",
    async (_death, killed) => {
      const folder = newFolder();
      await write(checkpointPath(folder, 1));
      let failing = 0;
      for (; ; failing++) {
        const disk = await failingDisk(folder, failing, { killed });
        const outcome = await write(checkpointPath(folder, 2)).then(
          () => "written",
          ({ code }) => code,
        );
        disk.restore();
        if (outcome === "written") break;
        expect(outcome).toBe("ENOSPC");
        expect(await checkpointIds(folder)).toEqual([1]);
        if (!killed) expect(readdirSync(folder)).toEqual(["checkpoint-00000001"]);
      }
      // The beginning, a turbine, the footer, its length, the hash.
      expect(failing).toBe(5);
      expect(await checkpointIds(folder)).toEqual([2, 1]);
      for (const id of [1, 2]) {
        expect((await readCheckpoint(checkpointPath(folder, id))).turbines).toEqual([turbine]);
        expect(existsSync(`${checkpointPath(folder, id)}.part`)).toBe(false);
      }
    },
  );
});
