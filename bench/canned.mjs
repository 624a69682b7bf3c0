// Answers like a Kinesis stream that costs nothing: prepared bytes. What a client reaches here is the client's own limit.
import { createServer } from "node:http";

const sequence = "49590338271490256608559692538361571095921575989136588898";
const record = {
  ApproximateArrivalTimestamp: 1732400000.123,
  Data: Buffer.alloc(200, "a").toString("base64"),
  PartitionKey: "oak-17",
  SequenceNumber: sequence,
};
const shard = "shardId-000000000000";
const answers = {
  CreateStream: {},
  DescribeStream: { StreamDescription: { StreamStatus: "ACTIVE" } },
  GetShardIterator: { ShardIterator: "A".repeat(200) },
  GetRecords: { MillisBehindLatest: 1, NextShardIterator: "A".repeat(200), Records: Array(1000).fill(record) },
  PutRecords: { FailedRecordCount: 0, Records: Array(500).fill({ SequenceNumber: sequence, ShardId: shard }) },
};
const bodies = new Map(Object.entries(answers).map(([name, answer]) => [name, Buffer.from(JSON.stringify(answer))]));

createServer((request, response) => {
  request.resume().on("end", () => {
    const body = bodies.get(String(request.headers["x-amz-target"]).split(".")[1]) ?? Buffer.from("{}");
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1", "content-length": body.length });
    response.end(body);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
