/** The library: `import { plan, apply, destroy, simulate, Detector } from "windops"`; docs/library.md. */
export {
  DETECTOR_DEFAULTS,
  Detector,
  type DetectorOptions,
  type DetectorReading,
  type Scored,
} from "./detect/detector.ts";
export { WindopsError } from "./io/errors/errors.ts";
export {
  type Applied,
  apply,
  type Change,
  type Destroyed,
  destroy,
  type PipelineOptions,
  type Plan,
  type PlannedResource,
  plan,
} from "./library/pipeline.ts";
export type { PipelineSettings } from "./library/settings.ts";
export { type SimulateOptions, simulate } from "./library/simulate.ts";
export type { AnomalyKind } from "./simulate/wind/anomalies.ts";
export type { SimulatedReading } from "./simulate/wind/wind.ts";
