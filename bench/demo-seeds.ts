// `npm run bench:demo-seeds [seeds] [first reading's time]`: the demo's wind over many seeds, scored in one process: are its
// three anomalies those found, and no other reading?
import { Detector } from "../src/detect/detector.ts";
import { AFTERMATH_MS } from "../src/operate/demo/watch.ts";
import { readingsOf, simulationOf } from "../src/simulate/simulation.ts";

const SEEDS = Number(process.argv[2] ?? 200);
const START = new Date(process.argv[3] ?? "2026-06-01T12:00:00Z");

let readings = 0;
let exact = 0;
for (let seed = 1; seed <= SEEDS; seed++) {
  const { found, others, count } = scored(seed);
  readings += count;
  if (found === 3 && others === 0) exact++;
  else console.log(`seed ${seed}: ${found} of 3 found, ${others} other readings alarm`);
}
console.log(`${exact} of ${SEEDS} seeds exact, ${readings.toLocaleString("en-US")} readings`);
if (exact < SEEDS) process.exitCode = 1;

function scored(seed: number): { found: number; others: number; count: number } {
  const detectors = new Map<string, Detector>();
  /** The latest anomaly of each turbine: its number and the time of its latest reading. */
  const latest = new Map<string, { id: number; end: number }>();
  const found = new Set<number>();
  let others = 0;
  let count = 0;
  for (const { reading, label } of readingsOf(simulationOf({ seed, anomalies: 3 }, START))) {
    const { turbineId, speed, timestamp } = reading;
    const timestampMs = Date.parse(timestamp);
    count++;
    if (label) latest.set(turbineId, { id: label.id, end: timestampMs });
    const detector = detectors.get(turbineId) ?? new Detector();
    detectors.set(turbineId, detector);
    if (detector.next({ speed, timestampMs }).score < 2) continue;
    const anomaly = latest.get(turbineId);
    if (anomaly && timestampMs <= anomaly.end + AFTERMATH_MS) found.add(anomaly.id);
    else others++;
  }
  return { found: found.size, others, count };
}
