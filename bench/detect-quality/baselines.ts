import { Forest } from "../../src/detect/forest/forest.ts";

/** A way to judge a stream of one turbine, reading by reading: true is an alarm. */
export interface Judge {
  next(value: number, timestampMs: number): boolean;
}

/** Two-sided standard normal quantile of one false alarm in 100,000. */
const DEVIATIONS = 4.42;
/** First readings that only teach. */
const WARM_UP = 32;

/** What operators use where there is no detector, and what the detector is made of. Each gets the rate of 1 in 100,000. */
export const BASELINES: Record<string, () => Judge> = {
  /** Beyond cut-out. */
  "fixed limit": () => ({ next: (value) => value >= 25 }),
  /** Deviation from the mean of everything so far (Welford). */
  "z-score": () => {
    let count = 0;
    let mean = 0;
    let squares = 0;
    return {
      next(value) {
        const off = value - mean;
        const alarm = count >= WARM_UP && Math.abs(off) > DEVIATIONS * Math.sqrt(squares / count);
        count++;
        mean += off / count;
        squares += off * (value - mean);
        return alarm;
      },
    };
  },
  /** Deviation from an exponential mean over 10 readings, against its own deviation over 1,000. */
  EWMA: () => {
    let count = 0;
    let mean = Number.NaN;
    let square = 0;
    return {
      next(value) {
        const off = count === 0 ? 0 : value - mean;
        const alarm = count >= WARM_UP && Math.abs(off) > DEVIATIONS * Math.sqrt(square);
        mean = count === 0 ? value : mean + off / 10;
        if (count > 0) square += (off * off - square) / Math.min(count, 1000);
        count++;
        return alarm;
      },
    };
  },
  /** Deviation from the median of the last 250 readings of the same hour of the day, in their median absolute deviation. */
  "seasonal median": () => {
    const hours = Array.from({ length: 24 }, () => ({ values: [] as number[], median: 0, spread: 0, stale: 0 }));
    return {
      next(value, timestampMs) {
        const hour = hours[Math.floor(timestampMs / 3_600_000) % 24]!;
        const known = hour.values.length >= WARM_UP;
        const alarm = known && Math.abs(value - hour.median) > DEVIATIONS * 1.4826 * hour.spread;
        hour.values.push(value);
        if (hour.values.length > 250) hour.values.shift();
        if (hour.stale-- <= 0) {
          hour.median = median(hour.values);
          hour.spread = median(hour.values.map((one) => Math.abs(one - hour.median)));
          hour.stale = 16;
        }
        return alarm;
      },
    };
  },
  /** The forest on the speed alone, with the threshold 3 on its raw score. */
  "raw forest": () => {
    const settings = { numberOfTrees: 50, sampleSize: 256, timeDecay: 1 / 2560, outputAfter: WARM_UP, seed: 1 };
    const forest = new Forest({ ...settings, dimensions: 1, shingleSize: 1 });
    return { next: (value) => forest.process([value]) >= 3 };
  },
};

function median(values: number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1]!;
}
