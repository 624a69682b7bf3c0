import { readingsOf, simulationOf } from "../simulate/simulation.ts";
import type { AnomalyKind } from "../simulate/wind/anomalies.ts";
import type { SimulatedReading } from "../simulate/wind/wind.ts";

export interface SimulateOptions {
  /** Turbines of the farm (10). */
  turbines?: number;
  /** The same seed gives the same wind (1). */
  seed?: number;
  /** Seconds of event time between a turbine's readings (1). */
  cadenceSeconds?: number;
  /** Seconds of event time in all; without it as long as the anomalies need, and endless without those. */
  seconds?: number;
  /** Labelled anomalies to inject (0). */
  anomalies?: number;
  /** Kinds of anomalies, in turn (gust, storm, spike). */
  kinds?: AnomalyKind[];
  /** Event time of the first reading (now). */
  start?: Date;
}

/**
 * Wind as the turbines of a farm measure it, in order of time and then of turbine; a reading that an injected anomaly changed
 * has a `label`. Nothing waits: pace it yourself. Throws a `WindopsError` E_USAGE where the anomalies don't fit the time.
 */
export function* simulate(options: SimulateOptions = {}): Generator<SimulatedReading, void> {
  const { seed = 1, cadenceSeconds: cadence = 1, seconds, start = new Date(), ...rest } = options;
  const duration = seconds === undefined ? undefined : seconds * 1000;
  const request = { ...rest, seed, cadence, start, rate: Infinity, ...(duration !== undefined && { duration }) };
  for (const { reading, label } of readingsOf(simulationOf(request, start))) {
    const { turbineId, location, speed, timestamp } = reading;
    yield { turbineId, location, speed, timestamp, ...(label && { label }) };
  }
}
