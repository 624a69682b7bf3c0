import { Quarantine } from "./quarantine.ts";
import { Tail } from "./tail.ts";

/** Nearly the same for any input, since features and forest scores have no unit; a little heavier than an exponential tail. */
const TAIL = { share: 0.02, quantile: 2, excess: [1.109, 2.218], guess: [600, 200], shape: 0.05, ratio: 2.6 } as const;
/** Anomalies of which one in so many readings goes unlearnt. */
const APART = 500;
/** Nats from the quantile to an anomaly: for an exponential tail, 0.02 e^-11.2 is 3 in ten million. */
const DEPTH = 11.2;
/** A young tail's depth is larger by this many readings over the readings seen. */
const UNSURE = 8;
/** At a coarse cadence, so many readings more. */
const UNSURE_COARSE = 250;
/** Nats that the depth is less by while a detector is young and its cadence coarse. */
const RELIEF = 9.5;
/** Readings until which relief is whole, and from which there is none. */
const YOUNG = 512;
const MATURE = 2048;
/** Seconds between readings above which relief begins, and from which it is whole. */
const FINE = 300;
const COARSE = 600;
const ANOMALY = 2;

/**
 * From a turbine's raw forest scores to a score with one meaning: 1 is the edge of ordinary, 2 an anomaly. How improbable the
 * odds of the raw score are under the tail of this turbine's own odds.
 */
export class Calibration {
  readonly #tail = new Tail(TAIL);
  readonly #quarantine = new Quarantine(APART);

  /**
   * Calibrated score of a raw score, then learns it; monotone in `raw` at any moment. `largest` is what the forest can give
   * at most, `seen` the readings so far, `interval` their usual distance in seconds.
   */
  next(raw: number, largest: number, seen: number, interval: number): number {
    const odds = raw / (1 - Math.min(raw / largest, 0.99));
    const { quantile } = this.#tail;
    const score = odds <= quantile ? odds / quantile : 1 + this.#tail.beyond(odds) / depth(seen, interval);
    if (this.#quarantine.admits(score >= ANOMALY, score > 1)) this.#tail.learn(odds);
    return score;
  }

  save(): number[] {
    return [...this.#tail.save(), ...this.#quarantine.save()];
  }

  static readonly stateSize = Tail.stateSize + Quarantine.stateSize;

  static restore(state: readonly number[]): Calibration {
    const calibration = new Calibration();
    calibration.#tail.load(state);
    calibration.#quarantine.load(state.slice(Tail.stateSize));
    return calibration;
  }
}

/** Nats above the quantile that make an anomaly. */
function depth(seen: number, interval: number): number {
  const coarse = Math.log(Math.max(1, Math.min(COARSE, interval) / FINE)) / Math.log(COARSE / FINE);
  const young = Math.max(0, Math.min(1, (MATURE - seen) / (MATURE - YOUNG)));
  return (DEPTH - RELIEF * coarse * young) * (1 + (UNSURE + UNSURE_COARSE * coarse) / seen);
}
