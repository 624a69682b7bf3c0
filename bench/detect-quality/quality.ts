import { ANOMALY_KINDS } from "../../src/simulate/wind/anomalies.ts";
import { KINDS, stream } from "./kinds.ts";
import { type Method, methods } from "./methods.ts";
import { OTHER_ANOMALIES, OTHER_KINDS, otherStream } from "./other-kinds.ts";
import { realFiles } from "./real.ts";
import { add, cells, countFalse, countFound, emptyTally, falseRate, foundShare, type Tally } from "./tally.ts";

/** Most false alarms in 100,000 normal readings, and least per cent found within five readings. */
const FALSE_ALARMS = 1;
const FOUND: Record<string, number> = { gust: 99, storm: 99, spike: 99 };

export interface QualityOptions {
  /** Normal readings of each kind of wind; other series have half as many. */
  readings: number;
  /** Gusts, storms and spikes of each kind of wind; a third as many of the others. */
  placements: number;
}

/** The tables of docs/detector.md, line by line: simulated wind, other series, real files; then what misses its target. */
export function quality({ readings, placements }: QualityOptions, say: (line: string) => void): void {
  const all = methods(say);
  const misses = windTable(all, readings, placements, say);
  otherTable(all, Math.round(readings / 2), say);
  realTable(all, say);
  say(misses.length === 0 ? "\nEvery kind of wind meets the targets." : "\nMissed by windops:");
  for (const miss of misses) say(`- ${miss}`);
}

function windTable(
  all: Record<string, Method>,
  readings: number,
  placements: number,
  say: (line: string) => void,
): string[] {
  const headings = ANOMALY_KINDS.map((kind) => (FOUND[kind] ? `${kind} (≥ ${FOUND[kind]} %)` : kind));
  say(`| wind | method | false alarms per 100,000 (≤ ${FALSE_ALARMS}) | ${headings.join(" | ")} | delay |`);
  say(`|---|---|---|${"---|".repeat(headings.length)}---|`);
  const misses: string[] = [];
  const sums = new Map(Object.keys(all).map((name) => [name, emptyTally()]));
  for (const kind of Object.keys(KINDS)) {
    const quiet = stream(kind, readings, 21, 0);
    const labelled = stream(kind, Number.POSITIVE_INFINITY, 50, placements);
    for (const [name, method] of Object.entries(all)) {
      const tally = emptyTally();
      countFalse(tally, method(quiet.values, quiet.times, 1), (i) => !quiet.gales.has(i));
      countFound(tally, method(labelled.values, labelled.times, 2), labelled.anomalies);
      say(`| ${kind} | ${name} | ${cells(tally, ANOMALY_KINDS)} |`);
      add(sums.get(name)!, tally);
      if (name === "windops") misses.push(...missed(kind, tally));
    }
  }
  for (const [name, sum] of sums) say(`| **all** | ${name} | ${cells(sum, ANOMALY_KINDS)} |`);
  const { normal, found } = sums.get("windops")!;
  const placed = [...found].map(([kind, { of }]) => `${of} × ${kind}`);
  say(`\n${normal.toLocaleString("en-US")} normal readings; placed: ${placed.join(", ")}.`);
  return misses;
}

function missed(kind: string, tally: Tally): string[] {
  const misses: string[] = [];
  if (falseRate(tally) > FALSE_ALARMS)
    misses.push(`${kind}: ${falseRate(tally).toFixed(1)} false alarms (≤ ${FALSE_ALARMS})`);
  for (const [anomaly, least] of Object.entries(FOUND)) {
    const share = foundShare(tally, anomaly);
    if (share < least) misses.push(`${kind}: ${anomaly} ${share.toFixed(1)} % (≥ ${least})`);
  }
  return misses;
}

function otherTable(all: Record<string, Method>, readings: number, say: (line: string) => void): void {
  say(`\n| other series | method | false alarms per 100,000 | ${OTHER_ANOMALIES.join(" | ")} | delay |`);
  say(`|---|---|---|${"---|".repeat(OTHER_ANOMALIES.length)}---|`);
  const sums = new Map(Object.keys(all).map((name) => [name, emptyTally()]));
  for (const kind of Object.keys(OTHER_KINDS)) {
    const quiet = otherStream(kind, readings, 5, false);
    const labelled = otherStream(kind, readings, 6, true);
    for (const [name, method] of Object.entries(all)) {
      const tally = emptyTally();
      countFalse(tally, method(quiet.values, quiet.times, 1), () => true);
      countFound(tally, method(labelled.values, labelled.times, 2), labelled.anomalies);
      if (name === "windops") say(`| ${kind} | ${name} | ${cells(tally, OTHER_ANOMALIES)} |`);
      add(sums.get(name)!, tally);
    }
  }
  for (const [name, sum] of sums) say(`| **all** | ${name} | ${cells(sum, OTHER_ANOMALIES)} |`);
}

/** Readings that alarm within the listed gales, and others, of the turbines' readings. */
function realTable(all: Record<string, Method>, say: (line: string) => void): void {
  say("\n| file | method | gales found | other alarms | readings |\n|---|---|---|---|---|");
  for (const { file, gales, turbines } of realFiles()) {
    for (const [name, method] of Object.entries(all)) {
      let others = 0;
      let readings = 0;
      const found = new Set<object>();
      for (const [turbine, series] of turbines) {
        const times = series.map(({ timestampMs }) => timestampMs);
        const values = series.map(({ speed }) => speed);
        readings += values.length;
        for (const [i, alarm] of method(values, times, 42).entries()) {
          if (!alarm) continue;
          const gale = gales.find((g) => g.turbine === turbine && times[i]! >= g.start && times[i]! <= g.end);
          if (gale) found.add(gale);
          else others++;
        }
      }
      say(`| ${file} | ${name} | ${found.size} of ${gales.length} | ${others} | ${readings} |`);
    }
  }
}
