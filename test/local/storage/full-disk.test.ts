import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { type RunningStack, startStack } from "../../../src/local/stack.ts";
import { temporaryFolder } from "../stack-fixture.ts";

// The disk is full at one write, for every write of a run in turn: the call fails as AWS fails and can be tried again;
// after a restart everything acknowledged is there.

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const assume = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const batch = (from: number) => ({
  StreamName: "s",
  Records: [0, 1, 2].map((i) => ({ Data: Buffer.from(`r${from + i}`), PartitionKey: "k" })),
});

/** Calls that change something; each is tried twice at most. Resolves to what was acknowledged. */
async function run(stack: RunningStack) {
  let failures = 0;
  const acknowledged: string[] = [];
  const call = async (service: string, operation: string, input: object) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await stack.stack.call(service, operation, input, "us-east-1");
      } catch (error) {
        failures++;
        expect(error).toMatchObject({ code: "InternalFailure", status: 500 });
        if (attempt === 2) throw error;
      }
    }
  };
  await call("kinesis", "CreateStream", { StreamName: "s", ShardCount: 1 });
  await call("iam", "CreateRole", { RoleName: "r", AssumeRolePolicyDocument: assume });
  await call("sns", "CreateTopic", { Name: "t" });
  const status = async () =>
    (await call("kinesis", "DescribeStreamSummary", { StreamName: "s" })).StreamDescriptionSummary.StreamStatus;
  await expect.poll(status, { interval: 20, timeout: 5000 }).toBe("ACTIVE");
  for (let from = 0; from < 12; from += 3) {
    const input = batch(from);
    for (let left = input.Records; left.length > 0; ) {
      const { Records } = await call("kinesis", "PutRecords", { ...input, Records: left });
      const failed = left.filter((_, i) => Records[i].ErrorCode !== undefined);
      failures += failed.length > 0 ? 1 : 0;
      for (const record of left) if (!failed.includes(record)) acknowledged.push(record.Data.toString());
      left = failed;
    }
  }
  await call("kinesis", "AddTagsToStream", { StreamName: "s", Tags: { a: "1" } });
  return { failures, acknowledged };
}

async function stored(stateDir: string) {
  const stack = await startStack({ stateDir });
  const call = (service: string, operation: string, input: object) =>
    stack.stack.call(service, operation, input, "us-east-1");
  const position = { StreamName: "s", ShardId: "0", ShardIteratorType: "TRIM_HORIZON" };
  const { ShardIterator } = await call("kinesis", "GetShardIterator", position);
  const { Records } = await call("kinesis", "GetRecords", { ShardIterator });
  const { Tags } = await call("kinesis", "ListTagsForStream", { StreamName: "s" });
  const { Role } = await call("iam", "GetRole", { RoleName: "r" });
  const { Topics } = await call("sns", "ListTopics", {});
  await stack.close();
  return {
    records: Records.map((r: { Data: Buffer }) => r.Data.toString()),
    tags: Tags,
    role: Role.RoleName,
    topics: Topics.length,
  };
}

async function fullAt(failing: number): Promise<{ writes: number; failures: number }> {
  const stateDir = temporaryFolder();
  folders.push(stateDir);
  let writes = 0;
  const stack = await startStack({ stateDir, seed: 1, fault: () => (writes++ === failing ? failing % 40 : undefined) });
  const { failures, acknowledged } = await run(stack);
  await stack.close();
  expect(await stored(stateDir)).toEqual({
    records: acknowledged,
    tags: [{ Key: "a", Value: "1" }],
    role: "r",
    topics: 1,
  });
  return { writes, failures };
}

test("a full disk at every write in turn", async () => {
  const { writes } = await fullAt(-1);
  expect(writes).toBeGreaterThan(8);
  for (let failing = 0; failing < writes; failing++) {
    const { failures } = await fullAt(failing);
    // The write that makes a stream ACTIVE is the stack's own: it is tried again when somebody looks.
    expect(failures).toBeLessThanOrEqual(1);
  }
});
