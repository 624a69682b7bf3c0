import { usageError } from "./errors/errors.ts";
import { parseDuration } from "./text.ts";

/** Option parsers for `OptionSpec.parse`; each names the flag in its error. */
export const number =
  (flag: string, bounds: { min?: number; max?: number; integer?: boolean } = {}) =>
  (text: string): number => {
    const value = Number(text);
    const { min = -Infinity, max = Infinity, integer = false } = bounds;
    if (
      text.trim() === "" ||
      !Number.isFinite(value) ||
      value < min ||
      value > max ||
      (integer && !Number.isInteger(value))
    ) {
      const range = `${min > -Infinity ? ` ≥ ${min}` : ""}${max < Infinity ? ` ≤ ${max}` : ""}`;
      throw usageError(`${flag} takes ${integer ? "a whole number" : "a number"}${range}, not "${text}"`);
    }
    return value;
  };

export const milliseconds =
  (flag: string) =>
  (text: string): number => {
    const value = parseDuration(text);
    if (value === undefined) throw usageError(`${flag} takes a duration such as 30s, 15m or 2h, not "${text}"`);
    return value;
  };

/** ISO 8601 instant, `now`, or a duration back from now ("15m") → Date. */
export const instant =
  (flag: string, now: () => Date = () => new Date()) =>
  (text: string): Date => {
    if (text === "now") return now();
    const back = parseDuration(text);
    if (back !== undefined && /[a-z]$/.test(text)) return new Date(now().getTime() - back);
    const date = new Date(text);
    if (Number.isNaN(date.getTime()))
      throw usageError(`${flag} takes a time such as 2026-11-23T10:00:00Z or 15m (ago), not "${text}"`);
    return date;
  };

/** "100", "100/s", "6000/m" or "max" → a second; Infinity for max. */
export const rate =
  (flag: string) =>
  (text: string): number => {
    if (text === "max") return Infinity;
    const match = /^(\d+(?:\.\d+)?)(?:\/(s|m|h))?$/.exec(text);
    const value = match ? Number(match[1]) / { s: 1, m: 60, h: 3600 }[match[2] ?? "s"]! : 0;
    if (!(value > 0)) throw usageError(`${flag} takes a rate such as 100/s, or max, not "${text}"`);
    return value;
  };
