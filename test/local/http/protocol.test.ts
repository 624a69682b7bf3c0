import { Decoder, Encoder } from "cbor-x";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AwsError } from "../../../src/local/errors.ts";
import { decodeCbor, encodeCbor } from "../../../src/local/http/protocol/cbor.ts";
import { eventMessage } from "../../../src/local/http/protocol/eventstream.ts";
import { queryCodec } from "../../../src/local/http/protocol/index.ts";
import { fromJson, toJson } from "../../../src/local/http/protocol/json.ts";
import { parseForm } from "../../../src/local/http/protocol/query.ts";
import { matchRoute, restCodec } from "../../../src/local/http/protocol/rest.ts";
import type { RpcService } from "../../../src/local/service.ts";

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ""), "hex");

describe("CBOR", () => {
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: "grapheme" }),
      // Above these cbor-x gives BigInts.
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
      tie("map"),
    ),
    map: fc.dictionary(fc.stringMatching(/^[A-Z][a-zé]{0,9}$/), tie("value"), { maxKeys: 30, noNullPrototype: true }),
  })).map as fc.Arbitrary<unknown>;

  test("what it writes, it and cbor-x read back alike", () => {
    const decoder = new Decoder({ mapsAsObjects: true, int64AsType: "number" } as never);
    fc.assert(
      fc.property(value, (v) => {
        const bytes = encodeCbor(v, "seconds");
        expect(decodeCbor(bytes, "seconds")).toEqual(v);
        expect(decoder.decode(bytes)).toEqual(v);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("what cbor-x writes, it reads back", () => {
    const encoder = new Encoder({ useRecords: false, variableMapSize: true });
    fc.assert(
      fc.property(value, (v) => {
        expect(decodeCbor(encoder.encode(v), "seconds")).toEqual(v);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("the Java SDK's: indefinite maps, milliseconds under tag 1, whole numbers as integers both ways", () => {
    // {_ "Timestamp": 1(1700000000123), "Data": h'0102'}
    const bytes = hex("bf 6954696d657374616d70 c1 1b0000018bcfe5687b 6444617461 420102 ff");
    expect(decodeCbor(bytes, "milliseconds")).toEqual({
      Timestamp: new Date(1700000000123),
      Data: Buffer.from([1, 2]),
    });
    const back = encodeCbor({ T: new Date(1700000000123) }, "milliseconds");
    expect(back.toString("hex")).toBe("a16154c11b0000018bcfe5687b");
  });

  test.each([
    ["nothing", ""],
    ["a string cut short", "a1 61 61 78 ff 61"],
    ["a map that never ends", "bf 61 61"],
    ["an array where a map belongs", "80"],
    ["nested a thousand deep", "81".repeat(1000)],
    ["a byte string of four gigabytes", "a1 61 61 5a ff ff ff ff"],
    ["an array of 2^60 items", "a1 61 61 9b 10 00 00 00 00 00 00 00"],
    ["a reserved length", "1c"],
    ["a break for a value", "a1 61 61 ff"],
    ["a break for a key", "a1 ff"],
    ["a break in an array with a length", "a1 61 61 81 ff"],
    ["a prototype", "a1 69 5f5f70726f746f5f5f a0"],
  ])("%s is refused", (_name, text) => {
    expect(() => decodeCbor(hex(text), "seconds")).toThrow(AwsError);
  });
});

describe("JSON", () => {
  test("timestamps and blobs by their members' names, in and out", () => {
    const types = { timestamps: ["At", "Since"], blobs: ["Zip"] };
    const body = Buffer.from('{"At":1700000000.123,"Since":"2026-11-23T10:00:00Z","Code":{"Zip":"AQI="},"Other":1}');
    expect(fromJson(body, types)).toEqual({
      At: new Date(1700000000123),
      Since: new Date("2026-11-23T10:00:00Z"),
      Code: { Zip: Buffer.from([1, 2]) },
      Other: 1,
    });
    expect(JSON.parse(toJson({ at: new Date(1500), b: new Uint8Array([1, 2]), m: new Map([["k", 1]]) }))).toEqual({
      at: 1.5,
      b: "AQI=",
      m: { k: 1 },
    });
  });
});

describe("Query and EC2", () => {
  test.each([
    ["A=1&B.C=2", { A: "1", B: { C: "2" } }],
    ["T.member.2=b&T.member.1=a&T.member.10=c", { T: ["a", "b", "c"] }],
    ["T.member.1.Key=k&T.member.1.Value=v", { T: [{ Key: "k", Value: "v" }] }],
    ["A.entry.1.key=k&A.entry.1.value=v", { A: { k: "v" } }],
    ["M.entry.1.Name=n&M.entry.1.Value.StringValue=v", { M: { n: { StringValue: "v" } } }],
    ["Filter.1.Name=n&Filter.1.Value.1=a&Filter.1.Value.2=b", { Filter: [{ Name: "n", Value: ["a", "b"] }] }],
    ["T.member=", { T: [] }],
    ["A=1&A.B=2", { A: { B: "2" } }],
    ["__proto__.x=1&A=%F0%9F%92%A8+x", { A: "💨 x" }],
  ])("%s", (form, expected) => {
    expect(parseForm(form, {})).toEqual(expected);
    expect(({} as any).x).toBeUndefined();
  });

  const service = { namespace: "http://ns/" } as RpcService;
  test("answers and errors as the SDKs parse them", () => {
    const query = queryCodec(service, "query", "Get");
    const output = { Name: "<a&b>\u0000", Attributes: new Map([["k", "v"]]), List: [{ X: 1 }], Gone: undefined };
    expect(query.answer(output, "id").body).toBe(
      '<GetResponse xmlns="http://ns/"><GetResult><Name>&lt;a&amp;b&gt;\ufffd</Name><Attributes><entry><key>k</key><value>v</value></entry></Attributes><List><member><X>1</X></member></List></GetResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetResponse>',
    );
    expect(query.error(new AwsError("NotFound", "no", 404), "id")).toMatchObject({
      status: 404,
      body: '<ErrorResponse xmlns="http://ns/"><Error><Type>Sender</Type><Code>NotFound</Code><Message>no</Message></Error><RequestId>id</RequestId></ErrorResponse>',
    });
    const ec2 = queryCodec(service, "ec2", "Describe");
    expect(ec2.answer({ reservationSet: [{ at: new Date(0) }] }, "id").body).toContain(
      "<requestId>id</requestId><reservationSet><item><at>1970-01-01T00:00:00.000Z</at></item></reservationSet>",
    );
    expect(ec2.error(new AwsError("X", "y"), "id").body).toContain("<Response><Errors><Error><Code>X</Code>");
  });
});

describe("REST-JSON", () => {
  const service = {
    routes: {
      "GET /functions/{Name}": "Get",
      "GET /functions/{Name}/code": "GetCode",
      "POST /functions/{Name}/invocations": "Invoke",
      "DELETE /tags/{Arn+}": "Untag",
      "GET /functions": "List",
    },
    bindings: {
      Invoke: {
        status: { member: "StatusCode" },
        headers: { LogType: "X-Amz-Log-Type" },
        payload: { member: "Payload", type: "raw" },
        answerHeaders: { FunctionError: "X-Amz-Function-Error" },
        answerPayload: "Payload",
      },
    },
  } as unknown as RpcService;
  const match = (method: string, path: string) => matchRoute(service, method, new URL(`http://h${path}`));

  test.each([
    ["GET", "/functions/f/code", { operation: "GetCode", members: { Name: "f" } }],
    [
      "GET",
      "/functions/arn%3Aaws%3Ax?Qualifier=1",
      { operation: "Get", members: { Name: "arn:aws:x", Qualifier: "1" } },
    ],
    ["GET", "/functions/", { operation: "List", members: {} }],
    [
      "DELETE",
      "/tags/arn:a/b?tagKeys=x&tagKeys=y",
      { operation: "Untag", members: { Arn: "arn:a/b", tagKeys: ["x", "y"] } },
    ],
    ["PUT", "/functions/f", undefined],
    ["GET", "/functions/f/code/x", undefined],
  ])("%s %s", (method, path, expected) => {
    expect(match(method, path)).toEqual(expected);
  });

  test("headers, raw bodies and the status go where the binding says", () => {
    const codec = restCodec(service, match("POST", "/functions/f/invocations")!, { "x-amz-log-type": "Tail" });
    expect(codec.decode(Buffer.from("{}"))).toEqual({ Name: "f", LogType: "Tail", Payload: Buffer.from("{}") });
    const answer = codec.answer({ StatusCode: 202, FunctionError: "Unhandled", Payload: Buffer.from("x") }, "id");
    expect(answer).toMatchObject({
      status: 202,
      headers: { "X-Amz-Function-Error": "Unhandled" },
      body: Buffer.from("x"),
    });
    expect(() => match("GET", "/functions/%ff")).toThrow(AwsError);
  });
});

test("an event stream message is one that the SDK can read: lengths and checksums", async () => {
  const { EventStreamCodec } = await import("@smithy/core/event-streams");
  const codec = new EventStreamCodec(
    (bytes: Uint8Array) => Buffer.from(bytes).toString(),
    (text: string) => Buffer.from(text),
  );
  const message = codec.decode(eventMessage({ ":event-type": "X" }, "{}"));
  expect(message.headers[":event-type"]).toEqual({ type: "string", value: "X" });
  expect(Buffer.from(message.body).toString()).toBe("{}");
});
