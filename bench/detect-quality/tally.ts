/** An anomaly by the numbers of its readings: an alarm from `first` to `due` is in time, one soon after is late. */
export interface Placed {
  kind: string;
  first: number;
  /** First reading in which it shows; delays count from here. */
  visible: number;
  due: number;
}

/** What a method did on a series without anomalies and on one with them. */
export interface Tally {
  normal: number;
  falseAlarms: number;
  found: Map<string, { of: number; found: number; later: number; delay: number }>;
}

/** Readings after the due one in which an alarm is late, not missing. */
const LATE = 60;

export const emptyTally = (): Tally => ({ normal: 0, falseAlarms: 0, found: new Map() });

/** `counts` says whether a reading is one of the normal ones. */
export function countFalse(tally: Tally, alarms: readonly boolean[], counts: (index: number) => boolean): void {
  for (const [index, alarm] of alarms.entries()) {
    if (!counts(index)) continue;
    tally.normal++;
    if (alarm) tally.falseAlarms++;
  }
}

export function countFound(tally: Tally, alarms: readonly boolean[], placed: readonly Placed[]): void {
  for (const { kind, first, visible, due } of placed) {
    const count = tally.found.get(kind) ?? { of: 0, found: 0, later: 0, delay: 0 };
    tally.found.set(kind, count);
    count.of++;
    const at = alarms.indexOf(true, first);
    if (at < 0 || at >= due + LATE) continue;
    if (at > due) count.later++;
    else {
      count.found++;
      count.delay += Math.max(0, at - visible);
    }
  }
}

/** Adds `tally` to `sum`. */
export function add(sum: Tally, tally: Tally): void {
  sum.normal += tally.normal;
  sum.falseAlarms += tally.falseAlarms;
  for (const [kind, { of, found, later, delay }] of tally.found) {
    const all = sum.found.get(kind) ?? { of: 0, found: 0, later: 0, delay: 0 };
    const more = { of: all.of + of, found: all.found + found, later: all.later + later, delay: all.delay + delay };
    sum.found.set(kind, more);
  }
}

export const falseRate = ({ falseAlarms, normal }: Tally): number => (falseAlarms / normal) * 100_000;

/** Per cent found in time; NaN where none was placed. */
export function foundShare({ found }: Tally, kind: string): number {
  const { of = 0, found: hits = 0 } = found.get(kind) ?? {};
  return (100 * hits) / of;
}

/** Cells of a table: false alarms in 100,000, then for each kind per cent found in time (and later), then the mean delay. */
export function cells(tally: Tally, kinds: readonly string[]): string {
  let delay = 0;
  let hits = 0;
  const shares = kinds.map((kind) => {
    const count = tally.found.get(kind);
    if (!count) return "";
    delay += count.delay;
    hits += count.found;
    const later = Math.round((100 * count.later) / count.of);
    return `${rounded(foundShare(tally, kind))}${later > 0 ? ` (+${later})` : ""}`;
  });
  return `${falseRate(tally).toFixed(1)} | ${shares.join(" | ")} | ${hits > 0 ? (delay / hits).toFixed(1) : ""}`;
}

/** 99.6 isn't 100. */
const rounded = (percent: number): string =>
  percent > 95 && percent < 100 ? percent.toFixed(1) : String(Math.round(percent));
