import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** A DynamoDB item in plain values. */
export type Item = Record<string, string | number | boolean>;

export function marshal(item: Item): Record<string, AttributeValue> {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]): [string, AttributeValue] => {
      if (typeof value === "number") return [name, { N: String(value) }];
      return [name, typeof value === "boolean" ? { BOOL: value } : { S: value }];
    }),
  );
}

/** Numbers, texts and booleans; other kinds of attributes aren't ours and are left out. */
export function unmarshal(attributes: Record<string, AttributeValue>): Item {
  const item: Item = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value.N !== undefined) item[name] = Number(value.N);
    else if (value.S !== undefined) item[name] = value.S;
    else if (value.BOOL !== undefined) item[name] = value.BOOL;
  }
  return item;
}

/** A number that DynamoDB takes: it refuses what is beyond 38 digits' exponents, and the whole batch with it. */
export function storable(value: unknown): value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  const size = Math.abs(value);
  return size === 0 || (size > 1e-129 && size < 9.9e125);
}
