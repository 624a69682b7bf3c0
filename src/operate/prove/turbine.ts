import type { Reading } from "../../contract/reading.ts";
import { wind } from "../../simulate/wind/wind.ts";

/** Where a proof's turbine says that it stands: in its notification people see that it's nothing to act on. */
export const PROOF_LOCATION = "windops prove";
/** Ordinary readings first: a forest that knows nothing gives no score. */
const WARM_UP = 192;
/** m/s */
const SPIKE = 60;

/** Ordinary wind at a reading a second up to `now` (epoch milliseconds), and one spike at its end. */
export function proofReadings(turbineId: string, now: number): Reading[] {
  const readings: Reading[] = [];
  const start = new Date(now - WARM_UP * 1000);
  for (const { speed, timestamp } of wind({ turbines: 1, seed: 1, cadenceSeconds: 1, start })) {
    const last = readings.length === WARM_UP;
    readings.push({ turbineId, location: PROOF_LOCATION, speed: last ? SPIKE : speed, timestamp });
    if (last) break;
  }
  return readings;
}
