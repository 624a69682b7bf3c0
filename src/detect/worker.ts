// A thread of DetectorPool: bundled into a file of its own.
import { parentPort, workerData } from "node:worker_threads";
import { Detector, type DetectorOptions, type DetectorReading } from "./detector.ts";
import type { RowScores, WorkerRows } from "./pool.ts";

const options: DetectorOptions = workerData;
const detectors = new Map<number, Detector>();

parentPort!.on("message", ({ keys, timestamps, values }: WorkerRows) => {
  const out: RowScores = { score: new Float64Array(keys.length), rcfScore: new Float64Array(keys.length) };
  const rowsOf = new Map<number, number[]>();
  keys.forEach((key, row) => {
    const rows = rowsOf.get(key);
    if (rows) rows.push(row);
    else rowsOf.set(key, [row]);
  });
  // Key by key rather than row by row: a forest is about a megabyte, so turning to another one empties the cache.
  for (const [key, rows] of rowsOf) {
    let detector = detectors.get(key);
    if (!detector) {
      detector = new Detector(options);
      detectors.set(key, detector);
    }
    for (const row of rows) {
      const reading: DetectorReading = { speed: Number.NaN, timestampMs: timestamps[row]! };
      options.features.forEach((name, f) => {
        reading[name] = values[row * options.features.length + f]!;
      });
      const { score, rcfScore } = detector.next(reading);
      out.score[row] = score;
      out.rcfScore[row] = rcfScore;
    }
  }
  parentPort!.postMessage(out, [out.score.buffer, out.rcfScore.buffer] as ArrayBuffer[]);
});
