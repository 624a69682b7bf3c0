/** One measurement of one turbine. */
export interface Reading {
  turbineId: string;
  location: string | undefined;
  /** m/s. */
  speed: number;
  /** ISO 8601, UTC, milliseconds. */
  timestamp: string;
  /** Further numeric fields, in their order. */
  more: [string, number][];
}

/** A record isn't a reading; the message says why. */
export class MalformedReading extends Error {}

/** A scored reading is a little larger than the reading, and must still fit into a record. */
const LARGEST = 1_000_000;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)$/i;
// `ignoreBOM` keeps a byte order mark, which isn't JSON.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The reading in a record's bytes. The minimal record `{"location","speed"}` will do: the turbine is then the location
 * and the time that of arrival. Throws `MalformedReading`.
 */
export function parseReading(bytes: Uint8Array, arrivedAt: number): Reading {
  if (bytes.length > LARGEST) throw new MalformedReading(`larger than ${LARGEST} bytes`);
  const fields = jsonObject(bytes);
  const { turbineId: turbine, location: place, speed, timestamp: time, ...rest } = fields;
  const location = text("location", place);
  const turbineId = text("turbineId", turbine) ?? location;
  const timestamp = isoTime(time) ?? new Date(arrivedAt).toISOString();
  if (typeof speed !== "number" || !Number.isFinite(speed)) throw new MalformedReading("no finite speed");
  if (turbineId === undefined) throw new MalformedReading("neither turbineId nor location");
  const more = Object.entries(rest).filter((entry): entry is [string, number] => Number.isFinite(entry[1]));
  return { turbineId, location, speed, timestamp, more };
}

function jsonObject(bytes: Uint8Array): Record<string, unknown> {
  let decoded: string;
  try {
    decoded = utf8.decode(bytes);
  } catch {
    throw new MalformedReading("not text: its bytes aren't UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(decoded);
  } catch (error) {
    throw new MalformedReading(`not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new MalformedReading("not a JSON object");
  return value as Record<string, unknown>;
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new MalformedReading(`${name} is not a text`);
  return value.trim() === "" ? undefined : value;
}

function isoTime(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const time =
    Number.isInteger(value) || (typeof value === "string" && ISO.test(value))
      ? new Date(value as string | number)
      : undefined;
  if (time === undefined || Number.isNaN(time.getTime()))
    throw new MalformedReading("timestamp is not an ISO 8601 time");
  return time.toISOString();
}
