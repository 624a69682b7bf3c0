import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Detector } from "../../src/detect/detector.ts";
import { buildJava } from "../detect-speed/peer.ts";
import { BASELINES, type Judge } from "./baselines.ts";

/** Judges a whole series of one turbine: for each reading, whether it alarms. Times are epoch milliseconds. */
export type Method = (values: ArrayLike<number>, times: ArrayLike<number>, seed: number) => boolean[];

/** Ours first. `say` is told where a method can't run. */
export function methods(say: (line: string) => void): Record<string, Method> {
  const windops = (seed: number): Judge => {
    const detector = new Detector({ seed });
    return { next: (speed, timestampMs) => detector.next({ speed, timestampMs }).score >= 2 };
  };
  const all: Record<string, Method> = { windops: byReading(windops) };
  for (const [name, judge] of Object.entries(BASELINES)) all[name] = byReading(judge);
  try {
    const classPath = buildJava();
    all["thresholded forest"] = thresholded(classPath);
  } catch (error) {
    say(`Without AWS's thresholded forest, for want of a JDK, Maven or its repository: ${(error as Error).message}`);
  }
  return all;
}

function byReading(judge: (seed: number) => Judge): Method {
  return (values, times, seed) => {
    const one = judge(seed);
    return Array.from(values, (value, i) => one.next(value, times[i]!));
  };
}

/** Readings of a point of AWS's forest: with one alone it alarms three times as often. */
const SHINGLE = 8;

/** AWS's randomcutforest-parkservices at its own threshold, with as large a forest as ours: a grade above 0 is an alarm. */
function thresholded(classPath: string): Method {
  return (values, _times, seed) => {
    const folder = mkdtempSync(join(tmpdir(), "windops-bench-"));
    try {
      const file = join(folder, "values");
      writeFileSync(file, new Uint8Array(Float32Array.from(values).buffer));
      const settings = [file, SHINGLE, 50, 256, seed].map(String);
      const out = execFileSync("java", ["-cp", classPath, "io.windops.bench.ThresholdedAlarms", ...settings], {
        maxBuffer: 2 ** 28,
      });
      const alarms = new Set(
        out
          .toString()
          .split(" ")
          .filter((number) => number.trim() !== "")
          .map(Number),
      );
      return Array.from(values, (_, i) => alarms.has(i));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}
