import type { Reading } from "../contract/reading.ts";
import { usageError } from "../io/errors/errors.ts";
import { type AnomalyKind, type AnomalyPlan, planAnomalies } from "./wind/anomalies.ts";
import { type SimulatedReading, type WindOptions, wind } from "./wind/wind.ts";

/** What the user asks of a simulation; what is left out follows from the rest. */
export interface SimulationRequest {
  turbines?: number;
  /** Readings a second of wall time; Infinity is as fast as it goes. */
  rate?: number;
  /** Milliseconds of wall time; with neither this nor anomalies it has no end. */
  duration?: number;
  /** Seconds of event time between a turbine's readings. */
  cadence?: number;
  anomalies?: number;
  kinds?: AnomalyKind[];
  seed: number;
  /** Event time of the first reading. */
  start?: Date;
}

/** A simulation with everything decided: the same one gives the same readings. */
export interface Simulation {
  wind: WindOptions;
  plan: AnomalyPlan;
  rate: number;
  /** Readings in all; Infinity has no end. */
  readings: number;
}

/** One planned anomaly as it came about. */
export interface InjectedAnomaly {
  id: number;
  kind: AnomalyKind;
  turbineId: string;
  location: string;
  /** Event time of the first and last reading that it changed. */
  start: string;
  end: string;
  readings: number;
}

const TURBINES = 10;
/** Seconds of event time before the first anomaly: the forest needs 32 readings, and some more for a calm judgement. */
const WARM_UP_READINGS = 120;
/** Anomalies without a word on time: event time runs this fast, so that nobody waits for minutes. */
const FAST_RATE = 500;

/**
 * Decides what was left open. Live (a reading's event time is when it's sent) unless a cadence is given, the rate is
 * `max`, or anomalies are asked for without saying anything on time: event time then runs faster than the clock and ends
 * about now.
 */
export function simulationOf(request: SimulationRequest, now: Date): Simulation {
  const { turbines = TURBINES, anomalies = 0, kinds, seed } = request;
  const quick = anomalies > 0 && request.rate === undefined && request.duration === undefined;
  const rate = request.rate ?? (quick ? Math.min(1000, FAST_RATE) : turbines);
  const cadence = request.cadence ?? (quick || rate === Infinity ? 1 : turbines / rate);
  const perSecond = rate === Infinity ? 1 / cadence : rate / turbines;
  const ticks =
    request.duration !== undefined
      ? Math.max(1, Math.round((perSecond * request.duration) / 1000))
      : anomalies > 0
        ? WARM_UP_READINGS + ticksFor(request, turbines, cadence)
        : Infinity;
  const span = ticks * cadence * 1000;
  const live = Math.abs(cadence * rate - turbines) < 1e-9;
  const start = request.start ?? new Date(now.getTime() - (live || span === Infinity ? 0 : span));
  const options = { turbines, seed, cadenceSeconds: cadence, start };
  let plan: AnomalyPlan = [];
  if (anomalies > 0) {
    // Where the time given is short, anomalies begin earlier: the forest may be warm from before.
    const before = Math.min(WARM_UP_READINGS, Math.floor(ticks / 2));
    try {
      plan = planAnomalies({
        count: anomalies,
        ...(kinds && { kinds }),
        seed,
        turbines,
        from: new Date(start.getTime() + before * cadence * 1000),
        to: new Date(start.getTime() + span),
        cadenceSeconds: cadence,
      });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw usageError(
        `${error.message} (after ${Math.round(before * cadence)} s of warm-up).`,
        "Give a longer --duration, more --turbines, fewer --anomalies, or leave --duration out.",
      );
    }
  }
  return { wind: options, plan, rate, readings: ticks * turbines };
}

/** Ticks that so many anomalies need: found by asking for ever longer spans. */
function ticksFor({ anomalies = 0, kinds, seed }: SimulationRequest, turbines: number, cadence: number): number {
  for (let ticks = 240; ; ticks = Math.ceil(ticks * 1.5)) {
    try {
      const to = new Date(ticks * cadence * 1000);
      const from = new Date(0);
      planAnomalies({ count: anomalies, ...(kinds && { kinds }), seed, turbines, from, to, cadenceSeconds: cadence });
      return ticks;
    } catch (error) {
      if (!(error instanceof RangeError) || ticks > 1e8) throw error;
    }
  }
}

/** A reading of a simulation with what is known of it besides; that doesn't travel along. */
export interface Simulated {
  reading: Reading;
  label: SimulatedReading["label"];
}

/** Readings of a simulation from number `from` on. */
export function* readingsOf(simulation: Simulation, from = 0): Generator<Simulated, void> {
  let index = 0;
  for (const { label, ...reading } of wind(simulation.wind, simulation.plan)) {
    if (index >= simulation.readings) return;
    if (index++ >= from) yield { reading, label };
  }
}

/** Collects labelled readings into anomalies. */
export class InjectedAnomalies {
  readonly #found = new Map<number, InjectedAnomaly>();

  add({ reading: { turbineId, location, timestamp }, label }: Simulated): void {
    if (!label) return;
    const { kind, id } = label;
    const known = this.#found.get(id);
    if (known) {
      known.end = timestamp;
      known.readings++;
    } else this.#found.set(id, { id, kind, turbineId, location, start: timestamp, end: timestamp, readings: 1 });
  }

  list(): InjectedAnomaly[] {
    return [...this.#found.values()].sort((a, b) => a.id - b.id);
  }
}

/** The anomalies of a simulation that has an end, as its readings show them. */
export function injectedBy(simulation: Simulation): InjectedAnomaly[] {
  const injected = new InjectedAnomalies();
  for (const simulated of readingsOf(simulation)) injected.add(simulated);
  return injected.list();
}
