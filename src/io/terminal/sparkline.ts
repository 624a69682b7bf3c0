const BARS = "▁▂▃▄▅▆▇█";

/**
 * The last `width` values as bars a column each, oldest first: `min` is the lowest bar, `max` the highest (the values' own
 * largest where that is more); what isn't known is a blank.
 */
export function sparkline(values: readonly number[], width: number, { min = 0, max = 0 } = {}): string {
  const shown = width > 0 ? values.slice(-width) : [];
  const known = shown.filter(Number.isFinite);
  const top = Math.max(max, ...known);
  const height = top > min ? (BARS.length - 1) / (top - min) : 0;
  return shown.map((v) => (Number.isFinite(v) ? BARS[Math.max(0, Math.round((v - min) * height))]! : " ")).join("");
}

/** The last speeds and scores of each turbine; of at most `turbines` of them, those heard last. */
export class RecentReadings {
  readonly #turbines = new Map<string, { speeds: number[]; scores: number[] }>();
  readonly #size: { readings: number; turbines: number };

  constructor(size: { readings: number; turbines: number }) {
    this.#size = size;
  }

  /** Takes a reading in; returns the turbine's last ones, this one at their end. */
  add(turbine: string, speed: number, score: number): { speeds: readonly number[]; scores: readonly number[] } {
    const recent = this.#turbines.get(turbine) ?? { speeds: [], scores: [] };
    this.#turbines.delete(turbine);
    this.#turbines.set(turbine, recent);
    if (this.#turbines.size > this.#size.turbines) this.#turbines.delete(this.#turbines.keys().next().value!);
    recent.speeds.push(speed);
    recent.scores.push(score);
    if (recent.speeds.length > this.#size.readings) {
      recent.speeds.shift();
      recent.scores.shift();
    }
    return recent;
  }
}
