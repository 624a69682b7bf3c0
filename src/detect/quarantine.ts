/** Values after an anomalous one that aren't learnt either: what follows an anomaly belongs to it. */
const HOLD = 16;
/** Values that one anomaly keeps unlearnt at most. */
const LONGEST = 256;
/** Anomalies in a row that may go unlearnt. */
const PATIENCE = 4;

/**
 * What is anomalous isn't learnt, or each anomaly would hide the next. But what keeps coming back is how things are now: only
 * one anomaly in `apart` values, on the long run, goes unlearnt. Four numbers of state.
 */
export class Quarantine {
  #since = HOLD;
  #patience = PATIENCE;
  #ignoring = false;
  #ignored = 0;
  readonly #apart: number;

  constructor(apart: number) {
    this.#apart = apart;
  }

  /** Takes the next value's verdict; says whether the value is to be learnt. An anomaly lasts as long as values are unusual. */
  admits(anomalous: boolean, unusual = anomalous): boolean {
    this.#patience = Math.min(PATIENCE, this.#patience + 1 / this.#apart);
    if (anomalous) {
      if (this.#since >= HOLD) {
        this.#ignoring = this.#patience >= 1;
        if (this.#ignoring) this.#patience--;
        this.#ignored = 0;
      }
      this.#since = 0;
    } else if (unusual && this.#ignoring && this.#since < HOLD && this.#ignored < LONGEST) this.#since = 0;
    const admitted = !this.#ignoring || this.#since >= HOLD;
    if (!admitted) this.#ignored++;
    this.#since++;
    return admitted;
  }

  save(): number[] {
    return [this.#since, this.#patience, this.#ignoring ? 1 : 0, this.#ignored];
  }

  static readonly stateSize = 4;

  /** Puts back what save gave. */
  load(state: readonly number[]): void {
    const [since, patience, ignoring, ignored] = state;
    this.#since = since!;
    this.#patience = patience!;
    this.#ignoring = ignoring === 1;
    this.#ignored = ignored!;
  }
}
