import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DESTINATION_MAPPING } from "../../../../../src/pipeline/settings/functions.ts";
import { type Clients, clients, deploy, enabled, put, role, stream, until } from "../../../pipeline-fixture.ts";
import { clientOptions, temporaryStack } from "../../../stack-fixture.ts";

// The mapping that `setup` makes, with the stack's clock in the test's hand.
const HOUR = 3_600_000;
let passed = 0;
let stack: Awaited<ReturnType<typeof temporaryStack>>;
let aws: Clients;
beforeAll(async () => {
  stack = await temporaryStack({ limits: false, now: () => Date.now() + passed });
  aws = clients(stack.endpoint);
});
afterAll(() => stack.close());

const series = (key: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${key}:${from + i}`);

it("a function that fails for an hour loses nothing; beyond the stream's retention its readings are kept whole", async () => {
  const s3 = new S3Client({ ...clientOptions(stack.endpoint), forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: "kept" }));
  const [out, works] = [join(stack.stateDir, "out.ndjson"), join(stack.stateDir, "works")];
  const source = `
    import { appendFileSync, existsSync } from "node:fs";
    export const handler = async ({ Records }) => {
      if (!existsSync(process.env.WORKS)) throw new Error("down");
      for (const { kinesis } of Records) appendFileSync(process.env.OUT, Buffer.from(kinesis.data, "base64") + "\\n");
    };`;
  const Variables = { OUT: out, WORKS: works };
  await deploy(aws, await role(aws.iam, "functions"), "destination", source, { Environment: { Variables } });
  const EventSourceArn = await stream(aws, "scored");
  const DestinationConfig = { OnFailure: { Destination: "arn:aws:s3:::kept" } };
  const mapping = { ...DESTINATION_MAPPING, FunctionResponseTypes: [...DESTINATION_MAPPING.FunctionResponseTypes] };
  const { UUID } = await aws.lambda.send(
    new CreateEventSourceMappingCommand({ FunctionName: "destination", EventSourceArn, ...mapping, DestinationConfig }),
  );
  await enabled(aws, UUID!);
  const shard = async () => {
    const page = await fetch(`${stack.endpoint}/_windops/event-source-mappings`);
    return ((await page.json()) as any[])[0]?.Shards["shardId-000000000000"];
  };
  const failsAgain = async () => {
    const { errors = 0 } = (await shard()) ?? {};
    await until(async () => (await shard())?.errors > errors, "a further failure");
  };
  const processed = () => (existsSync(out) ? readFileSync(out, "utf8").trim().split("\n") : []);

  await put(aws, "scored", series("a", 0, 20));
  await failsAgain();
  passed += HOUR / 2;
  await put(aws, "scored", series("a", 20, 40));
  await failsAgain();
  passed += HOUR / 2;
  await failsAgain();
  expect((await shard()).iteratorAgeMs).toBeGreaterThanOrEqual(HOUR);
  writeFileSync(works, "");
  await until(() => processed().length >= 40, "all of the hour's records");
  expect(processed()).toEqual(series("a", 0, 40));
  expect(await shard()).toMatchObject({ discarded: 0, iteratorAgeMs: 0 });

  rmSync(works);
  await put(aws, "scored", series("b", 0, 10));
  await failsAgain();
  passed += 25 * HOUR;
  const kept = await until(async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: "kept" }));
    const reports = await Promise.all(
      Contents.map(async ({ Key }) => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: "kept", Key }));
        return JSON.parse(await Body!.transformToString());
      }),
    );
    for (const { requestContext } of reports) expect(requestContext.condition).toBe("RecordAgeExceeded");
    const records = reports.flatMap(({ payload }) => JSON.parse(payload).Records);
    return records.length >= 10 && records.map(({ kinesis }) => Buffer.from(kinesis.data, "base64").toString());
  }, "the readings that nobody could store any more");
  expect(kept.sort()).toEqual(series("b", 0, 10));
  writeFileSync(works, "");
  await put(aws, "scored", ["c:0"]);
  await until(() => processed().at(-1) === "c:0", "what came after");
});
