import { Detector, type DetectorOptions, type Scored } from "../../../../../detect/detector.ts";
import type { Reading } from "./reading.ts";

interface Turbine {
  /** Undefined as long as nothing came since the restore: then `saved` is its state. */
  detector: Detector | undefined;
  saved: Uint8Array | undefined;
  /** Epoch milliseconds of the stack's clock. */
  lastSeen: number;
  warmup: number;
}

/** A turbine's state as a checkpoint keeps it. */
export interface SavedTurbine {
  id: string;
  lastSeen: number;
  warmup: number;
  state: Uint8Array;
}

/** The detectors, one a turbine; those silent for long are forgotten. */
export class Turbines {
  expired = 0;
  #options: DetectorOptions;
  #warn: (message: string) => void;
  #turbines = new Map<string, Turbine>();
  /** Turbines that the checkpoint in hand hasn't saved yet, and where to. */
  #unsaved: { ids: Set<string>; save(turbine: SavedTurbine): void } | undefined;

  constructor(options: DetectorOptions, warn: (message: string) => void) {
    this.#options = options;
    this.#warn = warn;
  }

  restore({ id, lastSeen, warmup, state }: SavedTurbine): void {
    this.#turbines.set(id, { detector: undefined, saved: state, lastSeen, warmup });
  }

  /** Scores a reading and learns it. */
  next(reading: Reading, now: number): Scored {
    const { turbineId } = reading;
    // A checkpoint begun before this reading must not hold it.
    if (this.#unsaved?.ids.has(turbineId)) this.#saveOne(turbineId);
    let turbine = this.#turbines.get(turbineId);
    if (!turbine) {
      turbine = { detector: undefined, saved: undefined, lastSeen: now, warmup: 0 };
      this.#turbines.set(turbineId, turbine);
    }
    turbine.detector ??= this.#detector(turbineId, turbine.saved);
    turbine.saved = undefined;
    turbine.lastSeen = now;
    const scored = turbine.detector.next({
      ...Object.fromEntries(reading.more),
      speed: reading.speed,
      timestampMs: Date.parse(reading.timestamp),
    });
    turbine.warmup = scored.warmup;
    return scored;
  }

  #detector(id: string, saved: Uint8Array | undefined): Detector {
    if (!saved) return new Detector(this.#options);
    let detector: Detector;
    try {
      detector = Detector.restore(saved);
    } catch (error) {
      // Saved by another version of the detector.
      this.#warn(`${(error as Error).message}: ${id} warms up anew`);
      return new Detector(this.#options);
    }
    const same = Object.entries(this.#options).every(
      ([name, value]) => JSON.stringify(detector.options[name as keyof DetectorOptions]) === JSON.stringify(value),
    );
    if (same) return detector;
    this.#warn(`the detector's parameters have changed: ${id} warms up anew`);
    return new Detector(this.#options);
  }

  /** Forgets turbines that were last heard of before `time`. */
  expire(time: number): void {
    for (const [id, { lastSeen }] of this.#turbines) {
      if (lastSeen >= time) continue;
      this.#turbines.delete(id);
      this.#unsaved?.ids.delete(id);
      this.expired++;
    }
  }

  warmUp(): Record<string, number> {
    return Object.fromEntries([...this.#turbines].map(([id, { warmup }]) => [id, warmup]));
  }

  /**
   * Saves every turbine as it is now, a few at a time: readings go on meanwhile, and a turbine that gets one is saved
   * just before. `turn` ends a turn of the event loop. Resolves when all are saved.
   */
  async save(save: (turbine: SavedTurbine) => void, turn: () => Promise<unknown>): Promise<void> {
    const unsaved = { ids: new Set(this.#turbines.keys()), save };
    this.#unsaved = unsaved;
    for (const id of unsaved.ids) {
      this.#saveOne(id);
      await turn();
    }
    this.#unsaved = undefined;
  }

  #saveOne(id: string): void {
    const turbine = this.#turbines.get(id);
    this.#unsaved?.ids.delete(id);
    if (!turbine) return;
    const state = turbine.saved ?? turbine.detector!.save();
    this.#unsaved?.save({ id, lastSeen: turbine.lastSeen, warmup: turbine.warmup, state });
  }
}
