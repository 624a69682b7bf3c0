import fc from "fast-check";
import { expect, test } from "vitest";
import { runsOf } from "../../lambdas/delivery/ledger.ts";
import { deduplicationId } from "../../lambdas/delivery/turbine.ts";
import { partitionOf, partitions } from "../../src/contract/partition.ts";

const QUIET = 900_000;
const reading = (minute: number) => ({
  turbineId: "t",
  timestamp: new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString(),
  location: "here",
  speed: 30,
  score: 3,
});

test("runs: each reading in one, a quiet time between two and none within, whatever their order", () => {
  const minutes = fc.uniqueArray(fc.nat({ max: 500 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(minutes, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (times, draws) => {
      const readings = times.map(reading);
      const runs = runsOf(readings, QUIET);
      expect(runs.flatMap((run) => run.readings.map((r) => r.timestamp))).toEqual(
        readings.map((r) => r.timestamp).sort(),
      );
      for (const [i, run] of runs.entries()) {
        expect([run.first, run.last]).toEqual([run.readings[0]!.timestamp, run.readings.at(-1)!.timestamp]);
        for (const [k, r] of run.readings.entries()) {
          const before = run.readings[k - 1];
          if (before) expect(Date.parse(r.timestamp) - Date.parse(before.timestamp)).toBeLessThan(QUIET);
        }
        const next = runs[i + 1];
        if (next) expect(Date.parse(next.first) - Date.parse(run.last)).toBeGreaterThanOrEqual(QUIET);
      }
      const keyed = readings.map((r) => ({ r, key: draws.next().value! }));
      const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ r }) => r);
      expect(runsOf(shuffled, QUIET)).toEqual(runs);
    }),
  );
});

test("a turbine of any name has one partition, and a deduplication id that's safe to show", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1 }), (turbineId) => {
      expect(partitions()).toContain(partitionOf(turbineId));
      expect(partitionOf(turbineId)).toBe(partitionOf(turbineId));
      expect(deduplicationId({ ...reading(0), turbineId })).toMatch(/^[\w.-]{1,64}@2026-01-01T00:00:00\.000Z$/);
    }),
  );
});
