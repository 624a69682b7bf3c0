import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  malformedJson,
  scoredJson,
} from "../../../../../src/local/services/kinesisanalytics/engines/embedded/output-json.ts";
import {
  MalformedReading,
  parseReading,
} from "../../../../../src/local/services/kinesisanalytics/engines/embedded/reading.ts";
import { jobSettings } from "../../../../../src/local/services/kinesisanalytics/engines/embedded/settings.ts";

const ARRIVED = Date.UTC(2026, 10, 23, 10);
const parse = (value: unknown) =>
  parseReading(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)), ARRIVED);
const whole = { turbineId: "oak-ridge-07", location: "Oak Ridge", speed: 12.4, timestamp: "2026-11-23T10:00:00.000Z" };

describe("a reading", () => {
  it.each([
    ["whole", whole, whole],
    ["minimal", { location: "Oak Ridge", speed: 1 }, { turbineId: "Oak Ridge", timestamp: "2026-11-23T10:00:00.000Z" }],
    ["without a location", { turbineId: "a", speed: 1 }, { turbineId: "a", location: undefined }],
    ["with nulls", { turbineId: null, location: "b", speed: 1, timestamp: null }, { turbineId: "b" }],
    ["with a blank id", { turbineId: " ", location: "b", speed: 1 }, { turbineId: "b" }],
    ["with an offset", { ...whole, timestamp: "2026-11-23T12:00:00+02:00" }, { timestamp: whole.timestamp }],
    ["with epoch milliseconds", { ...whole, timestamp: ARRIVED }, { timestamp: whole.timestamp }],
    ["with more numbers", { ...whole, yaw: 3, note: "x", deep: { a: 1 } }, { more: [["yaw", 3]] }],
    ["of no wind", { ...whole, speed: 0 }, { speed: 0 }],
  ])("%s", (_, record, expected) => expect(parse(record)).toMatchObject(expected));

  it.each([
    ["text", "calm today", "not JSON"],
    ["cut off", '{"turbineId":"a","speed":', "not JSON"],
    ["two values", '{"turbineId":"a","speed":1} {}', "not JSON"],
    ["a list", [whole], "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["nothing", "", "not JSON"],
    ["no speed", { turbineId: "a" }, "no finite speed"],
    ["NaN", '{"turbineId":"a","speed":NaN}', "not JSON"],
    ["a speed of null", { turbineId: "a", speed: null }, "no finite speed"],
    ["a speed beyond numbers", '{"turbineId":"a","speed":1e999}', "no finite speed"],
    ["a speed in words", { turbineId: "a", speed: "12" }, "no finite speed"],
    ["no turbine", { speed: 1 }, "neither turbineId nor location"],
    ["a turbine by number", { turbineId: 7, speed: 1 }, "turbineId is not a text"],
    ["a time in words", { ...whole, timestamp: "noon" }, "timestamp is not an ISO 8601 time"],
    ["a time beyond time", { ...whole, timestamp: 1e17 }, "timestamp is not an ISO 8601 time"],
    ["a byte order mark", `\ufeff${JSON.stringify(whole)}`, "not JSON"],
    ["more than a megabyte", { ...whole, note: "x".repeat(1_000_000) }, "larger than"],
  ])("isn't %s", (_, record, message) => {
    expect(() => parse(record)).toThrow(MalformedReading);
    expect(() => parse(record)).toThrow(message);
  });

  it("isn't another encoding", () => {
    const utf16 = Buffer.from(JSON.stringify(whole), "utf16le");
    expect(() => parseReading(Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), ARRIVED)).toThrow("not text");
  });

  it("is parsed or refused, never anything else", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.constant(JSON.stringify(whole))), (text) => {
        try {
          const { speed, timestamp, turbineId } = parse(text);
          expect([Number.isFinite(speed), new Date(timestamp).toISOString(), typeof turbineId]).toEqual([
            true,
            timestamp,
            "string",
          ]);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedReading);
        }
      }),
      { seed: 1, numRuns: 3000 },
    );
  });
});

it("a scored reading has the reading's fields and both scores, which nothing in the reading can take", () => {
  const reading = parse({ ...whole, yaw: 3, score: 99, rcfScore: 98 });
  const json = JSON.parse(Buffer.from(scoredJson(reading, { score: 2.5, rcfScore: 3.5, warmup: 1 })).toString());
  expect(json).toEqual({ ...whole, yaw: 3, rcfScore: 3.5, score: 2.5 });
});

describe("what isn't a reading goes on whole", () => {
  const LIMIT = 1 << 20;
  const unpack = (json: Uint8Array) => {
    const { raw, encoding } = JSON.parse(Buffer.from(json).toString());
    if (encoding === undefined) return Buffer.from(raw);
    const bytes = Buffer.from(raw, "base64");
    return encoding === "gzip+base64" ? gunzipSync(bytes) : bytes;
  };

  it.each([
    ["text", Buffer.from("calm \u0007 today"), 1],
    ["nothing", Buffer.alloc(0), 1],
    ["not text", Buffer.from([0xff, 0xfe, 0x00]), 1],
    ["a megabyte of text", Buffer.from("wind ".repeat(209_715)), 1],
    ["a megabyte that escapes to six", Buffer.alloc(LIMIT - 200, 1), 1],
    ["half a megabyte of noise", randomBytes(500_000), 1],
    ["a megabyte of noise", randomBytes(LIMIT - 200), 2],
  ])("%s", (_, raw, parts) => {
    const sent = malformedJson("why", raw);
    expect(sent).toHaveLength(parts);
    for (const json of sent) expect(json.length).toBeLessThan(LIMIT - 256);
    expect(Buffer.concat(sent.map(unpack)).equals(raw)).toBe(true);
  });
});

describe("the job's properties", () => {
  const streams = { inputStreamName: "in", outputStreamName: "out" };
  const of = (group: Record<string, string>) => jobSettings({ project: group }, "us-east-1");

  it.each([
    [
      "the older spelling",
      { inputStreamName: "in", ouputStreamName: "old" },
      { outputStreamName: "old", region: "us-east-1" },
    ],
    [
      "the detector's",
      { ...streams, numberOfTrees: "50", timeDecay: "0.001", features: "speed, power" },
      { detector: { numberOfTrees: 50, sampleSize: 256, features: ["speed", "power"] } },
    ],
    [
      "ARNs",
      { inputStreamName: "arn:aws:kinesis:us-east-1:000000000000:stream/in", outputStreamName: "out" },
      { inputStreamName: "in", outputStreamName: "out" },
    ],
    ["an expiry", { ...streams, turbineExpiry: "36h" }, { turbineExpiryMs: 36 * 3_600_000 }],
  ])("with %s", (_, group, expected) => expect(of(group)).toMatchObject(expected));

  it.each([
    ["no streams", {}, "inputStreamName"],
    ["half a tree", { ...streams, numberOfTrees: "0.5" }, "numberOfTrees"],
    ["a negative decay", { ...streams, timeDecay: "-1" }, "timeDecay"],
    ["an empty feature", { ...streams, features: "speed,," }, "features"],
    ["an unknown start", { ...streams, initialPosition: "NOW" }, "initialPosition"],
    ["a bare number of time", { ...streams, turbineExpiry: "7" }, "turbineExpiry"],
  ])("refuse %s", (_, group, name) => {
    expect(() => of(group as Record<string, string>)).toThrow(
      expect.objectContaining({ code: "E_APPLICATION_PROPERTY", message: expect.stringContaining(name) }),
    );
  });

  it("refuse an application without the group", () => {
    expect(() => jobSettings({ other: {} }, "us-east-1")).toThrow('no property group "project" (it has: other)');
  });
});
