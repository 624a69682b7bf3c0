// `npm run bench:detect-quality [readings]`: false alarms and detection of the detector and of simpler methods, on simulated
// wind of many kinds and on the real files where they're at hand.
import { Detector } from "../src/detect/detector.ts";
import { ANOMALY_KINDS } from "../src/simulate/anomalies.ts";
import { BASELINES, type Judge } from "./detect-quality/baselines.ts";
import { KINDS, stream } from "./detect-quality/kinds.ts";
import { realFiles } from "./detect-quality/real.ts";

const READINGS = Number(process.argv[2] ?? 100_000);
const TARGETS: Record<string, number> = { gust: 99, storm: 99, spike: 99 };
const METHODS: Record<string, (seed: number) => Judge> = {
  windops: (seed) => {
    const detector = new Detector({ seed });
    return { next: (speed, timestampMs) => detector.next({ speed, timestampMs }).score >= 2 };
  },
  ...BASELINES,
};

interface Tally {
  normal: number;
  falseAlarms: number;
  found: Map<string, { of: number; found: number; later: number; delay: number }>;
}

function measure(kind: string, method: (seed: number) => Judge): Tally {
  const tally: Tally = { normal: 0, falseAlarms: 0, found: new Map() };
  const quiet = method(1);
  for (const { speed, timestampMs, gale } of stream(kind, READINGS, 21, false).readings) {
    const alarm = quiet.next(speed, timestampMs);
    if (gale) continue;
    tally.normal++;
    if (alarm) tally.falseAlarms++;
  }
  const { readings, anomalies } = stream(kind, READINGS, 50, true);
  const judge = method(2);
  const alarms = readings.map(({ speed, timestampMs }) => judge.next(speed, timestampMs));
  for (const { kind, first, visible, due } of anomalies) {
    if (visible < 0) continue;
    const count = tally.found.get(kind) ?? { of: 0, found: 0, later: 0, delay: 0 };
    tally.found.set(kind, count);
    count.of++;
    const at = alarms.indexOf(true, first);
    if (at >= 0 && at <= due) {
      count.found++;
      count.delay += Math.max(0, at - visible);
    } else if (at >= 0 && at < due + 60) count.later++;
  }
  return tally;
}

const sums = new Map<string, Tally>();
console.log(`| wind | method | false alarms per 100,000 (≤ 1) | ${ANOMALY_KINDS.map(heading).join(" | ")} | delay |`);
console.log(`|---|---|---|${"---|".repeat(ANOMALY_KINDS.length)}---|`);
for (const kind of Object.keys(KINDS)) {
  for (const [name, method] of Object.entries(METHODS)) {
    const tally = measure(kind, method);
    console.log(`| ${kind} | ${name} | ${row(tally)} |`);
    const sum = sums.get(name) ?? { normal: 0, falseAlarms: 0, found: new Map() };
    sums.set(name, sum);
    sum.normal += tally.normal;
    sum.falseAlarms += tally.falseAlarms;
    for (const [anomaly, { of, found, later, delay }] of tally.found) {
      const all = sum.found.get(anomaly) ?? { of: 0, found: 0, later: 0, delay: 0 };
      sum.found.set(anomaly, {
        of: all.of + of,
        found: all.found + found,
        later: all.later + later,
        delay: all.delay + delay,
      });
    }
  }
}
for (const [name, sum] of sums) console.log(`| **all** | ${name} | ${row(sum)} |`);
console.log("\nReal files: readings that alarm within the listed gales, and others, of the turbines' readings.");
console.log("| file | method | gales found | other alarms | readings |\n|---|---|---|---|---|");
for (const { file, gales, turbines } of realFiles()) {
  for (const [name, method] of Object.entries(METHODS)) {
    let others = 0;
    let readings = 0;
    const found = new Set<object>();
    for (const [turbine, series] of turbines) {
      const judge = method(42);
      for (const { timestampMs, speed } of series) {
        readings++;
        if (!judge.next(speed, timestampMs)) continue;
        const gale = gales.find((g) => g.turbine === turbine && timestampMs >= g.start && timestampMs <= g.end);
        if (gale) found.add(gale);
        else others++;
      }
    }
    console.log(`| ${file} | ${name} | ${found.size} of ${gales.length} | ${others} | ${readings} |`);
  }
}

function heading(kind: string): string {
  return TARGETS[kind] ? `${kind} (≥ ${TARGETS[kind]} %)` : kind;
}

function row({ normal, falseAlarms, found }: Tally): string {
  const rate = ((falseAlarms / normal) * 100_000).toFixed(1);
  let delay = 0;
  let hits = 0;
  const cells = ANOMALY_KINDS.map((kind) => {
    const count = found.get(kind);
    if (!count) return "";
    delay += count.delay;
    hits += count.found;
    const percent = (n: number) => Math.round((100 * n) / count.of);
    return count.later > 0 ? `${percent(count.found)} (+${percent(count.later)})` : `${percent(count.found)}`;
  });
  return `${rate} | ${cells.join(" | ")} | ${hits > 0 ? (delay / hits).toFixed(1) : ""}`;
}
