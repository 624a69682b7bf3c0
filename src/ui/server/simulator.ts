import type { KinesisClient } from "../../aws/kinesis.ts";
import type { Edge } from "../../io/clock.ts";
import { usageError } from "../../io/errors/errors.ts";
import { runSimulation } from "../../simulate/run-simulation.ts";
import { type Simulation, simulationOf } from "../../simulate/simulation.ts";
import type { AnomalyKind } from "../../simulate/wind/anomalies.ts";
import type { DataSet, SimulatorState } from "../protocol.ts";

const TURBINES = 10;
/** The demo's: the same wind for everybody who tries it. */
const SEED = 37;
/** Found on any wind. A gust is as strong as the turbulence is then: in light wind it passes for ordinary. */
const KINDS: AnomalyKind[] = ["spike", "storm"];
const LATEST = 12;
/** A pause that is skipped in the wind; after a longer one the wind begins anew. */
const LONGEST_PAUSE_MS = 3_600_000;

export interface SimulatorOptions {
  stream: string;
  kinesis: () => Promise<Pick<KinesisClient, "send">>;
  edge: Edge;
  signal: AbortSignal;
  /** Wall clock, milliseconds since 1970. */
  wallClock(): number;
}

/**
 * Sends the tutorial's two data sets. Both are one wind: the anomalies go on where the ordinary wind was and it goes on
 * behind them, so that nothing but what was injected looks odd.
 */
export class Simulator {
  readonly #options: SimulatorOptions;
  #stream: string;
  #wind = false;
  #anomalies = false;
  #before = { acknowledged: 0, resent: 0 };
  #now = { acknowledged: 0, resent: 0 };
  #latest: string[] = [];
  #error: string | undefined;
  /** Event time of the wind's first reading, and how many readings of it the stream has. */
  #start: number | undefined;
  #done = 0;
  #disturbed = new Set<number>();
  #abort: AbortController | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#stream = options.stream;
  }

  state(): SimulatorState {
    const acknowledged = this.#before.acknowledged + this.#now.acknowledged;
    const resent = this.#before.resent + this.#now.resent;
    return {
      stream: this.#stream,
      running: { wind: this.#wind, anomalies: this.#anomalies },
      sent: acknowledged + resent,
      acknowledged,
      resent,
      latest: this.#latest,
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** Throws a `WindopsError` for a stream name that can't be one, or another than the one in use. */
  start(dataSet: DataSet, stream: string): void {
    if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(stream)) {
      throw usageError("That is no stream name.", "Up to 128 letters, digits, _, . and -.");
    }
    if (stream !== this.#stream) {
      if (this.#loop) throw usageError(`The simulator sends to ${this.#stream}.`, "Stop it first.");
      this.#stream = stream;
      this.#start = undefined;
    }
    this.#error = undefined;
    this.#wind = true;
    if (dataSet === "anomalies" && !this.#anomalies) {
      this.#anomalies = true;
      this.#abort?.abort();
    }
    this.#loop ??= this.#run().finally(() => {
      this.#loop = undefined;
    });
  }

  stop(dataSet: DataSet): void {
    if (dataSet === "wind") this.#wind = false;
    else this.#anomalies = false;
    // Without the wind under them the anomalies run to their end.
    if (dataSet === "anomalies" || !this.#anomalies) this.#abort?.abort();
  }

  /** Resolves when nothing is sent any more. */
  async close(): Promise<void> {
    this.#wind = this.#anomalies = false;
    this.#abort?.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { edge, kinesis, signal } = this.#options;
    try {
      while ((this.#wind || this.#anomalies) && !signal.aborted) {
        const withAnomalies = this.#anomalies;
        this.#abort = new AbortController();
        const outcome = await runSimulation(withAnomalies ? this.#disturbedWind() : this.#ordinaryWind(), {
          ...edge,
          kinesis: await kinesis(),
          stream: this.#stream,
          signal: AbortSignal.any([signal, this.#abort.signal]),
          from: this.#done,
          onProgress: (done, readings, { acknowledged, resent }) => {
            this.#done = Math.max(this.#done, done);
            this.#now = { acknowledged, resent };
            this.#latest = [
              ...readings
                .slice(-LATEST)
                .map((r) => JSON.stringify(r))
                .reverse(),
              ...this.#latest,
            ];
            this.#latest.length = Math.min(LATEST, this.#latest.length);
          },
        });
        this.#before.acknowledged += outcome.acknowledged;
        this.#before.resent += outcome.resent;
        this.#now = { acknowledged: 0, resent: 0 };
        if (withAnomalies) this.#anomalies = false;
      }
    } catch (error) {
      this.#error = (error as Error).message;
      this.#before.acknowledged += this.#now.acknowledged;
      this.#before.resent += this.#now.resent;
      this.#now = { acknowledged: 0, resent: 0 };
    } finally {
      this.#wind = this.#anomalies = false;
    }
  }

  /** Event time of the next reading. */
  #next(): number {
    return this.#start! + (this.#done / TURBINES) * 1000;
  }

  #begin(start: number): void {
    const now = this.#options.wallClock();
    const pause = this.#start === undefined ? Infinity : now - this.#next();
    if (pause > LONGEST_PAUSE_MS) {
      this.#start = start;
      this.#done = 0;
    } else if (pause > 1000) this.#done += Math.floor(pause / 1000) * TURBINES;
  }

  #ordinaryWind(): Simulation {
    this.#begin(this.#options.wallClock());
    return { wind: this.#windOptions(), plan: [], rate: TURBINES, readings: Infinity };
  }

  #disturbedWind(): Simulation {
    const asked = { turbines: TURBINES, anomalies: 3, kinds: KINDS, seed: SEED };
    const simulation = simulationOf(asked, new Date(this.#options.wallClock()));
    const begin = simulation.wind.start.getTime();
    this.#begin(begin);
    const later = this.#next() - begin;
    const plan = simulation.plan.map((p) => ({ ...p, start: p.start + later, turbine: this.#calmTurbine(p.turbine) }));
    return { ...simulation, wind: this.#windOptions(), plan, readings: this.#done + simulation.readings };
  }

  #windOptions(): Simulation["wind"] {
    return { turbines: TURBINES, seed: SEED, cadenceSeconds: 1, start: new Date(this.#start!) };
  }

  /** A turbine of its own: an anomaly within another's quiet time would be part of that. */
  #calmTurbine(wanted: number): number {
    if (this.#disturbed.size === TURBINES) this.#disturbed.clear();
    let turbine = wanted;
    while (this.#disturbed.has(turbine)) turbine = (turbine + 1) % TURBINES;
    this.#disturbed.add(turbine);
    return turbine;
  }
}
