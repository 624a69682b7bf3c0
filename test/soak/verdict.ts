/** A reading as the soak sent it; `serial` travels along as a further number, so that every copy can be told. */
export interface SentReading {
  serial: number;
  turbineId: string;
  timestamp: string;
  speed: number;
  acknowledged: boolean;
}

export interface SentMalformed {
  raw: string;
  acknowledged: boolean;
}

export interface ScoredRecord {
  serial: number;
  turbineId: string;
  timestamp: string;
  score: number;
}

export interface StoredRow extends ScoredRecord {
  speed: number;
}

export interface ToldMail {
  deduplicationId: string;
}

/** What was sent, and what the pipeline had made of it in the end. Streams: oldest first, parents before children. */
export interface Evidence {
  sent: SentReading[];
  malformed: SentMalformed[];
  /** Serials as they stand in the streams. */
  input: { turbineId: string; serial: number }[];
  output: ScoredRecord[];
  rows: StoredRow[];
  quarantined: string[];
  mails: ToldMail[];
  minScore: number;
  /** Milliseconds. */
  quiet: number;
}

export interface Verdict {
  sent: number;
  acknowledged: number;
  /** Sent, and no answer came: either is right. */
  unsure: number;
  stored: number;
  quarantined: number;
  anomalies: number;
  notifications: number;
  /** Copies of a notification beyond the first, with the same deduplication id: a subscriber drops them. */
  copies: number;
  /** Each of these is a broken promise, and says of what. */
  lost: string[];
  invented: string[];
  missing: string[];
  duplicates: string[];
  disordered: string[];
}

export function judge(evidence: Evidence): Verdict {
  const { sent, malformed, rows, quarantined, mails } = evidence;
  const anomalies = anomaliesOf(evidence);
  const told = notifications(evidence, anomalies);
  return {
    sent: sent.length + malformed.length,
    acknowledged: [...sent, ...malformed].filter((one) => one.acknowledged).length,
    unsure: [...sent, ...malformed].filter((one) => !one.acknowledged).length,
    stored: rows.length,
    quarantined: new Set(quarantined).size,
    anomalies: anomalies.length,
    notifications: new Set(mails.map((mail) => mail.deduplicationId)).size,
    copies: mails.length - new Set(mails.map((mail) => mail.deduplicationId)).size,
    lost: lost(evidence),
    invented: [...invented(evidence), ...told.invented],
    missing: told.missing,
    duplicates: told.duplicates,
    disordered: disordered(evidence),
  };
}

const label = ({ turbineId, timestamp }: { turbineId: string; timestamp: string }) => `${turbineId}@${timestamp}`;

function lost({ sent, malformed, rows, quarantined }: Evidence): string[] {
  const stored = new Map(rows.map((row) => [row.serial, row]));
  const kept = new Set(quarantined);
  return [
    ...sent
      .filter((reading) => reading.acknowledged && !same(reading, stored.get(reading.serial)))
      .map((reading) => `reading ${reading.serial} ${label(reading)}`),
    ...malformed.filter(({ raw, acknowledged }) => acknowledged && !kept.has(raw)).map(({ raw }) => `record ${raw}`),
  ];
}

const same = (reading: SentReading, row: StoredRow | undefined): boolean =>
  row !== undefined && label(row) === label(reading) && row.speed === reading.speed;

/** Rows and quarantined records that nobody sent, and rows with a score that the application never gave. */
function invented({ sent, malformed, rows, quarantined, output }: Evidence): string[] {
  const known = new Map(sent.map((reading) => [reading.serial, reading]));
  const raw = new Set(malformed.map((record) => record.raw));
  const scores = new Set(output.map(({ serial, score }) => `${serial} ${score}`));
  const wrong = (row: StoredRow) => {
    const reading = known.get(row.serial);
    return !reading || !same(reading, row) || !scores.has(`${row.serial} ${row.score}`);
  };
  return [
    ...rows.filter(wrong).map((row) => `row ${row.serial} ${label(row)} ${row.speed} m/s, score ${row.score}`),
    ...quarantined.filter((text) => !raw.has(text)).map((text) => `quarantined ${text}`),
  ];
}

interface Anomaly {
  turbineId: string;
  first: number;
  last: number;
  /**
   * How many notifications are right: more than one only where readings that came late joined what were two anomalies,
   * a quiet time apart, when they were told.
   */
  most: number;
}

/** By the rule itself, from every score that the application gave: a turbine's runs without a quiet time between. */
function anomaliesOf({ output, minScore, quiet }: Evidence): Anomaly[] {
  const turbines = new Map<string, number[]>();
  for (const { turbineId, timestamp, score } of output) {
    if (score < minScore) continue;
    turbines.set(turbineId, [...(turbines.get(turbineId) ?? []), Date.parse(timestamp)]);
  }
  return [...turbines].flatMap(([turbineId, times]) => {
    const openings = opened(times, quiet);
    const runs: Anomaly[] = [];
    for (const time of times.toSorted((a, b) => a - b)) {
      const run = runs.at(-1);
      if (run && time - run.last < quiet) run.last = time;
      else runs.push({ turbineId, first: time, last: time, most: 0 });
    }
    for (const run of runs) run.most = openings.filter((time) => time >= run.first && time <= run.last).length;
    return runs;
  });
}

/** Times that opened an anomaly when they came, in the order in which they came. */
function opened(times: number[], quiet: number): number[] {
  const known: { opening: number; first: number; last: number }[] = [];
  for (const time of times) {
    const touched = known.filter(({ first, last }) => time - last < quiet && first - time < quiet);
    for (const anomaly of touched) {
      anomaly.first = Math.min(anomaly.first, time);
      anomaly.last = Math.max(anomaly.last, time);
    }
    if (touched.length === 0) known.push({ opening: time, first: time, last: time });
  }
  return known.map(({ opening }) => opening);
}

function notifications({ mails }: Evidence, anomalies: Anomaly[]) {
  const told = new Map<Anomaly, string[]>();
  const invented: string[] = [];
  for (const id of new Set(mails.map((mail) => mail.deduplicationId))) {
    const [turbineId, timestamp = ""] = id.split("@");
    const at = Date.parse(timestamp);
    const anomaly = anomalies.find((a) => a.turbineId === turbineId && at >= a.first && at <= a.last);
    if (anomaly) told.set(anomaly, [...(told.get(anomaly) ?? []), id]);
    else invented.push(`notification ${id}`);
  }
  const name = ({ turbineId, first }: Anomaly) => `${turbineId}@${new Date(first).toISOString()}`;
  return {
    invented,
    missing: anomalies.filter((anomaly) => !told.has(anomaly)).map(name),
    duplicates: [...told].filter(([{ most }, ids]) => ids.length > most).map(([, ids]) => ids.join(" and ")),
  };
}

/**
 * Turbines whose readings don't stand in the order in which they were sent: in the input, and in the output. What comes
 * again after a crash stands again, so it's the first of each that counts.
 */
function disordered({ sent, input, output }: Evidence): string[] {
  const order = byTurbine(sent);
  return [
    { stream: "input", records: byTurbine(input) },
    { stream: "output", records: byTurbine(output) },
  ].flatMap(({ stream, records }) =>
    [...records].flatMap(([turbineId, serials]) => {
      const there = new Set(serials);
      const wanted = (order.get(turbineId) ?? []).filter((serial) => there.has(serial));
      const wrong = wanted.findIndex((serial, i) => serial !== serials[i]);
      return wrong < 0 ? [] : [`${turbineId} in the ${stream}: ${serials[wrong]} where ${wanted[wrong]} was sent`];
    }),
  );
}

function byTurbine(records: { turbineId: string; serial: number }[]): Map<string, number[]> {
  const turbines = new Map<string, Set<number>>();
  for (const { turbineId, serial } of records) {
    const serials = turbines.get(turbineId) ?? new Set();
    serials.add(serial);
    turbines.set(turbineId, serials);
  }
  return new Map([...turbines].map(([turbineId, serials]) => [turbineId, [...serials]]));
}
