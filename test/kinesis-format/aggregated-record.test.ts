import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Aggregate, userRecords, userRecordsOf } from "../../src/kinesis-format/aggregated-record.ts";
import { decimalHashKey, hashKeyFrom, hashKeyOf, rangeOf } from "../../src/kinesis-format/hash-key.ts";

const reading = (i: number) =>
  `{"turbineId":"oak-ridge-0${i % 3}","location":"Gjøvik","speed":${9 + i / 10},"timestamp":"2026-11-23T10:00:0${i}.000Z"}`;
const filled = (records: [string, Uint8Array][]) => {
  const aggregate = new Aggregate();
  for (const [key, data] of records) aggregate.add(key, data);
  return aggregate;
};
const sealed = (message: Uint8Array) =>
  Buffer.concat([Buffer.from("f3899ac2", "hex"), message, createHash("md5").update(message).digest()]);
const text = (data: Uint8Array) => Buffer.from(data).toString();

/** Of five readings, the fifth with an explicit hash key, by aws-kinesis-agg 4.2.8. */
const vector = Buffer.from(
  readFileSync(join(import.meta.dirname, "../vectors/aggregated-record.txt"), "utf8").split("\n")[1]!,
  "base64",
);

describe("aggregated records", () => {
  it("reads what AWS's own aggregator writes", () => {
    expect(userRecords(vector)!.map(({ data, ...keys }) => ({ ...keys, text: text(data) }))).toEqual(
      [0, 1, 2, 3, 4].map((i) => ({
        partitionKey: `oak-ridge-0${i % 3}`,
        text: reading(i),
        ...(i === 4 && { explicitHashKey: `${2n ** 128n - 1n}` }),
      })),
    );
  });

  it("writes the same bytes as AWS's own aggregator, but for its table of hash keys", () => {
    const ours = filled([0, 1, 2, 3].map((i) => [`oak-ridge-0${i % 3}`, Buffer.from(reading(i))])).encode();
    const start = ours.subarray(0, 200).toString("latin1");
    expect(vector.toString("latin1").startsWith(start.slice(0, 4 + 3 * 14))).toBe(true);
    // The first four records stand in both alike.
    const body = ours.subarray(4 + 3 * 14, -16).toString("latin1");
    expect(vector.toString("latin1")).toContain(body);
  });

  it("gives back whatever was put in, in order, and knows its size beforehand", () => {
    const record = fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.uint8Array({ maxLength: 400 }));
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 300 }), (records) => {
        const aggregate = filled(records);
        const bytes = aggregate.encode();
        expect(bytes.length).toBe(aggregate.bytes);
        expect(aggregate.size).toBe(records.length);
        expect(userRecords(bytes)!.map((r) => [r.partitionKey, text(r.data)])).toEqual(
          records.map(([key, data]) => [key, text(data)]),
        );
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it("leaves what isn't one alone: other data, a wrong MD5, a message that is none", () => {
    const whole = filled([["a", Buffer.from("one")]]).encode();
    expect(userRecords(whole)).toHaveLength(1);
    const flipped = Buffer.from(whole);
    flipped[8]! ^= 1;
    const cases = {
      "plain JSON": Buffer.from(reading(1)),
      nothing: new Uint8Array(),
      "the magic alone": whole.subarray(0, 4),
      "a wrong MD5": flipped,
      "cut short": whole.subarray(0, -1),
      "an empty message": sealed(Buffer.alloc(0)),
      "no records": sealed(Buffer.from("0a0161", "hex")),
      "a key that isn't in the table": sealed(Buffer.from("0a01611a05080512016f", "hex")),
      "no data": sealed(Buffer.from("0a01611a020800", "hex")),
      "a hash key that isn't a number": sealed(Buffer.from("0a01611201781a07080010001a016f", "hex")),
      "a length beyond the end": sealed(Buffer.from("0a01611aff0108001a016f", "hex")),
      "data beyond its record": sealed(Buffer.from("0a01611a0508001a7f6f", "hex")),
      text: sealed(Buffer.from("hello, this is no protobuf at all")),
    };
    for (const [what, data] of Object.entries(cases)) expect(userRecords(data), what).toBeUndefined();
  });

  it("never throws on a damaged message with the right MD5", () => {
    const message = vector.subarray(4, -16);
    fc.assert(
      fc.property(fc.nat(message.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(20), (at, value, cut) => {
        const damaged = Buffer.from(message.subarray(0, message.length - cut));
        if (at < damaged.length) damaged[at] = value;
        const found = userRecords(sealed(damaged));
        for (const { data } of found ?? []) expect(data).toBeInstanceOf(Uint8Array);
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  it("keeps to the shard: what a late producer put into the wrong one is left out", () => {
    const half = "8".padEnd(32, "0");
    const keys = Array.from({ length: 20 }, (_, i) => `turbine-${i}`);
    const bytes = filled(keys.map((key) => [key, Buffer.from(key)])).encode();
    const [low, high] = [
      { from: "0".repeat(32), to: "7".padEnd(32, "f") },
      { from: half, to: "f".repeat(32) },
    ].map((range) => userRecordsOf(bytes, range)!.map((r) => r.partitionKey));
    expect(low!.length).toBeGreaterThan(0);
    expect(low).toEqual(keys.filter((key) => hashKeyOf(key) < half));
    expect([...low!, ...high!].toSorted()).toEqual(keys.toSorted());
    // The fifth's explicit hash key is the highest there is, wherever its partition key falls.
    expect(userRecordsOf(vector, { from: "f".repeat(32), to: "f".repeat(32) })).toHaveLength(1);
    expect(userRecordsOf(Buffer.from("{}"), rangeOf(undefined))).toBeUndefined();
  });
});

it("hash keys go both ways between decimal and hex", () => {
  for (const decimal of ["0", "1", `${2n ** 127n}`, `${2n ** 128n - 1n}`]) {
    expect(decimalHashKey(hashKeyFrom(decimal))).toBe(decimal);
  }
  expect(rangeOf({ StartingHashKey: "0", EndingHashKey: `${2n ** 127n - 1n}` })).toEqual({
    from: "0".repeat(32),
    to: "7".padEnd(32, "f"),
  });
});
