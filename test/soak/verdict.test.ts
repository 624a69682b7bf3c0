import { describe, expect, test } from "vitest";
import { type Evidence, judge } from "./verdict.ts";

// A soak that couldn't find anything wrong would prove nothing: each broken promise, made up, has to be found.

const QUIET = 60_000;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
const reading = (serial: number, second: number, score = 0) => ({
  serial,
  turbineId: "t-1",
  timestamp: at(second),
  speed: serial,
  score,
  acknowledged: true,
});

/** Six readings with anomalies at 10 and 11 s and at 200 s, and a bad record: all as it should be. */
function sound(): Evidence {
  const all = [
    reading(1, 0),
    reading(2, 10, 3),
    reading(3, 11, 2),
    reading(4, 100),
    reading(5, 200, 2.5),
    reading(6, 300),
  ];
  return {
    sent: all,
    malformed: [{ raw: "bad", acknowledged: true }],
    input: all,
    output: all,
    rows: all,
    quarantined: ["bad"],
    mails: [{ deduplicationId: `t-1@${at(10)}` }, { deduplicationId: `t-1@${at(200)}` }],
    minScore: 2,
    quiet: QUIET,
  };
}

const broken = (change: (evidence: Evidence) => Partial<Evidence>) => judge({ ...sound(), ...change(sound()) });

test("nothing is wrong where nothing is wrong", () => {
  expect(judge(sound())).toEqual({
    sent: 7,
    acknowledged: 7,
    unsure: 0,
    stored: 6,
    quarantined: 1,
    anomalies: 2,
    notifications: 2,
    copies: 0,
    lost: [],
    invented: [],
    missing: [],
    duplicates: [],
    disordered: [],
  });
});

describe("readings", () => {
  test("an acknowledged one without its row is lost; one that wasn't acknowledged isn't", () => {
    expect(broken(({ rows }) => ({ rows: rows.slice(1) })).lost).toHaveLength(1);
    const unsure = (e: Evidence) => ({
      rows: e.rows.slice(1),
      sent: e.sent.map((one) => (one.serial === 1 ? { ...one, acknowledged: false } : one)),
    });
    expect(broken(unsure)).toMatchObject({ lost: [], unsure: 1 });
  });

  test("a row with another speed is a loss and an invention", () => {
    const changed = broken(({ rows }) => ({ rows: rows.map((row, i) => (i === 3 ? { ...row, speed: 9.9 } : row)) }));
    expect(changed.lost).toHaveLength(1);
    expect(changed.invented).toHaveLength(1);
  });

  test("a row that nobody sent, a score that nobody gave", () => {
    expect(broken(({ rows }) => ({ rows: [...rows, reading(99, 400)] })).invented).toHaveLength(1);
    expect(
      broken(({ rows }) => ({ rows: rows.map((r, i) => (i === 0 ? { ...r, score: 1.5 } : r)) })).invented,
    ).toHaveLength(1);
  });

  test("a bad record that isn't whole in quarantine", () => {
    const cut = broken(() => ({ quarantined: ["ba"] }));
    expect([cut.lost, cut.invented].map((list) => list.length)).toEqual([1, 1]);
  });

  test("order by turbine, in both streams; what comes again after a crash is in order", () => {
    const swapped = ([a, b, ...rest]: any[]) => [b, a, ...rest];
    expect(broken(({ input }) => ({ input: swapped(input) })).disordered).toHaveLength(1);
    expect(broken(({ output }) => ({ output: swapped(output) })).disordered).toHaveLength(1);
    const rewound = broken(({ output }) => ({ output: [...output.slice(0, 4), ...output.slice(2)] }));
    expect(rewound.disordered).toEqual([]);
    expect(broken(({ output }) => ({ output: [output[0]!, ...output.slice(2), output[1]!] })).disordered).toHaveLength(
      1,
    );
  });
});

describe("notifications", () => {
  test("an anomaly that nobody was told of", () => {
    expect(broken(({ mails }) => ({ mails: mails.slice(1) })).missing).toEqual([`t-1@${at(10)}`]);
  });

  test("two of one anomaly under two names; a copy with the same name is only a copy", () => {
    const twice = broken(({ mails }) => ({ mails: [...mails, { deduplicationId: `t-1@${at(11)}` }] }));
    expect(twice.duplicates).toHaveLength(1);
    const copy = broken(({ mails }) => ({ mails: [...mails, mails[0]!] }));
    expect(copy).toMatchObject({ duplicates: [], copies: 1 });
  });

  test("one of no anomaly", () => {
    expect(broken(({ mails }) => ({ mails: [...mails, { deduplicationId: `t-1@${at(100)}` }] })).invented).toHaveLength(
      1,
    );
    expect(broken(({ mails }) => ({ mails: [...mails, { deduplicationId: `t-2@${at(10)}` }] })).invented).toHaveLength(
      1,
    );
  });

  test("two are right only where a late reading joined them afterwards", () => {
    const times = [0, 100, 50];
    const late = (order: number[]) => {
      const output = order.map((i) => reading(i + 1, times[i]!, 3));
      const mails = [{ deduplicationId: `t-1@${at(0)}` }, { deduplicationId: `t-1@${at(100)}` }];
      return judge({ ...sound(), sent: output, input: output, output, rows: output, mails });
    };
    expect(late([0, 1, 2])).toMatchObject({ anomalies: 1, duplicates: [] });
    expect(late([0, 2, 1]).duplicates).toHaveLength(1);
  });
});
