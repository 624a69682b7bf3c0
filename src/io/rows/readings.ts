import type { Reading } from "../../contract/reading.ts";
import { usageError } from "../errors/errors.ts";
import { column, type RowBatch } from "./rows.ts";

/** Which columns of a file make a reading. */
export interface ReplayColumns {
  time: string;
  speed: string;
  turbine: string;
  /** A column, or the text itself where the file has no such column; the turbine's name where nothing is said. */
  location?: string;
  /** Numeric columns that travel along; "all" for every one. */
  more?: readonly string[] | "all";
}

export interface ReplayCounts {
  rows: number;
  readings: number;
  /** Rows without a speed: the turbine measured nothing. */
  withoutSpeed: number;
  /** Rows whose time, turbine or speed can't be read, and where the first of them is. */
  unreadable: number;
  firstUnreadable?: string;
}

/** A reading in the making: what is sorted before it is sent. */
export interface Timed {
  at: number;
  reading: Reading;
}

/** An empty cell, or how data loggers write that there is none. */
const NOTHING = /^\s*(|null|nan|na|n\/a|none|-|\?)\s*$/i;
const RESERVED = new Set(["turbineId", "location", "speed", "timestamp", "score", "rcfScore"]);

/** Readings of a batch of rows; what is no reading is counted. Throws `WindopsError` for a column that isn't there. */
export function readingsIn(batch: RowBatch, columns: ReplayColumns, counts: ReplayCounts): Timed[] {
  const time = column(batch, columns.time);
  const speed = column(batch, columns.speed);
  const turbine = column(batch, columns.turbine);
  const place = placeOf(batch, columns.location);
  const more = moreOf(batch, columns);
  const found: Timed[] = [];
  for (let i = 0; i < batch.lines.length; i++) {
    counts.rows++;
    const value = speed(i);
    if (value === undefined || value === null || (typeof value === "string" && NOTHING.test(value))) {
      counts.withoutSpeed++;
      continue;
    }
    const metersPerSecond = numberOf(value);
    const at = timeOf(time(i));
    const turbineId = String(turbine(i) ?? "").trim();
    if (metersPerSecond === undefined || at === undefined || turbineId === "") {
      counts.unreadable++;
      counts.firstUnreadable ??= `${batch.file}, line ${batch.lines[i]}`;
      continue;
    }
    const reading: Reading = {
      turbineId,
      location: place(i) || turbineId,
      speed: metersPerSecond,
      timestamp: new Date(at).toISOString(),
    };
    for (const [name, of] of more) {
      const number = numberOf(of(i));
      if (number !== undefined) reading[name] = number;
    }
    counts.readings++;
    found.push({ at, reading });
  }
  return found;
}

function placeOf(batch: RowBatch, location: string | undefined): (i: number) => string {
  if (location === undefined) return () => "";
  const isColumn = batch.header ? batch.header.includes(location) : batch.objects!.some((o) => location in o);
  if (!isColumn) return () => location;
  const of = column(batch, location);
  return (i) => String(of(i) ?? "").trim();
}

function moreOf(batch: RowBatch, { more, ...own }: ReplayColumns): [string, (i: number) => unknown][] {
  if (!more) return [];
  const used = new Set([own.time, own.speed, own.turbine, own.location, ...RESERVED]);
  const names = more === "all" ? (batch.header ?? keysOf(batch.objects!)) : more;
  const clash = more === "all" ? undefined : more.find((name) => RESERVED.has(name));
  if (clash !== undefined) throw usageError(`"${clash}" is one of a reading's own fields: it can't travel along.`);
  return names.filter((name) => name !== "" && !used.has(name)).map((name) => [name, column(batch, name)]);
}

const keysOf = (objects: Record<string, unknown>[]): string[] => [...new Set(objects.flatMap(Object.keys))];

/** A finite number; "12,4" is one where a comma parts the decimals. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string") return undefined;
  const number = Number(value);
  // A blank counts as 0 to JavaScript.
  if (Number.isFinite(number)) return number !== 0 || value.trim() !== "" ? number : undefined;
  return /^\s*-?\d+,\d+\s*$/.test(value) ? Number(value.replace(",", ".")) : undefined;
}

/** ISO 8601 (UTC where no zone is given, a blank for the T), or seconds or milliseconds since 1970 → milliseconds. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === "number" || (typeof value === "string" && /^\s*-?\d{9,}(\.\d+)?\s*$/.test(value))) {
    const number = Number(value);
    const milliseconds = Math.round(Math.abs(number) < 1e11 ? number * 1000 : number);
    return Math.abs(milliseconds) < 8.64e15 ? milliseconds : undefined;
  }
  if (typeof value !== "string") return undefined;
  const match =
    /^\s*(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:[.,]\d+)?)?)?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?\s*$/i.exec(
      value,
    );
  if (!match) return undefined;
  const [, day, minute = "00:00", seconds = ":00", zone = "Z"] = match;
  const offset = /^(z|utc)$/i.test(zone)
    ? "Z"
    : zone.replace(/^([+-]\d{2}):?(\d{2})?$/, (_, h, m) => `${h}:${m ?? "00"}`);
  const milliseconds = Date.parse(`${day}T${minute}${seconds.replace(",", ".")}${offset}`);
  // JavaScript takes 30 February for 1 March.
  if (Number.isNaN(milliseconds) || !new Date(`${day}T00:00Z`).toISOString().startsWith(day!)) return undefined;
  return milliseconds;
}
