import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StreamRecord } from "../../../../../src/local/services/kinesis/stream-reader.ts";
import { type Attempt, deliverBatch } from "../../../../../src/local/services/lambda/event-source/batch.ts";
import { DEFAULTS, type Settings } from "../../../../../src/local/services/lambda/event-source/model.ts";

const NOW = 1_000_000;
const records = (count: number, arrivedAt = NOW): StreamRecord[] =>
  Array.from({ length: count }, (_, i) => ({
    sequenceNumber: String(i),
    partitionKey: "k",
    data: new Uint8Array(),
    arrivedAt,
  }));
const numbers = (batch: StreamRecord[]) => batch.map(({ sequenceNumber }) => Number(sequenceNumber));
const failed: Attempt = { kind: "failed", requestId: "r", response: {} };
const ok: Attempt = { kind: "ok", payload: null };
const items = (...failures: unknown[]): Attempt => ({
  kind: "ok",
  payload: { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) },
});

/** Delivers a batch to `invoke`; what was invoked, settled and discarded, in order. */
async function run(
  batch: StreamRecord[],
  settings: Partial<Settings>,
  invoke: (sequenceNumbers: number[], attempt: number) => Attempt,
  oldest = 0,
) {
  const invoked: number[][] = [];
  const settled: number[] = [];
  const discarded: { numbers: number[]; condition: string; attempts: number }[] = [];
  const stop = new AbortController();
  await deliverBatch(
    batch,
    { ...DEFAULTS, ...settings },
    {
      invoke: async (some) => {
        invoked.push(numbers(some));
        if (invoked.length > 500) stop.abort();
        return invoke(numbers(some), invoked.length);
      },
      settle: (some) => settled.push(...numbers(some)),
      discard: async (some, condition, attempts) => {
        discarded.push({ numbers: numbers(some), condition, attempts });
      },
      oldest: async () => oldest,
      backOff: async () => {},
      signal: stop.signal,
    },
  );
  return { invoked, settled, discarded, ended: !stop.signal.aborted };
}

describe("a batch", () => {
  it("that succeeds is settled", async () => {
    expect(await run(records(3), {}, () => ok)).toMatchObject({
      invoked: [[0, 1, 2]],
      settled: [0, 1, 2],
      discarded: [],
    });
  });

  it("that fails is tried again as a whole, for ever by default", async () => {
    const { invoked, settled } = await run(records(2), {}, (_, attempt) => (attempt < 40 ? failed : ok));
    expect(invoked).toHaveLength(40);
    expect(settled).toEqual([0, 1]);
  });

  it("is discarded when its retries are used up", async () => {
    const { invoked, settled, discarded } = await run(records(2), { MaximumRetryAttempts: 2 }, () => failed);
    expect(invoked).toHaveLength(3);
    expect(discarded).toEqual([{ numbers: [0, 1], condition: "RetryAttemptsExhausted", attempts: 3 }]);
    expect(settled).toEqual([0, 1]);
  });

  it("that doesn't reach the function uses up no retries", async () => {
    const { settled, discarded } = await run(records(1), { MaximumRetryAttempts: 0 }, (_, attempt) =>
      attempt < 10 ? { kind: "unreached" } : ok,
    );
    expect({ settled, discarded }).toEqual({ settled: [0], discarded: [] });
  });

  it("gives up its expired records, and only those", async () => {
    const batch = [...records(2, NOW - 100_000), ...records(4).slice(2)];
    const { invoked, discarded } = await run(batch, { MaximumRecordAgeInSeconds: 60 }, () => ok, NOW - 60_000);
    expect(discarded).toMatchObject([{ numbers: [0, 1], condition: "RecordAgeExceeded" }]);
    expect(invoked).toEqual([[2, 3]]);
  });

  it("with bisecting gives up the poison alone", async () => {
    const { settled, discarded } = await run(
      records(10),
      { BisectBatchOnFunctionError: true, MaximumRetryAttempts: 1 },
      (some) => (some.includes(6) ? failed : ok),
    );
    expect(settled).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(discarded).toEqual([{ numbers: [6], condition: "RetryAttemptsExhausted", attempts: 2 }]);
  });

  const report = { FunctionResponseTypes: ["ReportBatchItemFailures"] };

  it("goes on from the first failed item", async () => {
    const { invoked, settled } = await run(records(5), report, (_, attempt) => (attempt === 1 ? items("3", "2") : ok));
    expect(invoked).toEqual([
      [0, 1, 2, 3, 4],
      [2, 3, 4],
    ]);
    expect(settled).toEqual([0, 1, 2, 3, 4]);
  });

  it.each([
    ["no failures", { batchItemFailures: [] }, true],
    ["a null list", { batchItemFailures: null }, true],
    ["no list", {}, true],
    ["null", null, true],
    ["a text", "fine", true],
    ["an unknown item", { batchItemFailures: [{ itemIdentifier: "99" }] }, false],
    ["an empty item", { batchItemFailures: [{ itemIdentifier: "" }] }, false],
    ["an item without a name", { batchItemFailures: [{}] }, false],
    ["a list that isn't one", { batchItemFailures: "2" }, false],
  ])("answered with %s", async (_, payload, complete) => {
    const answer: Attempt = { kind: "ok", payload };
    const { discarded } = await run(records(3), { ...report, MaximumRetryAttempts: 0 }, () => answer);
    expect(discarded.length === 0).toBe(complete);
  });

  it("with partial answers and bisecting gives up the poison alone", async () => {
    const poison = new Set([0, 4]);
    const { settled, discarded } = await run(
      records(9),
      { ...report, BisectBatchOnFunctionError: true, MaximumRetryAttempts: 2 },
      (some) => items(...some.filter((n) => poison.has(n)).map(String)),
    );
    expect(settled).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(discarded.map((d) => d.numbers)).toEqual([[0], [4]]);
  });

  it("settles every record once and in order, whatever the function does", async () => {
    const attempt = fc.oneof(
      fc.constant(failed),
      fc.constant(ok),
      fc.constant<Attempt>({ kind: "unreached" }),
      fc.array(fc.integer({ min: -1, max: 12 }), { maxLength: 3 }).map((ids) => items(...ids.map(String))),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.array(attempt, { minLength: 1, maxLength: 60 }),
        fc.record({
          BisectBatchOnFunctionError: fc.boolean(),
          MaximumRetryAttempts: fc.integer({ min: 0, max: 4 }),
          FunctionResponseTypes: fc.subarray(["ReportBatchItemFailures"]),
        }),
        async (count, attempts, settings) => {
          const { settled, discarded, ended } = await run(records(count), settings, (_, n) => attempts[n - 1] ?? ok);
          expect(ended).toBe(true);
          expect(settled).toEqual(numbers(records(count)));
          const lost = discarded.flatMap((d) => d.numbers);
          expect(new Set(lost).size).toBe(lost.length);
          for (const { attempts: used } of discarded) expect(used).toBe(settings.MaximumRetryAttempts + 1);
        },
      ),
      { seed: 1, numRuns: 2000 },
    );
  });
});
