import { AwsError } from "../../errors.ts";

/** Member names whose values JSON can't tell from numbers and strings. */
export interface MemberTypes {
  timestamps?: string[];
  blobs?: string[];
}

/** An AWS JSON body as a plain object, with `Date` and `Uint8Array` for the members that `types` names. */
export function fromJson(body: Buffer, types: MemberTypes): any {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new AwsError("SerializationException", `The request is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AwsError("SerializationException", "The request is not a JSON object");
  }
  if (types.timestamps?.length || types.blobs?.length) convert(value as Record<string, unknown>, types);
  return value;
}

function convert(value: Record<string, unknown> | unknown[], types: MemberTypes): void {
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === "object" && member !== null) convert(member as Record<string, unknown>, types);
    else if (typeof member === "string" && types.blobs?.includes(key)) {
      (value as Record<string, unknown>)[key] = Buffer.from(member, "base64");
    } else if (types.timestamps?.includes(key) && (typeof member === "number" || typeof member === "string")) {
      (value as Record<string, unknown>)[key] = timestamp(member);
    }
  }
}

/** A timestamp of the wire: seconds since 1970, or ISO 8601. */
export function timestamp(value: number | string): Date {
  const date = new Date(
    typeof value === "number" ? value * 1000 : /^[\d.]+$/.test(value) ? Number(value) * 1000 : value,
  );
  if (Number.isNaN(date.getTime())) throw new AwsError("SerializationException", `Not a timestamp: ${value}`);
  return date;
}

/** AWS JSON: dates as seconds since 1970 (with milliseconds), bytes as base64, maps as objects. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: any, key: string, member: unknown) {
    // `member` has been through toJSON, which dates and buffers have.
    const raw = this[key];
    if (raw instanceof Date) return raw.getTime() / 1000;
    if (raw instanceof Uint8Array) return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString("base64");
    if (raw instanceof Map) return Object.fromEntries(raw);
    return member;
  });
}
