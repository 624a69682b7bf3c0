import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AwsError } from "../../../../src/local/errors.ts";
import { readIterator, writeIterator } from "../../../../src/local/services/kinesis/iterator.ts";
import type { ShardRecord, StreamRecord } from "../../../../src/local/services/kinesis/model.ts";
import { applyStep, evenly, evenRanges } from "../../../../src/local/services/kinesis/ranges.ts";
import { checkBase64, parseRecords, storedRecord } from "../../../../src/local/services/kinesis/record.ts";
import {
  hashKeyHex,
  MAX_HASH_KEY,
  parseSequenceNumber,
  SEQUENCE_STEP,
  sequenceNumber,
  toHashHex,
} from "../../../../src/local/services/kinesis/sequence.ts";

const runs = { seed: 1, numRuns: 200 };
const seconds = fc.integer({ min: 1_400_000_000, max: 2_500_000_000 });
const shard = fc.integer({ min: 0, max: 100_000 });
const index = fc.integer({ min: -1, max: 2 ** 48 });

describe("sequence numbers", () => {
  test("say what they were made of", () => {
    fc.assert(
      fc.property(shard, seconds, index, seconds, (s, created, i, arrival) => {
        const text = sequenceNumber(s, created, i, arrival).toString();
        expect(text).toMatch(/^\d{56}$/);
        expect(parseSequenceNumber(text)).toEqual({ shard: s, shardCreated: created, index: i });
      }),
      runs,
    );
  });

  test("grow with the record, whatever the clock does, and a younger shard's are above an older one's", () => {
    fc.assert(
      fc.property(shard, shard, seconds, index, index, seconds, seconds, (a, b, created, i, j, t, u) => {
        expect(sequenceNumber(a, created, i, t) < sequenceNumber(a, created, i + 1, u)).toBe(true);
        expect(sequenceNumber(a, created, i, t) < sequenceNumber(b, created + 1, j, u)).toBe(true);
        expect(sequenceNumber(a, created, i, t) + SEQUENCE_STEP).toBe(sequenceNumber(a, created, i + 1, t));
      }),
      runs,
    );
  });

  test("a real one is understood", () => {
    // Of shardId-000000000006, in the example event of the Lambda developer guide.
    const real = parseSequenceNumber("49590338271490256608559692538361571095921575989136588898")!;
    expect([real.shard, new Date(real.shardCreated * 1000).getUTCFullYear()]).toEqual([6, 2018]);
  });

  test.each([
    "",
    "0",
    "12",
    "x",
    "-1",
    "1e5",
    `0${sequenceNumber(0, 1_700_000_000, 0, 1_700_000_000)}`,
    "9".repeat(200),
  ])("%s is none", (text) => {
    expect(parseSequenceNumber(text)).toBeUndefined();
  });
});

describe("hash ranges", () => {
  const whole = (shards: { from: string; to: string }[]) => {
    const sorted = [...shards].sort((a, b) => (a.from < b.from ? -1 : 1));
    expect(sorted[0]!.from).toBe(toHashHex(0n));
    expect(sorted.at(-1)!.to).toBe(toHashHex(MAX_HASH_KEY));
    for (const [i, s] of sorted.slice(1).entries())
      expect(BigInt(`0x${s.from}`)).toBe(BigInt(`0x${sorted[i]!.to}`) + 1n);
  };
  const streamOf = (count: number) => {
    const shards: ShardRecord[] = evenRanges(count).map((r, i) => ({ index: i, createdSeconds: 1, opened: 0, ...r }));
    return { shards } as StreamRecord;
  };

  test("cover every key once, and every partition key has its shard", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.string(), (count, key) => {
        const ranges = evenRanges(count);
        whole(ranges);
        const hash = hashKeyHex(key);
        expect(ranges.filter((r) => hash >= r.from && hash <= r.to)).toHaveLength(1);
      }),
      runs,
    );
  });

  test("any resharding ends in even ranges, through shards with at most two parents that begin after them", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.array(fc.integer({ min: 1, max: 48 }), { maxLength: 4 }),
        (from, targets) => {
          const stream = streamOf(from);
          for (const target of targets) {
            const steps = evenly(stream, target);
            stream.shards = steps.reduce((all, step) => applyStep(all, step, 5000), stream.shards);
            const open = stream.shards.filter((s) => !s.closed);
            whole(open);
            expect(open.map(({ from, to }) => ({ from, to })).sort((a, b) => (a.from < b.from ? -1 : 1))).toEqual(
              evenRanges(target),
            );
            if (open.length === from && targets[0] === from) expect(evenly(stream, target)).toEqual([]);
          }
          const byIndex = new Map(stream.shards.map((s) => [s.index, s]));
          expect(byIndex.size).toBe(stream.shards.length);
          for (const s of stream.shards) {
            for (const parent of [s.parent, s.adjacent]) {
              if (parent === undefined) continue;
              expect(byIndex.get(parent)!.closed).toBeDefined();
              expect(s.createdSeconds).toBeGreaterThan(byIndex.get(parent)!.createdSeconds);
            }
          }
        },
      ),
      runs,
    );
  });
});

test("iterators come back as they were, and any other text is refused", () => {
  const it = fc.record({
    region: fc.string(),
    stream: fc.string(),
    folder: fc.uuid(),
    shard,
    next: fc.nat(),
    made: fc.nat(),
  });
  fc.assert(
    fc.property(it, fc.nat(), (iterator, at) => {
      const text = writeIterator(iterator);
      expect(readIterator(text)).toEqual(iterator);
      const bytes = Buffer.from(text, "base64");
      bytes[at % bytes.length]! ^= 1;
      // The first four bytes are the same in all and say nothing.
      if (at % bytes.length >= 4) expect(() => readIterator(bytes.toString("base64"))).toThrow(AwsError);
    }),
    runs,
  );
  for (const text of ["", "AAAA", "nonsense"]) expect(() => readIterator(text)).toThrow("Invalid ShardIterator");
});

test("records of any bytes and keys are stored and come back the same", () => {
  const record = fc.record({
    data: fc.uint8Array({ maxLength: 50 }),
    key: fc.string({ unit: "binary", minLength: 1 }).filter((k) => !/\p{Surrogate}/u.test(k)),
    arrival: fc.integer({ min: 1.6e12, max: 2e12 }),
    base64: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), (records) => {
      const stored = records.map(({ data, key, arrival, base64 }, i) =>
        storedRecord(base64 ? Buffer.from(data).toString("base64") : data, key, String(i), arrival, "NONE"),
      );
      const text = stored.map((s) => s.text).join(",");
      expect(Buffer.byteLength(text)).toBe(text.length);
      expect(parseRecords(Buffer.from(text))).toEqual(
        records.map(({ data, key, arrival }, i) => ({
          Data: Buffer.from(data),
          PartitionKey: key,
          SequenceNumber: String(i),
          ApproximateArrivalTimestamp: new Date(arrival),
        })),
      );
      for (const [i, { data, key }] of records.entries()) {
        expect(stored[i]!.bytes).toBe(data.length + Buffer.byteLength(key));
      }
    }),
    runs,
  );
});

test.each(["A", "AA", "AAA", "A===", "AA=A", "AAA\n", "AA A", 'AA"A', "AA-_", "é==="])("%j is no base64", (text) => {
  expect(() => checkBase64(text)).toThrow(AwsError);
});
