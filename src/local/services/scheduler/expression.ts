import { fromWallTime, nextCron, parseCron, wallTime } from "./cron.ts";

/** When a schedule fires: the first time strictly after `after`, or undefined if there is none any more. */
export interface Timing {
  next(after: number): number | undefined;
  /** `at(…)`: fires once. */
  once: boolean;
}

const UNITS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * `rate(5 minutes)` (from `start` on, which counts as a time to fire), `cron(…)` and `at(2026-11-23T10:00:00)` in a
 * time zone. Throws `SyntaxError` for what isn't one of them, `RangeError` for an unknown zone.
 */
export function parseExpression(expression: string, timeZone: string, start: number): Timing {
  wallTime(start, timeZone);
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (rate) {
    const period = Number(rate[1]) * UNITS[rate[2]!]!;
    if (!(period > 0)) throw new SyntaxError("a rate must be positive");
    return {
      once: false,
      next: (after) => (after < start ? start : start + (Math.floor((after - start) / period) + 1) * period),
    };
  }
  const cron = /^cron\((.*)\)$/.exec(expression);
  if (cron) {
    const fields = parseCron(cron[1]!);
    return { once: false, next: (after) => nextCron(fields, Math.max(after, start - 1), timeZone) };
  }
  const at = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(expression);
  const wall = at ? Date.parse(`${at[1]}Z`) : Number.NaN;
  if (Number.isNaN(wall)) throw new SyntaxError("not a rate, cron or at expression");
  const time = fromWallTime(wall, timeZone);
  return { once: true, next: (after) => (time !== undefined && time > after ? time : undefined) };
}
