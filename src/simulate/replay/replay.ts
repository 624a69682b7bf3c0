import type { Readable } from "node:stream";
import type { Reading } from "../../contract/reading.ts";
import { type ReplayColumns, type ReplayCounts, readingsIn, type Timed } from "../../io/rows/readings.ts";
import { readRows } from "../../io/rows/rows.ts";
import { Acknowledged } from "../producer/acknowledged.ts";
import { type ProducerCounts, type ProducerOptions, produce } from "../producer/producer.ts";
import { sorted } from "./sort-readings.ts";

export interface ReplayOptions extends Omit<ProducerOptions, "onAcknowledged"> {
  files: readonly string[];
  stdin?: Readable;
  columns: ReplayColumns;
  /** Event time passes so many times as fast as the clock; undefined: as fast as the rate allows. */
  pace?: number;
  /** The files are in order of time already: send while reading. */
  inOrder?: boolean;
  /** Number of the first reading to send. */
  from?: number;
  onProgress?(done: number, counts: ProducerCounts): void;
}

export interface ReplayOutcome extends ReplayCounts, ProducerCounts {
  interrupted: boolean;
  /** Readings from the first on that are all acknowledged: where a resumed run begins. */
  done: number;
  turbines: number;
  /** Event time of the first and last acknowledged reading. */
  since?: string;
  until?: string;
}

/** Sends the rows of files as readings, in event time: by time, then by turbine. */
export async function replay(options: ReplayOptions): Promise<ReplayOutcome> {
  const counts: ReplayCounts = { rows: 0, readings: 0, withoutSpeed: 0, unreadable: 0 };
  const numbers = new Map<Reading, number>();
  const acknowledged = new Acknowledged(options.from);
  const turbines = new Set<string>();
  let since: string | undefined;
  let until: string | undefined;

  async function* source(): AsyncGenerator<Reading, void> {
    const parts = readings(options, counts);
    const timed = options.inOrder ? flat(parts) : sorted(parts);
    let number = 0;
    for await (const { reading } of paced(timed, options)) {
      if (number >= (options.from ?? 0)) {
        numbers.set(reading, number);
        yield reading;
      }
      number++;
    }
  }

  const result = await produce(source(), {
    ...options,
    onAcknowledged: (readings, produced) => {
      for (const reading of readings) {
        acknowledged.add(numbers.get(reading)!);
        numbers.delete(reading);
        turbines.add(reading.turbineId);
        if (since === undefined || reading.timestamp < since) since = reading.timestamp;
        if (until === undefined || reading.timestamp > until) until = reading.timestamp;
      }
      options.onProgress?.(acknowledged.done, produced);
    },
  });
  return {
    ...counts,
    ...result,
    done: acknowledged.done,
    turbines: turbines.size,
    ...(since && { since }),
    ...(until && { until }),
  };
}

async function* readings(
  { files, stdin, columns, signal }: ReplayOptions,
  counts: ReplayCounts,
): AsyncGenerator<Timed[]> {
  for (const file of files) {
    for await (const batch of readRows(file, { stdin })) {
      if (signal?.aborted) return;
      yield readingsIn(batch, columns, counts);
    }
  }
}

async function* flat(parts: AsyncIterable<Timed[]>): AsyncGenerator<Timed, void> {
  for await (const part of parts) yield* part;
}

/** Gives each reading when its event time has come, `pace` times as fast as the clock, from the first one on. */
async function* paced(
  readings: AsyncIterable<Timed>,
  { pace, now, sleep, signal, from = 0 }: ReplayOptions,
): AsyncGenerator<Timed, void> {
  let origin: { event: number; clock: number } | undefined;
  let number = 0;
  for await (const one of readings) {
    // Readings that a resumed run skips take no time.
    if (pace !== undefined && number++ >= from) {
      origin ??= { event: one.at, clock: now() };
      for (;;) {
        const wait = origin.clock + (one.at - origin.event) / pace - now();
        if (wait <= 0 || signal?.aborted) break;
        await sleep(Math.min(wait, 60_000));
      }
    }
    if (signal?.aborted) return;
    yield one;
  }
}
