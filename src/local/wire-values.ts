import { AwsError } from "./errors.ts";

/** Query and EC2 calls carry numbers and booleans as text; calls inside the stack don't. */
export function booleanOf(value: unknown): boolean {
  return value === true || value === "true";
}

/** A whole number in a range, `fallback` if absent; throws the error that the service gives. */
export function integerOf(
  value: unknown,
  name: string,
  range: [number, number],
  fallback: number,
  code: string,
): number {
  if (value === undefined || value === null || value === "") return fallback;
  const number = Number(value);
  if (!Number.isInteger(number) || number < range[0] || number > range[1])
    throw new AwsError(
      code,
      `Value '${value}' at '${name}' failed to satisfy constraint: Member must have value between ${range[0]} and ${range[1]}`,
    );
  return number;
}

/**
 * A list of structures, empty if absent. Query and JSON carry whatever the client wrote, and AWS refuses what isn't the
 * model's shape before the service sees it; throws the error that it gives.
 */
export function structuresOf<T extends object>(value: T[] | undefined | null, name: string): T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongType(name, "a list");
  if (value.some((item) => typeof item !== "object" || item === null)) throw wrongType(name, "a list of structures");
  return value;
}

/** A text, "" if absent; throws the error that AWS gives for anything else. */
export function textOf(value: unknown, name: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw wrongType(name, "a string");
  return value;
}

const wrongType = (name: string, type: string) =>
  new AwsError("SerializationException", `The value of '${name}' is not ${type}`);

export interface Tag {
  Key: string;
  Value: string;
}

/** `given` over `present`, in the order of first appearance. */
export function mergeTags(present: Tag[], given: Tag[] | undefined): Tag[] {
  const merged = new Map(present.map((tag) => [tag.Key, tag]));
  for (const { Key, Value } of structuresOf(given, "Tags")) merged.set(Key, { Key, Value: Value ?? "" });
  return [...merged.values()];
}

export function withoutTags(present: Tag[], keys: string[] | undefined): Tag[] {
  if (keys !== undefined && !Array.isArray(keys)) throw wrongType("TagKeys", "a list");
  return present.filter((tag) => !keys?.includes(tag.Key));
}

/**
 * One page of a list sorted by `key`. The token names the last item shown, so that items added or removed between two
 * pages neither repeat nor hide others. Throws `invalid` for a token that isn't one.
 */
export function pageOf<T>(
  items: T[],
  options: { key(item: T): string; size: number; token: string | undefined; invalid(): AwsError },
): { items: T[]; token: string | undefined } {
  const { key, size, token } = options;
  const sorted = items.slice().sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  const after = (token ?? "") === "" ? undefined : decodeToken(token);
  if (after === null) throw options.invalid();
  const rest = after === undefined ? sorted : sorted.filter((item) => key(item) > after);
  const shown = rest.slice(0, size);
  const more = rest.length > shown.length;
  return {
    items: shown,
    token: more ? Buffer.from(`t:${key(shown[shown.length - 1]!)}`).toString("base64url") : undefined,
  };
}

function decodeToken(token: unknown): string | null {
  if (typeof token !== "string") return null;
  const text = Buffer.from(token, "base64url").toString();
  return text.startsWith("t:") ? text.slice(2) : null;
}
