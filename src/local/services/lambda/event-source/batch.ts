import type { StreamRecord } from "../../kinesis/stream-reader.ts";
import type { Settings } from "./model.ts";

/** How an invocation with a batch ended. */
export type Attempt =
  | { kind: "ok"; payload: unknown }
  /** The function ended in an error: this counts against the retries. */
  | { kind: "failed"; requestId: string; response: object }
  /** Throttled, updating, deleted: the batch didn't reach the function. */
  | { kind: "unreached" };

export type Condition = "RetryAttemptsExhausted" | "RecordAgeExceeded";

export interface BatchSteps {
  invoke(records: StreamRecord[]): Promise<Attempt>;
  /** These are through: processed or given up. */
  settle(records: StreamRecord[]): void;
  /** These are given up: to the on-failure destination. */
  discard(records: StreamRecord[], condition: Condition, attempts: number, last: Attempt | undefined): Promise<void>;
  /** Milliseconds since the epoch before which records are too old for another attempt. */
  oldest(): Promise<number>;
  /** Waits before the n-th attempt in a row without progress. */
  backOff(n: number): Promise<void>;
  signal: AbortSignal;
}

interface Pending {
  records: StreamRecord[];
  /** Failures of the batch that begins with this record. */
  failures: number;
}

/**
 * Takes a batch through retries, partial responses and bisecting until each of its records is settled, in order, or
 * `signal` aborts. As Lambda does it: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html.
 * Splitting doesn't count against the retries; and a failure further on than the last one begins its count anew.
 */
export async function deliverBatch(batch: StreamRecord[], settings: Settings, steps: BatchSteps): Promise<void> {
  const pending: Pending[] = [{ records: batch, failures: 0 }];
  let stuck = 0;
  let last: Attempt | undefined;
  while (pending.length > 0 && !steps.signal.aborted) {
    const { records, failures } = pending.shift()!;
    const oldest = await steps.oldest();
    const fresh = records.findIndex((record) => record.arrivedAt >= oldest);
    const expired = fresh < 0 ? records : records.slice(0, fresh);
    if (expired.length > 0) {
      await steps.discard(expired, "RecordAgeExceeded", failures, last);
      steps.settle(expired);
      if (expired.length < records.length) pending.unshift({ records: records.slice(expired.length), failures });
      continue;
    }
    last = await steps.invoke(records);
    if (steps.signal.aborted) return;
    if (last.kind === "unreached") {
      pending.unshift({ records, failures });
      await steps.backOff(++stuck);
      continue;
    }
    const done = succeeded(records, settings, last);
    if (done > 0) steps.settle(records.slice(0, done));
    if (done === records.length) {
      stuck = 0;
      continue;
    }
    const rest = records.slice(done);
    const failed = done > 0 ? 1 : failures + 1;
    stuck = done > 0 ? 1 : stuck + 1;
    if (settings.BisectBatchOnFunctionError && done === 0 && rest.length > 1) {
      const middle = Math.ceil(rest.length / 2);
      pending.unshift({ records: rest.slice(0, middle), failures }, { records: rest.slice(middle), failures });
    } else if (settings.MaximumRetryAttempts >= 0 && failed > settings.MaximumRetryAttempts) {
      await steps.discard(rest, "RetryAttemptsExhausted", failed, last);
      steps.settle(rest);
      stuck = 0;
      continue;
    } else pending.unshift({ records: rest, failures: failed });
    await steps.backOff(stuck);
  }
}

/** How many records from the first on are through, by the answer: all, none, or those before the first failed one. */
function succeeded(records: StreamRecord[], settings: Settings, attempt: Attempt): number {
  if (attempt.kind !== "ok") return 0;
  if (!settings.FunctionResponseTypes.includes("ReportBatchItemFailures")) return records.length;
  const { payload } = attempt;
  if (payload === null || typeof payload !== "object") return records.length;
  const failures = (payload as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === null || failures === undefined) return records.length;
  if (!Array.isArray(failures)) return 0;
  const index = new Map(records.map((record, i) => [record.sequenceNumber, i]));
  let first = records.length;
  for (const failure of failures) {
    // An identifier that isn't one of the batch's is a complete failure.
    const at = index.get((failure as { itemIdentifier?: string } | null)?.itemIdentifier ?? "");
    if (at === undefined) return 0;
    first = Math.min(first, at);
  }
  return first;
}
