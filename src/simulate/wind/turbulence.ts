import { type Random, random } from "./random.ts";
import { relax } from "./weather.ts";

export type TurbulenceClass = "A" | "B" | "C";

/** Reference turbulence intensity at 15 m/s, IEC 61400-1 ed. 3, table 1. */
const REFERENCE_INTENSITY: Record<TurbulenceClass, number> = { A: 0.16, B: 0.14, C: 0.12 };
/** Longitudinal scale 8.1 · 42 m (IEC 61400-1, hub heights above 60 m). */
const LENGTH_SCALE = 8.1 * 42;
/** Small eddies: this share of the variance at a sixth of the time, which bends the spectrum towards Kaimal's. */
const SMALL_EDDIES = 0.25;
/** Below this mean (m/s) the eddies' passing time L / U would grow without end. */
const SLOWEST_PASSAGE = 2;

/** Standard deviation (m/s) of the wind at `mean` m/s: the normal turbulence model, sigma1 = Iref (0.75 V + 5.6). */
export function turbulence(mean: number, turbulenceClass: TurbulenceClass): number {
  // The standard's line ends at cut-in; towards a calm the deviation has to vanish with the wind.
  const calm = Math.min(1, mean / 3);
  return REFERENCE_INTENSITY[turbulenceClass] * (0.75 * mean + 5.6) * calm;
}

/** Gusts of one turbine: two mean-reverting processes, averaged over the time between readings as a SCADA system does. */
export class Turbulence {
  private readonly random: Random;
  private large: number;
  private small: number;
  private readonly turbulenceClass: TurbulenceClass;
  private readonly cadenceSeconds: number;

  constructor(seed: number, turbine: number, turbulenceClass: TurbulenceClass, cadenceSeconds: number) {
    this.random = random(seed, turbine);
    this.turbulenceClass = turbulenceClass;
    this.cadenceSeconds = cadenceSeconds;
    this.large = this.random.normal();
    this.small = this.random.normal();
  }

  /** The next deviation from the mean wind, m/s. */
  next(mean: number): number {
    const time = LENGTH_SCALE / Math.max(mean, SLOWEST_PASSAGE);
    const large = this.cadenceSeconds / time;
    const small = large * 6;
    this.large = relax(this.large, large, this.random);
    this.small = relax(this.small, small, this.random);
    const unit =
      Math.sqrt(1 - SMALL_EDDIES) * averaged(large) * this.large +
      Math.sqrt(SMALL_EDDIES) * averaged(small) * this.small;
    return turbulence(mean, this.turbulenceClass) * unit;
  }
}

/** What averaging over `share` correlation times leaves of the standard deviation of a mean-reverting process. */
function averaged(share: number): number {
  if (share < 1e-3) return 1;
  return Math.sqrt((2 / share) * (1 - (1 - Math.exp(-share)) / share));
}
