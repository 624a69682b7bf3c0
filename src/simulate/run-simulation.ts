import type { Reading } from "../contract/reading.ts";
import { Acknowledged } from "./producer/acknowledged.ts";
import { type ProducerCounts, type ProducerOptions, produce } from "./producer/producer.ts";
import { InjectedAnomalies, type InjectedAnomaly, readingsOf, type Simulated, type Simulation } from "./simulation.ts";

export interface SimulationOutcome extends ProducerCounts {
  interrupted: boolean;
  /** Readings from the first on that are all acknowledged: where a resumed run begins. */
  done: number;
  /** Anomalies whose readings were acknowledged. */
  anomalies: InjectedAnomaly[];
  /** Event time of the last acknowledged reading. */
  until?: string;
}

export interface SimulationRun extends Omit<ProducerOptions, "rate" | "onAcknowledged"> {
  /** Number of the first reading to send. */
  from?: number;
  onProgress?(done: number, acknowledged: Reading[], counts: ProducerCounts): void;
  onLabelled?(simulated: Simulated): void;
}

/** Sends a simulation to a stream. */
export async function runSimulation(simulation: Simulation, run: SimulationRun): Promise<SimulationOutcome> {
  const sent = new Map<Reading, Simulated & { index: number }>();
  const anomalies = new InjectedAnomalies();
  const acknowledged = new Acknowledged(run.from);
  let until: string | undefined;

  function* source(): Generator<Reading, void> {
    let index = run.from ?? 0;
    for (const simulated of readingsOf(simulation, index)) {
      sent.set(simulated.reading, { ...simulated, index: index++ });
      yield simulated.reading;
    }
  }

  const result = await produce(source(), {
    ...run,
    rate: simulation.rate,
    onAcknowledged: (readings, counts) => {
      for (const reading of readings) {
        const known = sent.get(reading)!;
        sent.delete(reading);
        acknowledged.add(known.index);
        anomalies.add(known);
        if (known.label) run.onLabelled?.(known);
        if (until === undefined || reading.timestamp > until) until = reading.timestamp;
      }
      run.onProgress?.(acknowledged.done, readings, counts);
    },
  });
  return { ...result, done: acknowledged.done, anomalies: anomalies.list(), ...(until && { until }) };
}
