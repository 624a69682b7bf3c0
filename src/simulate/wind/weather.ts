import { type Random, random } from "./random.ts";

const HOUR = 3600;
/** Correlation time of the large-scale wind vector, s: weather systems take days to pass (van der Hoven's spectrum). */
const SYNOPTIC_TIME = 12 * HOUR;
/** Correlation time (s) and relative size of what moves between weather and turbulence (cells, rolls). */
const MESOSCALE_TIME = 0.4 * HOUR;
const MESOSCALE_INTENSITY = 0.05;

export interface WeatherOptions {
  seed: number;
  site: number;
  meanSpeed: number;
  /** Amplitude of the daily cycle as a share of the mean, highest at 15:00 UTC. */
  dailyCycle: number;
  frontsPerDay: number;
  cadenceSeconds: number;
}

interface Front {
  onset: number;
  riseSeconds: number;
  fadeSeconds: number;
  change: number;
}

/** The mean wind of one site, without turbulence: what all its turbines share. */
export class Weather {
  private readonly random: Random;
  private readonly options: WeatherOptions;
  private readonly componentDeviation: number;
  private east: number;
  private north: number;
  private cell: number;
  private fronts: Front[] = [];
  private nextFront: number;

  constructor(options: WeatherOptions, startSeconds: number) {
    this.options = options;
    this.random = random(options.seed, 1_000_000 + options.site);
    // The length of a vector with two normal components is Rayleigh: the Weibull law of shape 2 that IEC 61400-1 assumes
    // for a site, with mean = deviation · sqrt(pi / 2).
    this.componentDeviation = options.meanSpeed / Math.sqrt(Math.PI / 2);
    this.east = this.random.normal();
    this.north = this.random.normal();
    this.cell = this.random.normal();
    this.nextFront = startSeconds + this.waitForFront();
  }

  /** Moves on to `seconds` (epoch); called once a tick. */
  advance(seconds: number): void {
    const step = this.options.cadenceSeconds;
    this.east = relax(this.east, step / SYNOPTIC_TIME, this.random);
    this.north = relax(this.north, step / SYNOPTIC_TIME, this.random);
    this.cell = relax(this.cell, step / MESOSCALE_TIME, this.random);
    while (this.nextFront <= seconds) {
      this.fronts.push(this.front(this.nextFront));
      this.nextFront += this.waitForFront();
    }
    const spent = (front: Front) => seconds - front.onset > 5 * front.fadeSeconds + front.riseSeconds + HOUR;
    if (this.fronts.length > 0 && spent(this.fronts[0]!)) this.fronts.shift();
  }

  /** Mean wind (m/s) at `seconds` where the fronts arrive `lagSeconds` late. */
  speed(seconds: number, lagSeconds: number): number {
    const hours = (seconds / HOUR) % 24;
    const daily = 1 + this.options.dailyCycle * Math.cos((2 * Math.PI * (hours - 15)) / 24);
    const calm = this.componentDeviation * Math.sqrt(this.east * this.east + this.north * this.north);
    let speed = calm * daily * (1 + MESOSCALE_INTENSITY * this.cell);
    for (const front of this.fronts) speed += passage(front, seconds - front.onset - lagSeconds);
    return Math.max(0, speed);
  }

  private waitForFront(): number {
    const rate = this.options.frontsPerDay;
    return rate > 0 ? (this.random.exponential() * 24 * HOUR) / rate : Number.POSITIVE_INFINITY;
  }

  private front(onset: number): Front {
    const { uniform } = this.random;
    const size = this.options.meanSpeed * (0.2 + 0.3 * uniform());
    return {
      onset,
      riseSeconds: (15 + 30 * uniform()) * 60,
      fadeSeconds: (1 + 3 * uniform()) * HOUR,
      change: uniform() < 0.7 ? size : -size,
    };
  }
}

function passage(front: Front, elapsed: number): number {
  if (elapsed <= 0) return 0;
  if (elapsed < front.riseSeconds) return (front.change * (1 - Math.cos((Math.PI * elapsed) / front.riseSeconds))) / 2;
  return front.change * Math.exp(-(elapsed - front.riseSeconds) / front.fadeSeconds);
}

/** One exact step of a mean-reverting (Ornstein-Uhlenbeck) process of unit variance; `share` is step / correlation time. */
export function relax(value: number, share: number, source: Random): number {
  const kept = Math.exp(-share);
  return value * kept + Math.sqrt(1 - kept * kept) * source.normal();
}
