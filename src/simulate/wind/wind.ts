import { type AnomalyKind, type AnomalyPlan, anomalySeconds, disturb, type PlannedAnomaly } from "./anomalies.ts";
import { random } from "./random.ts";
import { Turbulence, type TurbulenceClass, turbulence } from "./turbulence.ts";
import { Weather } from "./weather.ts";

export interface WindOptions {
  turbines: number;
  seed: number;
  cadenceSeconds: number;
  start: Date;
  /** Long-term mean of the site, m/s; default 8.5, the IEC's class II. */
  meanSpeed?: number;
  /** IEC 61400-1 turbulence class; default B. */
  turbulenceClass?: TurbulenceClass;
  /** Step of the anemometer's digits, m/s; default 0.01; 0 leaves them as computed. */
  quantum?: number;
  /** Sites; the turbines are dealt out to them in turn. */
  locations?: readonly string[];
  /** Amplitude of the daily cycle as a share of the mean; default 0.1. */
  dailyCycle?: number;
  /** Weather fronts a day and site; default 1. */
  frontsPerDay?: number;
}

export interface SimulatedReading {
  turbineId: string;
  location: string;
  /** m/s */
  speed: number;
  /** ISO 8601, UTC */
  timestamp: string;
  /** Only on a reading that a planned anomaly has changed. */
  label?: { kind: AnomalyKind; id: number };
}

const DEFAULT_LOCATIONS: readonly string[] = ["Oak Ridge", "Cedar Point", "Gull Bay"];
/** Seconds that a front needs to cross the farm, at most. */
const FARM_CROSSING = 8 * 60;

interface Turbine {
  turbineId: string;
  location: string;
  weather: Weather;
  gusts: Turbulence;
  exposure: number;
  lagSeconds: number;
  /** The last speed without an anomaly, m/s. */
  held: number;
  anomalies: PlannedAnomaly[];
}

/**
 * Wind as the turbines of a farm measure it: endless, in order of time and then of turbine, the same for the same options.
 * The mean follows the weather of each site (Rayleigh with a daily cycle and fronts), gusts the IEC's normal turbulence.
 */
export function* wind(options: WindOptions, anomalies: AnomalyPlan = []): Generator<SimulatedReading, never> {
  const { cadenceSeconds, turbulenceClass = "B", quantum = 0.01 } = options;
  const start = options.start.getTime();
  const { weathers, turbines } = farm(options, anomalies);
  // Dividing by a whole number gives the shortest decimals (12.3, not 12.300000000000001).
  const perUnit = quantum > 0 ? 1 / quantum : 0;
  for (let tick = 0; ; tick++) {
    const time = start + Math.round(tick * cadenceSeconds * 1000);
    const timestamp = new Date(time).toISOString();
    for (const weather of weathers) weather.advance(time / 1000);
    for (const turbine of turbines) {
      const { turbineId, location } = turbine;
      const mean = turbine.weather.speed(time / 1000, turbine.lagSeconds) * turbine.exposure;
      const clean = Math.max(0, mean + turbine.gusts.next(mean));
      const anomaly = underWay(turbine, time, cadenceSeconds);
      if (!anomaly) {
        turbine.held = clean;
        yield { turbineId, location, speed: digits(clean, perUnit), timestamp };
        continue;
      }
      const undisturbed = { speed: clean, deviation: turbulence(mean, turbulenceClass), held: turbine.held };
      const speed = disturb(anomaly, (time - anomaly.start) / 1000, cadenceSeconds, undisturbed);
      const label = { kind: anomaly.kind, id: anomaly.id };
      yield { turbineId, location, speed: digits(Math.max(0, speed), perUnit), timestamp, label };
    }
  }
}

function farm(options: WindOptions, anomalies: AnomalyPlan): { weathers: Weather[]; turbines: Turbine[] } {
  const { seed, cadenceSeconds, meanSpeed = 8.5, dailyCycle = 0.1, frontsPerDay = 1, turbulenceClass = "B" } = options;
  const locations = options.locations?.length ? options.locations : DEFAULT_LOCATIONS;
  const sites = Math.min(locations.length, options.turbines);
  const begin = options.start.getTime() / 1000;
  const weathers = Array.from(
    { length: sites },
    (_, site) => new Weather({ seed, site, meanSpeed, dailyCycle, frontsPerDay, cadenceSeconds }, begin),
  );
  const turbines = Array.from({ length: options.turbines }, (_, index): Turbine => {
    const place = random(seed, 3_000_000 + index);
    const location = locations[index % sites]!;
    const weather = weathers[index % sites]!;
    const exposure = 0.93 + 0.14 * place.uniform();
    const lagSeconds = FARM_CROSSING * place.uniform();
    return {
      turbineId: `${slug(location)}-${String(Math.floor(index / sites) + 1).padStart(2, "0")}`,
      location,
      weather,
      gusts: new Turbulence(seed, index, turbulenceClass, cadenceSeconds),
      exposure,
      lagSeconds,
      held: weather.speed(begin, lagSeconds) * exposure,
      anomalies: anomalies.filter((one) => one.turbine === index).sort((one, other) => one.start - other.start),
    };
  });
  return { weathers, turbines };
}

/** "Oak Ridge" → "oak-ridge" */
function slug(location: string): string {
  return location
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

function digits(speed: number, perUnit: number): number {
  return perUnit > 0 ? Math.round(speed * perUnit) / perUnit : speed;
}

/** The anomaly that changes the reading at `time`, if any; drops those that are over. */
function underWay(turbine: Turbine, time: number, cadenceSeconds: number): PlannedAnomaly | undefined {
  const { anomalies } = turbine;
  while (anomalies.length > 0) {
    const first = anomalies[0]!;
    const elapsed = (time - first.start) / 1000;
    if (elapsed < 0) return undefined;
    if (elapsed < anomalySeconds(first.kind, cadenceSeconds)) return first;
    anomalies.shift();
  }
  return undefined;
}
