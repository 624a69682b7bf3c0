import {
  type AnomalyRun,
  type History,
  SPARK,
  type ThresholdEffect,
  type TurbineStatus,
  type TurbineSummary,
} from "../protocol.ts";

/** A scored reading as it stands on AnomalyDetectionStream. */
export interface ScoredReading {
  turbineId: string;
  location: string;
  speed: number;
  score: number;
  timestamp: string;
}

/** From here on the wind is a gale (Beaufort 8), in m/s. */
const GALE = 17.2;

class Series {
  readonly id: string;
  location = "";
  time: number[] = [];
  speed: number[] = [];
  score: number[] = [];
  /** Wall clock of the last reading's arrival, and the mean distance of arrivals. */
  seen = 0;
  cadence = 0;
  /** The newest anomaly, over or not. */
  anomaly: AnomalyRun | undefined;
  /** Readings so far, also those that aren't held any more; and how many of them `changes` has reported. */
  count = 0;
  reported = 0;
  /** The status that was last reported. */
  shown: TurbineStatus | undefined;

  constructor(id: string) {
    this.id = id;
  }
}

export interface FarmOptions {
  minScore: number;
  /** Event time that ends an anomaly, milliseconds. */
  quietMs: number;
  /** Readings kept for each turbine; the total over all turbines is bounded by `totalReadings`. */
  capacity?: number;
  totalReadings?: number;
  now?: () => number;
}

/** The turbines and their readings as far as the page shows them: bounded memory, whatever comes. */
export class Farm {
  minScore: number;
  readonly #options: Required<FarmOptions>;
  readonly #turbines = new Map<string, Series>();
  #changed = new Set<string>();

  constructor(options: FarmOptions) {
    this.minScore = options.minScore;
    this.#options = { capacity: 100_000, totalReadings: 2_000_000, now: Date.now, ...options };
  }

  get size(): number {
    return this.#turbines.size;
  }

  /** Takes a reading in; false for what is no scored reading or older than what the turbine already showed. */
  add(reading: ScoredReading, live = true): boolean {
    const time = Date.parse(reading.timestamp);
    if (typeof reading.turbineId !== "string" || !Number.isFinite(time) || !Number.isFinite(reading.speed))
      return false;
    let series = this.#turbines.get(reading.turbineId);
    if (!series) {
      series = new Series(reading.turbineId);
      this.#turbines.set(reading.turbineId, series);
    }
    if (time <= (series.time.at(-1) ?? Number.NEGATIVE_INFINITY)) return false;
    const score = Number.isFinite(reading.score) ? reading.score : 0;
    series.location = String(reading.location ?? "");
    series.time.push(time);
    series.speed.push(reading.speed);
    series.score.push(score);
    series.count++;
    if (score >= this.minScore)
      series.anomaly = run(series.anomaly, series, series.time.length - 1, this.#options.quietMs);
    this.#trim(series);
    if (live) {
      const now = this.#options.now();
      if (series.seen > 0)
        series.cadence = series.cadence === 0 ? now - series.seen : 0.8 * series.cadence + 0.2 * (now - series.seen);
      series.seen = now;
    }
    this.#changed.add(series.id);
    return true;
  }

  #trim(series: Series): void {
    const { capacity, totalReadings } = this.#options;
    const keep = Math.max(SPARK, Math.min(capacity, Math.floor(totalReadings / this.#turbines.size)));
    // Cut in steps, so that the cost a reading stays constant.
    if (series.time.length <= keep * 1.25) return;
    const cut = series.time.length - keep;
    for (const column of [series.time, series.speed, series.score]) column.splice(0, cut);
  }

  #status(series: Series): TurbineStatus {
    const { now, quietMs } = this.#options;
    const last = series.time.length - 1;
    if (series.seen > 0 && now() - series.seen > Math.max(60_000, 5 * series.cadence)) return "silent";
    if (series.anomaly && series.time[last]! - series.anomaly.to < quietMs) return "anomaly";
    // The score is 0 only while the forest warms up.
    if (series.score[last] === 0) return "warming";
    return series.speed[last]! >= GALE ? "high-wind" : "calm";
  }

  #summary(series: Series, recent: number): TurbineSummary {
    const last = series.time.length - 1;
    const status = this.#status(series);
    return {
      id: series.id,
      location: series.location,
      speed: series.speed[last]!,
      score: series.score[last]!,
      time: series.time[last]!,
      status,
      recent: recent > 0 ? series.speed.slice(-recent).map((v) => Math.round(v * 10) / 10) : [],
      count: series.count,
      ...(status === "anomaly" && { anomaly: series.anomaly }),
    };
  }

  all(): TurbineSummary[] {
    return [...this.#turbines.values()].map((s) => this.#summary(s, SPARK));
  }

  /** Turbines with readings since the last call, and those whose status changed with the time alone; `recent` is what's new. */
  changes(): TurbineSummary[] {
    const changed = this.#changed;
    this.#changed = new Set();
    const summaries: TurbineSummary[] = [];
    for (const series of this.#turbines.values()) {
      const status = this.#status(series);
      if (!changed.has(series.id) && status === series.shown) continue;
      series.shown = status;
      summaries.push(this.#summary(series, Math.min(SPARK, series.count - series.reported)));
      series.reported = series.count;
    }
    return summaries;
  }

  /** The turbine's readings later than `after`, epoch milliseconds; the anomalies are those of all that is held. */
  history(id: string, after = Number.NEGATIVE_INFINITY): Omit<History, "alerts"> | undefined {
    const series = this.#turbines.get(id);
    if (!series) return undefined;
    const from = series.time.findLastIndex((time) => time <= after) + 1;
    return {
      id,
      location: series.location,
      minScore: this.minScore,
      time: series.time.slice(from),
      speed: series.speed.slice(from),
      score: series.score.slice(from),
      anomalies: anomalies(series, this.minScore, this.#options.quietMs),
    };
  }

  /** What each threshold, ascending, would have found in the readings held here. */
  effects(thresholds: number[]): ThresholdEffect[] {
    const { quietMs } = this.#options;
    const found = thresholds.map((minScore) => ({ minScore, readings: 0, anomalies: 0 }));
    // One pass for all: two million readings would take fifty of them too long beside what goes on live.
    for (const { time, score } of this.#turbines.values()) {
      const last = thresholds.map(() => Number.NEGATIVE_INFINITY);
      for (let i = 0; i < score.length; i++) {
        for (let t = 0; t < thresholds.length && score[i]! >= thresholds[t]!; t++) {
          found[t]!.readings++;
          if (time[i]! - last[t]! >= quietMs) found[t]!.anomalies++;
          last[t] = time[i]!;
        }
      }
    }
    return found;
  }

  /** Another threshold from now on, also for the readings already here. */
  setThreshold(minScore: number): void {
    this.minScore = minScore;
    for (const series of this.#turbines.values()) {
      series.anomaly = anomalies(series, minScore, this.#options.quietMs).at(-1);
      this.#changed.add(series.id);
    }
  }
}

type Columns = Pick<Series, "time" | "speed" | "score">;

/** `open` with the reading at `i` in it, or the run that begins there where `quietMs` of event time lie between them. */
function run(open: AnomalyRun | undefined, { time, speed, score }: Columns, i: number, quietMs: number): AnomalyRun {
  const at = { from: time[i]!, to: time[i]!, peakScore: score[i]!, peakSpeed: speed[i]! };
  if (!open || at.to - open.to >= quietMs) return at;
  return {
    from: open.from,
    to: at.to,
    peakScore: Math.max(open.peakScore, at.peakScore),
    peakSpeed: Math.max(open.peakSpeed, at.peakSpeed),
  };
}

/** Runs of readings at or above the threshold. */
function anomalies(columns: Columns, minScore: number, quietMs: number): AnomalyRun[] {
  const found: AnomalyRun[] = [];
  for (let i = 0; i < columns.score.length; i++) {
    if (columns.score[i]! < minScore) continue;
    const open = found.at(-1);
    const next = run(open, columns, i, quietMs);
    if (open && next.from === open.from) found[found.length - 1] = next;
    else found.push(next);
  }
  return found;
}
