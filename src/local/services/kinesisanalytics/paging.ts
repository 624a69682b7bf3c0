import { invalidArgument } from "./model.ts";

/** A page of `Limit` items (50 unless told) from `NextToken` on. Throws `AwsError` InvalidArgumentException for a token of another kind. */
export function page<T>(
  items: T[],
  { Limit = 50, NextToken }: { Limit?: number; NextToken?: string },
): { items: T[]; next?: string } {
  const from = NextToken === undefined ? 0 : Number(Buffer.from(NextToken, "base64url").toString());
  if (!Number.isInteger(from) || from < 0) throw invalidArgument("NextToken is invalid");
  const to = from + Math.max(1, Math.min(50, Limit));
  return {
    items: items.slice(from, to),
    next: to < items.length ? Buffer.from(String(to)).toString("base64url") : undefined,
  };
}
