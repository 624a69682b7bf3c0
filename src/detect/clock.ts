/** Readings over which the usual interval is averaged. */
const MEMORY = 64;
/** A gap counts as at most this many usual intervals. */
const LARGEST_GAP = 4;
/** Seconds between readings where no time is given. */
const UNKNOWN = 60;

/** The usual time between a turbine's readings, and how the newest compares with it. */
export class Clock {
  #last = Number.NaN;
  #interval = Number.NaN;
  #count = 0;

  /** Seconds; a guess until two times are known. */
  get interval(): number {
    return this.#count === 0 ? UNKNOWN : this.#interval;
  }

  /** Epoch milliseconds of the newest reading; NaN before the first. */
  get last(): number {
    return this.#last;
  }

  /** Takes the next time (epoch ms, NaN if unknown) and returns the usual intervals since the last one; 1 where that means nothing. */
  next(timestampMs: number): number {
    const seconds = (timestampMs - this.#last) / 1000;
    if (Number.isFinite(timestampMs) && !(timestampMs <= this.#last)) this.#last = timestampMs;
    if (!(seconds > 0)) return 1;
    const steps = this.#count === 0 ? 1 : seconds / this.#interval;
    const learnt = this.#count === 0 ? seconds : Math.min(seconds, LARGEST_GAP * this.#interval);
    this.#count++;
    const before = this.#count === 1 ? seconds : this.#interval;
    this.#interval = before + (learnt - before) / Math.min(this.#count, MEMORY);
    return steps;
  }

  save(): number[] {
    return [this.#last, this.#interval, this.#count];
  }

  static readonly stateSize = 3;

  static restore(state: readonly number[]): Clock {
    const clock = new Clock();
    const [last, interval, count] = state;
    clock.#last = last!;
    clock.#interval = interval!;
    clock.#count = count!;
    return clock;
  }
}
