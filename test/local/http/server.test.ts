import { mkdirSync, readdirSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listen } from "../../../src/local/http/server.ts";
import { fuzz } from "../fuzz.ts";
import { temporaryFolder, temporaryStack } from "../stack-fixture.ts";

let stack: Awaited<ReturnType<typeof temporaryStack>>;
let parent: string;
beforeAll(async () => {
  parent = temporaryFolder();
  const stateDir = join(parent, "state");
  mkdirSync(stateDir);
  stack = await temporaryStack({ stateDir, limits: false });
});
afterAll(() => stack.close());

const scope = (service: string, region = "us-east-1") =>
  `AWS4-HMAC-SHA256 Credential=AKID/20261123/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;

interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

function call(
  headers: Record<string, string>,
  body: string | Buffer = "",
  { method = "POST", path = "/" } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const r = request({ host: "127.0.0.1", port: stack.port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    r.on("error", reject).end(body);
  });
}
const kinesis = (operation: string, body: string | Buffer = "{}", headers: Record<string, string> = {}) =>
  call({ "x-amz-target": `Kinesis_20131202.${operation}`, authorization: scope("kinesis"), ...headers }, body);

describe("routing", () => {
  test("unknown calls and services are named in their protocol's own shape", async () => {
    const json = await kinesis("Fly");
    expect([json.status, JSON.parse(json.body)]).toEqual([
      400,
      { __type: "UnknownOperationException", message: `The embedded stack's kinesis has no operation "Fly"` },
    ]);
    expect(json.headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(json.headers["x-amzn-errortype"]).toBe("UnknownOperationException");
    const query = await call({ authorization: scope("sns") }, "Action=Fly");
    expect(query.body).toContain("<Code>InvalidAction</Code>");
    expect(query.body).toContain("no operation &quot;Fly&quot;");
    const target = await call({ "x-amz-target": "AmazonSQS.SendMessage" });
    expect(target.body).toContain("no service for X-Amz-Target AmazonSQS.SendMessage");
    expect((await call({ authorization: scope("sqs") }, "Action=X")).body).toContain('no service \\"sqs\\"');
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect((await call({ ...form, authorization: scope("sqs") }, "Action=X")).body).toMatch(/^<ErrorResponse.*sqs/);
  });

  test("the region comes from the signature, and can't name a file outside", async () => {
    const list = { "x-amz-target": "DynamoDB_20120810.ListTables" };
    expect((await call({ ...list, authorization: scope("dynamodb", "eu-central-1") }, "{}")).status).toBe(200);
    const escaping = await call({ ...list, authorization: scope("dynamodb", "..%2f..") }, "{}");
    expect(JSON.parse(escaping.body).__type).toBe("InvalidSignatureException");
    expect((await call({ ...list, authorization: scope("dynamodb", "..") }, "{}")).status).toBe(400);
    expect(readdirSync(parent)).toEqual(["state"]);
  });

  test("a presigned request is routed by its query", async () => {
    const credential = encodeURIComponent("AKID/20261123/us-east-1/kinesis/aws4_request");
    const { body } = await call({}, "Action=X", { path: `/?X-Amz-Credential=${credential}` });
    expect(body).toContain("kinesis has no operation &quot;X&quot;");
  });

  test("compressed bodies are read, bombs and nonsense refused", async () => {
    const gzip = { "content-encoding": "gzip" };
    expect((await kinesis("ListStreams", gzipSync("{}"), gzip)).status).toBe(200);
    expect((await kinesis("ListStreams", "{}", gzip)).body).toContain("not gzip");
    const bomb = gzipSync(Buffer.alloc(100 << 20));
    expect((await kinesis("ListStreams", bomb, gzip)).status).toBe(413);
  });

  test("what isn't the protocol's format says so", async () => {
    for (const body of ["{", "[]", "null", '"x"']) {
      expect(JSON.parse((await kinesis("ListStreams", body)).body).__type).toBe("SerializationException");
    }
    const cbor = { "content-type": "application/x-amz-cbor-1.1" };
    const { status, headers } = await kinesis("ListStreams", Buffer.from([0xbf, 0x61]), cbor);
    expect([status, headers["content-type"]]).toEqual([400, "application/x-amz-cbor-1.1"]);
  });
});

describe("doors", () => {
  test("it listens on loopback only", async () => {
    const refused = await new Promise((resolve) => {
      const socket = connect(stack.port, "127.0.0.2", () => resolve("connected"));
      socket.on("error", (e: NodeJS.ErrnoException) => resolve(e.code));
    });
    expect(refused).toBe("ECONNREFUSED");
  });

  test.each([
    ["evil.example", 403],
    ["127.0.0.1.evil.example:80", 403],
    ["localhost.evil.example", 403],
    ["1270.0.0.1", 403],
    ["LOCALHOST:4577", 200],
    ["127.0.0.1", 200],
    ["[::1]:80", 200],
    ["bucket.localhost:4577", 200],
  ])("Host %s: %i (a rebound name doesn't get in)", async (host, status) => {
    expect((await kinesis("ListStreams", "{}", { host })).status).toBe(status);
  });

  test.each([
    ["https://evil.example", 403],
    ["null", 403],
    ["http://localhost.evil.example", 403],
    ["http://127.0.0.1:9", 200],
    ["http://localhost", 200],
  ])("Origin %s: %i (another site's page doesn't get in)", async (origin, status) => {
    expect((await kinesis("ListStreams", "{}", { origin })).status).toBe(status);
    const health = await call({ origin }, "", { method: "GET", path: "/_windops/health" });
    expect(health.status).toBe(status);
  });

  test("a body over the limit is refused before it is read, whether or not its length is said", async () => {
    const big = Buffer.alloc(25 << 20, " ");
    const said = await kinesis("ListStreams", big).catch((e: NodeJS.ErrnoException) => e.code);
    // The answer comes while the body is still being sent: some clients only see the connection end.
    expect(typeof said === "string" ? 413 : said?.status).toBe(413);
    const unsaid = await kinesis("ListStreams", big, { "transfer-encoding": "chunked" }).catch(
      (e: NodeJS.ErrnoException) => e.code,
    );
    expect(typeof unsaid === "string" ? 413 : unsaid?.status).toBe(413);
    expect((await kinesis("ListStreams")).status).toBe(200);
  });

  test("shutting down needs the token of the state file", async () => {
    const path = "/_windops/shutdown";
    expect((await call({}, "", { path })).status).toBe(403);
    expect((await call({ "x-windops-token": "x".repeat(36) }, "", { path })).status).toBe(403);
  });

  test("many idle connections don't keep others out", async () => {
    const idle = Array.from({ length: 200 }, () => connect(stack.port, "127.0.0.1"));
    await Promise.all(idle.map((s) => new Promise((resolve) => s.once("connect", resolve))));
    for (const [i, socket] of idle.entries()) if (i % 2) socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow");
    expect((await kinesis("ListStreams")).status).toBe(200);
    for (const socket of idle) socket.destroy();
  });

  test("a client that goes away in the middle of its body harms nobody", async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(stack.port, "127.0.0.1", () => {
        socket.write(
          "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.PutRecords\r\nContent-Length: 99\r\n\r\n{",
        );
        setImmediate(() => socket.destroy());
      });
      socket.on("close", () => resolve());
    });
    expect((await kinesis("ListStreams")).status).toBe(200);
  });

  test("a head that drips, a connection that says nothing, and one too many are cut off", async () => {
    const stop = new AbortController();
    const server = await listen(0, {
      services: new Map(),
      log: () => {},
      internal: async () => false,
      signal: stop.signal,
      patience: { headersTimeout: 300, silence: 300, maxConnections: 3 },
    });
    const open = () => {
      const socket = connect(server.port, "127.0.0.1");
      const closed = new Promise<string>((resolve) => {
        let said = "";
        socket.on("data", (chunk) => {
          said += chunk;
        });
        socket.on("error", () => {}).on("close", () => resolve(said));
      });
      return { socket, closed };
    };
    const [drip, silent, idle] = [open(), open(), open()];
    await Promise.all(
      [drip, silent, idle].map(({ socket }) => new Promise((resolve) => socket.once("connect", resolve))),
    );
    drip.socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n");
    const dripping = setInterval(() => drip.socket.write("X-A: 1\r\n"), 50);
    expect(await open().closed).toBe("");
    expect(await drip.closed).toMatch(/^(HTTP\/1\.1 4\d\d|$)/);
    clearInterval(dripping);
    expect(await silent.closed).toBe("");
    expect(await idle.closed).toBe("");
    await server.close();
  });

  test.each([
    ["sns", "Action=CreateTopic&Name=a&Tags=b&Version=2010-03-31"],
    ["sns", "Action=CreateTopic&Name=a&Tags.member.1=b&Version=2010-03-31"],
    ["sns", "Action=CreateTopic&Name=a&Tags.x.Key=b&Version=2010-03-31"],
    ["monitoring", "Action=PutMetricData&Namespace.x=n&MetricData.member.1.MetricName=m&Version=2010-08-01"],
    ["monitoring", "Action=PutMetricData&Namespace=n&MetricData=m&Version=2010-08-01"],
    ["monitoring", "Action=PutMetricData&Namespace=n&MetricData.member.1=m&Version=2010-08-01"],
  ])("%s %s: input of the wrong type is the caller's mistake", async (service, form) => {
    const type = "application/x-www-form-urlencoded";
    expect((await call({ authorization: scope(service), "content-type": type }, form)).status).toBe(400);
  });

  test.each([
    ["Kinesis_20131202.ListStreams", "kinesis", { NextToken: 7 }],
    ["Kinesis_20131202.ListStreams", "kinesis", { Limit: [] }],
    ["GraniteServiceVersion20100801.DescribeAlarms", "monitoring", { NextToken: {} }],
    ["GraniteServiceVersion20100801.ListMetrics", "monitoring", { NextToken: true }],
  ])("%s %s %j: the same in JSON", async (target, service, input) => {
    const headers = { "x-amz-target": target, authorization: scope(service) };
    expect((await call(headers, JSON.stringify(input))).status).toBe(400);
  });

  test("2,000 mutated requests, seeded: it goes on answering, none with a 5xx", async () => {
    const failed = await fuzz({
      port: stack.port,
      count: 2000,
      seed: 7,
      check: async () => expect((await kinesis("ListStreams")).status).toBe(200),
    });
    expect(failed).toEqual([]);
    expect(stack.logged.filter((line) => /uncaught/.test(line))).toEqual([]);
  });
});
