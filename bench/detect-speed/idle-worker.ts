// In place of a thread of DetectorPool: answers at once, so that what is left is everything but the forests.
import { parentPort } from "node:worker_threads";
import type { RowScores, WorkerRows } from "../../src/detect/pool.ts";

parentPort!.on("message", ({ keys }: WorkerRows) => {
  const scores: RowScores = {
    score: new Float64Array(keys.length).fill(0.8123),
    rcfScore: new Float64Array(keys.length).fill(0.7512),
  };
  parentPort!.postMessage(scores, [scores.score.buffer, scores.rcfScore.buffer] as ArrayBuffer[]);
});
