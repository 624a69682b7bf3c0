import { connect } from "node:net";
import { mulberry32 } from "../../src/local/chaos.ts";
import { encodeCbor } from "../../src/local/http/protocol/cbor.ts";

const auth = (service: string) =>
  `Authorization: AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;

function request(line: string, headers: string[], body: string | Uint8Array = ""): Buffer {
  const bytes = Buffer.from(body);
  const head = [`${line} HTTP/1.1`, "Host: 127.0.0.1:4577", ...headers, `Content-Length: ${bytes.length}`, "", ""];
  return Buffer.concat([Buffer.from(head.join("\r\n")), bytes]);
}

const json = (target: string, service: string, input: unknown) =>
  request(
    "POST /",
    [`X-Amz-Target: ${target}`, "Content-Type: application/x-amz-json-1.1", auth(service)],
    JSON.stringify(input),
  );
const form = (service: string, body: string) =>
  request("POST /", ["Content-Type: application/x-www-form-urlencoded; charset=utf-8", auth(service)], body);

const record = { Data: "d2luZA==", PartitionKey: "oak-1" };
const put = { StreamName: "fuzz", Records: [record, { ...record, ExplicitHashKey: "17" }] };
const item = { turbine_id: { S: "oak-1" }, timestamp: { S: "t" }, wind_speed: { N: "1.5" } };
const chunked =
  "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";

/** One good request of each kind: every service, wire format and HTTP feature there is. */
const corpus: Buffer[] = [
  json("Kinesis_20131202.PutRecords", "kinesis", put),
  json("Kinesis_20131202.CreateStream", "kinesis", { StreamName: "fuzz", ShardCount: 1 }),
  json("Kinesis_20131202.ListShards", "kinesis", { StreamName: "fuzz", ShardFilter: { Type: "AT_LATEST" } }),
  json("Kinesis_20131202.GetRecords", "kinesis", { ShardIterator: "AAAAAAAAAAE=", Limit: 10 }),
  json("Kinesis_20131202.GetShardIterator", "kinesis", {
    StreamName: "fuzz",
    ShardId: "0",
    ShardIteratorType: "LATEST",
  }),
  request(
    "POST /",
    ["X-Amz-Target: Kinesis_20131202.PutRecords", "Content-Type: application/x-amz-cbor-1.1", auth("kinesis")],
    encodeCbor({ StreamName: "fuzz", Records: [{ Data: Buffer.from("wind"), PartitionKey: "k" }] }, "milliseconds"),
  ),
  json("DynamoDB_20120810.PutItem", "dynamodb", { TableName: "fuzz", Item: item }),
  json("DynamoDB_20120810.Query", "dynamodb", {
    TableName: "fuzz",
    KeyConditionExpression: "turbine_id = :t",
    ExpressionAttributeValues: { ":t": { S: "oak-1" } },
  }),
  form("sns", "Action=CreateTopic&Name=fuzz&Tags.member.1.Key=a&Tags.member.1.Value=b&Version=2010-03-31"),
  form("iam", "Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=%7B%7D&Version=2010-05-08"),
  form("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
  request("POST /2015-03-31/functions", ["Content-Type: application/json", auth("lambda")], '{"FunctionName":"f"}'),
  request("GET /2015-03-31/functions/f?Qualifier=1", [auth("lambda")]),
  request("PUT /bucket", [auth("s3")]),
  request("PUT /bucket/a/key%20b", [auth("s3"), "x-amz-content-sha256: UNSIGNED-PAYLOAD"], "bytes"),
  request("GET /bucket?list-type=2&prefix=a&max-keys=2", [auth("s3")]),
  request("DELETE /bucket/a?versionId=1", [auth("s3")]),
  request(
    "POST /service/CloudWatch/operation/PutMetricData",
    ["smithy-protocol: rpc-v2-cbor", "Content-Type: application/cbor", auth("monitoring")],
    encodeCbor({ Namespace: "n", MetricData: [{ MetricName: "m", Value: 1.5 }] }, "seconds"),
  ),
  request("GET /_windops/health", []),
  Buffer.from(chunked),
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1"),
];

const spices = [
  "\r\n",
  "\0",
  "{",
  "[".repeat(200),
  '"',
  "%",
  "%00",
  "..",
  "/",
  ":",
  "é",
  "\ud800",
  "-1",
  "1e309",
  "9".repeat(30),
];
const injected = [
  "Content-Length: 0",
  "Content-Length: 99999999999999999999",
  "Transfer-Encoding: chunked",
  "Content-Encoding: gzip",
  "Expect: 100-continue",
  "Connection: upgrade",
  "Host: evil.example",
  "Origin: http://evil.example",
  "X-Amz-Target: x",
  `X-Long: ${"a".repeat(20_000)}`,
];

function mutate(bytes: Buffer, random: () => number): Buffer {
  let out = Buffer.from(bytes);
  const at = () => Math.floor(random() * (out.length + 1));
  const pick = <T>(list: T[]) => list[Math.floor(random() * list.length)]!;
  const splice = (from: number, to: number, insert: Buffer) =>
    Buffer.concat([out.subarray(0, from), insert, out.subarray(Math.max(from, to))]);
  for (let n = 1 + Math.floor(random() * 4); n > 0; n--) {
    const from = at();
    const kind = Math.floor(random() * 7);
    if (kind === 0 && out.length > 0) out[from % out.length]! ^= 1 << Math.floor(random() * 8);
    else if (kind === 1) out = splice(from, from, Buffer.from(pick(spices)));
    else if (kind === 2) out = splice(from, from + Math.floor(random() * 20), Buffer.alloc(0));
    else if (kind === 3) out = out.subarray(0, from);
    else if (kind === 4) out = splice(from, from, out.subarray(at(), at()));
    else if (kind === 5) {
      const line = out.indexOf("\r\n") + 2;
      out = splice(line, line, Buffer.from(`${pick(injected)}\r\n`));
    } else {
      const other = pick(corpus);
      out = Buffer.concat([out.subarray(0, from), other.subarray(Math.floor(random() * other.length))]);
    }
  }
  return out;
}

/**
 * Sends bytes on a connection of their own; resolves to what came back when it has closed, by the server or after
 * `patience` ms.
 */
function send(port: number, bytes: Buffer, halfClose: boolean, patience: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => (halfClose ? socket.end(bytes) : socket.write(bytes)));
    const answer: Buffer[] = [];
    socket.setTimeout(patience, () => socket.destroy());
    socket.on("error", () => {}).on("close", () => resolve(Buffer.concat(answer).toString("latin1")));
    socket.on("data", (chunk) => answer.push(chunk));
  });
}

/**
 * Sends `count` mutated requests, 32 at once; the same seed sends the same bytes. Calls `check` every thousand.
 * Resolves to those that were answered with a 5xx (bytes and answer): whatever comes in, it's the caller's mistake.
 */
export async function fuzz(options: {
  port: number;
  count: number;
  seed: number;
  check(sent: number): Promise<void>;
}): Promise<string[]> {
  const random = mulberry32(options.seed);
  const failed: string[] = [];
  let sent = 0;
  while (sent < options.count) {
    const end = Math.min(options.count, sent + 1000);
    const worker = async () => {
      while (sent < end) {
        sent++;
        const bytes = mutate(corpus[Math.floor(random() * corpus.length)]!, random);
        const answer = await send(options.port, bytes, random() < 0.95, 100);
        if (/^HTTP\/1\.1 5\d\d /m.test(answer)) failed.push(`${bytes.toString("latin1")}\n=> ${answer}`);
      }
    };
    await Promise.all(Array.from({ length: 32 }, worker));
    await options.check(sent);
  }
  return failed;
}
