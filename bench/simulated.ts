import type { Kinesis } from "@aws-sdk/client-kinesis";
import { edge } from "../src/io/clock.ts";
import { runSimulation, type SimulationRun } from "../src/simulate/run-simulation.ts";
import { type SimulationRequest, simulationOf } from "../src/simulate/simulation.ts";

export interface Run {
  /** Readings acknowledged a second. */
  rate: number;
  resent: number;
  acknowledged: number;
  /** Seconds. */
  elapsed: number;
}

/** What `windops simulate` does, without the command around it: as fast as it goes unless the request says otherwise, for `seconds`. */
export async function simulated(
  kinesis: Kinesis,
  stream: string,
  seconds: number,
  request: Partial<SimulationRequest> = {},
  more: Partial<SimulationRun> = {},
): Promise<Run> {
  const abort = new AbortController();
  const simulation = simulationOf({ turbines: 40, seed: 1, rate: Infinity, ...request }, new Date());
  const timer = setTimeout(() => abort.abort(), seconds * 1000);
  const began = performance.now();
  const outcome = await runSimulation(simulation, {
    ...edge(abort.signal),
    kinesis,
    stream,
    signal: abort.signal,
    ...more,
  });
  clearTimeout(timer);
  const elapsed = (performance.now() - began) / 1000;
  const { acknowledged, resent } = outcome;
  return { rate: acknowledged / elapsed, resent, acknowledged, elapsed };
}
