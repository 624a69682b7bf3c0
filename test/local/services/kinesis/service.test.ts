import {
  CreateStreamCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
  waitUntilStreamExists,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeCbor, encodeCbor } from "../../../../src/local/http/protocol/cbor.ts";
import { clientOptions, temporaryStack } from "../../stack-fixture.ts";

let stack: Awaited<ReturnType<typeof temporaryStack>>;
beforeAll(async () => {
  stack = await temporaryStack();
});
afterAll(() => stack.close());

test.each([
  ["HTTP/1.1", () => new NodeHttpHandler()],
  ["HTTP/2, the client's default", () => undefined],
])("a record put over %s is read back and pushed", async (name, handler) => {
  const StreamName = name.replace(/\W/g, "");
  const client = new KinesisClient({ ...clientOptions(stack.endpoint), requestHandler: handler() });
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await waitUntilStreamExists({ client, maxWaitTime: 10, minDelay: 0.1, maxDelay: 0.2 } as never, { StreamName });
  const put = await client.send(
    new PutRecordsCommand({ StreamName, Records: [{ Data: Buffer.from("wind"), PartitionKey: "oak-1" }] }),
  );
  expect(put.FailedRecordCount).toBe(0);
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" }),
  );
  const got = await client.send(new GetRecordsCommand({ ShardIterator }));
  expect(got.Records?.map((r) => [Buffer.from(r.Data!).toString(), r.PartitionKey, r.SequenceNumber])).toEqual([
    ["wind", "oak-1", put.Records![0]!.SequenceNumber],
  ]);
  expect(got.MillisBehindLatest).toBe(0);
  const { StreamDescriptionSummary: own } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
  const { StreamARN } = own!;
  const { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "c" }));
  const { ConsumerARN } = Consumer!;
  await expect
    .poll(async () => (await client.send(new DescribeStreamConsumerCommand({ ConsumerARN }))).ConsumerDescription)
    .toMatchObject({ ConsumerStatus: "ACTIVE" });
  const { EventStream } = await client.send(
    new SubscribeToShardCommand({
      ConsumerARN,
      ShardId: "shardId-000000000000",
      StartingPosition: { Type: "TRIM_HORIZON" },
    }),
  );
  for await (const { SubscribeToShardEvent: event } of EventStream!) {
    expect(event!.Records!.map((r) => r.PartitionKey)).toEqual(["oak-1"]);
    break;
  }
  const summary = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
  expect(summary.StreamDescriptionSummary?.StreamStatus).toBe("ACTIVE");
  client.destroy();
});

test("CBOR as the Java SDK's client sends it: bytes as bytes, times as whole milliseconds, errors alike", async () => {
  const call = async (operation: string, input: object) => {
    const response = await fetch(stack.endpoint, {
      method: "POST",
      headers: { "x-amz-target": `Kinesis_20131202.${operation}`, "content-type": "application/x-amz-cbor-1.1" },
      body: new Uint8Array(encodeCbor(input, "milliseconds")),
    });
    expect(response.headers.get("content-type")).toBe("application/x-amz-cbor-1.1");
    return decodeCbor(new Uint8Array(await response.arrayBuffer()), "milliseconds");
  };
  const StreamName = "HTTP11";
  const before = Date.now();
  const Data = Buffer.from([0, 255, 128]);
  const put = await call("PutRecords", { StreamName, Records: [{ Data, PartitionKey: "java" }] });
  expect(put).toMatchObject({ FailedRecordCount: 0, Records: [{ ShardId: "shardId-000000000000" }] });
  const at = { ShardId: "0", ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(before - 1) };
  const { ShardIterator } = await call("GetShardIterator", { StreamName, ...at });
  const { Records, MillisBehindLatest } = await call("GetRecords", { ShardIterator });
  expect(MillisBehindLatest).toBe(0);
  expect(Records.at(-1)).toMatchObject({ Data, PartitionKey: "java", ApproximateArrivalTimestamp: expect.any(Date) });
  expect(Records.at(-1).ApproximateArrivalTimestamp.getTime()).toBeGreaterThanOrEqual(before);
  expect(await call("DescribeStreamSummary", { StreamName: "nobody" })).toEqual({
    __type: "ResourceNotFoundException",
    message: "Stream nobody under account 000000000000 not found.",
  });
});
