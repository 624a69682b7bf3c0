import type { KinesisClient } from "@aws-sdk/client-kinesis";
import { PutRecordsCommand } from "../../src/aws/kinesis.ts";
import type { Reading } from "../../src/contract/reading.ts";
import { edge } from "../../src/io/clock.ts";
import { mulberry32 } from "../../src/local/chaos.ts";
import { produce } from "../../src/simulate/producer/producer.ts";
import { wind } from "../../src/simulate/wind/wind.ts";
import type { SentMalformed, SentReading } from "./verdict.ts";

export interface LoadOptions {
  seed: number;
  turbines: number;
  /** Readings a second. */
  rate: number;
  /** Whether there is more to send. */
  goesOn(): boolean;
  /** Seconds of event time between two readings of a turbine. */
  cadence: number;
  stream: string;
  kinesis: KinesisClient;
  signal: AbortSignal;
}

export interface Oddities {
  duplicated: number;
  late: number;
  outOfOrder: number;
  malformed: number;
}

/** What was sent and what the stream acknowledged, known to the soak alone. */
export interface Ledger {
  readings: SentReading[];
  malformed: SentMalformed[];
  oddities: Oddities;
}

/**
 * Sends simulated wind with the real producer, some of it twice, late, out of order or malformed, for as long as it takes
 * for all of it to be acknowledged: what was in a request that got no answer is sent again, in its order, when the stack is back.
 */
export async function load(options: LoadOptions): Promise<Ledger> {
  const ledger: Ledger = {
    readings: [],
    malformed: [],
    oddities: { duplicated: 0, late: 0, outOfOrder: 0, malformed: 0 },
  };
  const noise = sendNoise(options, ledger);
  await sendReadings(options, ledger);
  await noise;
  return ledger;
}

async function sendReadings(options: LoadOptions, ledger: Ledger): Promise<void> {
  const { seed, rate, stream, signal } = options;
  const source = disturbed(gusty(options), mulberry32(seed ^ 0x5eed), ledger);
  /** Given to the producer and not acknowledged, in order. */
  const open = new Set<Reading>();
  const entries = new Map<number, SentReading>();
  const { now, sleep } = edge(signal);
  const began = now();
  async function* next(attempt: { over: boolean }): AsyncGenerator<Reading> {
    yield* [...open];
    for (;;) {
      // The producer reads far ahead while shards refuse: what a slow stack gets would go on long after the faults.
      while (ledger.readings.length > (rate * (now() - began)) / 1000 && !signal.aborted) await sleep(20);
      if (attempt.over) return;
      const { done, value } = source.next();
      if (done) return;
      if (!entries.has(value.serial as number)) {
        const entry = { ...(value as unknown as SentReading), acknowledged: false };
        entries.set(entry.serial, entry);
        ledger.readings.push(entry);
      }
      // A copy of its own: the same reading twice is two to be acknowledged.
      const copy = { ...value };
      open.add(copy);
      yield copy;
    }
  }
  while (!signal.aborted) {
    const attempt = { over: false };
    try {
      await produce(next(attempt), {
        ...edge(signal),
        kinesis: options.kinesis,
        stream,
        rate,
        signal,
        onAcknowledged: (readings) => {
          for (const reading of readings) {
            open.delete(reading);
            entries.get(reading.serial as number)!.acknowledged = true;
          }
        },
      });
      return;
    } catch (error) {
      if ((error as { code?: string }).code === "E_NO_STREAM") throw error;
      attempt.over = true;
      await sleep(200);
    }
  }
}

/** Readings of a turbine before its first gust, and between two: far enough apart for an anomaly each. */
const CALM = 70;
const PERIOD = 110;
/** Readings of a turbine within which its first gust comes, after those of calm. */
const FIRST = 20;

/** Simulated wind with gusts of one to three readings that belong to no site: of every turbine one at least, however long that takes. */
function* gusty({ seed, turbines, goesOn, cadence }: LoadOptions): Generator<Reading, void> {
  const random = mulberry32(seed ^ 0x9057);
  const firsts = Array.from({ length: turbines }, () => CALM + Math.floor(random() * FIRST));
  let n = 0;
  for (const { label: _, ...reading } of wind({
    turbines,
    seed,
    cadenceSeconds: cadence,
    start: new Date("2026-03-01T00:00:00Z"),
  })) {
    const [turbine, tick] = [n % turbines, Math.floor(n / turbines)];
    if (!goesOn() && tick > CALM + FIRST + 3) return;
    const within = (tick - firsts[turbine]!) % PERIOD;
    const gust = within >= 0 && within <= turbine % 3;
    yield { ...reading, speed: gust ? 34 + within : reading.speed };
    n++;
  }
}

/** Numbers the readings and sends some of them twice, a little later or much later. */
function* disturbed(readings: Iterable<Reading>, random: () => number, { oddities }: Ledger): Generator<Reading, void> {
  let serial = 0;
  const held = new Map<number, Reading[]>();
  const holdBack = (reading: Reading, readings: number) => {
    const until = serial + readings;
    held.set(until, [...(held.get(until) ?? []), reading]);
  };
  for (const plain of readings) {
    const reading = { ...plain, serial: ++serial };
    const draw = random();
    const far = 10 + Math.floor(random() * 400);
    if (draw < 0.01) {
      oddities.late++;
      holdBack(reading, far);
    } else if (draw < 0.02) {
      oddities.outOfOrder++;
      // Behind this turbine's next reading or the one after, whatever the farm's size.
      holdBack(reading, 25 + Math.floor(far / 10));
    } else {
      yield reading;
      if (draw < 0.03) {
        oddities.duplicated++;
        holdBack(reading, far);
      }
    }
    yield* held.get(serial) ?? [];
    held.delete(serial);
  }
  for (const late of held.values()) yield* late;
}

const NOISE_EVERY_MS = 250;

/** Records that aren't readings, each of its own bytes; sent until it's known that the stream has them. */
async function sendNoise(options: LoadOptions, ledger: Ledger): Promise<void> {
  const { seed, goesOn, stream, signal, turbines } = options;
  const random = mulberry32(seed ^ 0xbad);
  const { sleep } = edge(signal);
  for (let n = 0; goesOn() && !signal.aborted; n++) {
    const raw = malformed(n, random());
    const entry = { raw, acknowledged: false };
    ledger.malformed.push(entry);
    ledger.oddities.malformed++;
    const PartitionKey = `turbine-${n % turbines}`;
    while (!entry.acknowledged && !signal.aborted) {
      const answer = await options.kinesis
        .send(new PutRecordsCommand({ StreamName: stream, Records: [{ Data: Buffer.from(raw), PartitionKey }] }))
        .catch(() => undefined);
      entry.acknowledged = answer?.FailedRecordCount === 0;
      if (!entry.acknowledged) await sleep(200);
    }
    await sleep(NOISE_EVERY_MS);
  }
}

function malformed(n: number, draw: number): string {
  const tag = `soak-${n}`;
  const kinds = [
    `not JSON: ${tag}`,
    `{"turbineId":"${tag}","speed":"fast"}`,
    `{"turbineId":"${tag}","location":"Gull Bay","speed":null}`,
    `{"turbineId":"${tag}","speed":12.`,
    `{"speed":11,"tag":"${tag}"}`,
    `["${tag}"]`,
    `{"turbineId":"${tag}","speed":9,"timestamp":"yesterday"}`,
    `\u0000\u001b]0;${tag}\u0007`,
  ];
  return kinds[Math.floor(draw * kinds.length)]!;
}
