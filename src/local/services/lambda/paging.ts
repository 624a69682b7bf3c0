/** A page of sorted items after `Marker`, the key of the last one given; `MaxItems` at most 50 unless told. */
export function paged<T>(
  items: T[],
  key: (item: T) => string,
  { Marker, MaxItems }: { Marker?: string; MaxItems?: number | string },
): { items: T[]; next: string | undefined } {
  const limit = Math.max(1, Math.min(Number(MaxItems ?? 50) || 50, 10_000));
  const after = Marker ? Buffer.from(Marker, "base64url").toString() : "";
  const rest = items.filter((item) => key(item) > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { items: page, next: rest.length > limit && last ? Buffer.from(key(last)).toString("base64url") : undefined };
}
