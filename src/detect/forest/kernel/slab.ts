// Slabs of equal entries, the free ones chained through their first word. ../cut-trees.ts makes them larger in time, so
// taking never fails.

/** Takes an entry off the chain whose head and count lie at forest + head. */
export function take(forest: usize, head: usize, entries: usize, size: usize): u32 {
  const entry = load<u32>(forest + head);
  store<u32>(forest + head, load<u32>(entries + <usize>entry * size));
  store<u32>(forest + head + 4, load<u32>(forest + head + 4) - 1);
  return entry;
}

export function give(forest: usize, head: usize, entries: usize, size: usize, entry: u32): void {
  store<u32>(entries + <usize>entry * size, load<u32>(forest + head));
  store<u32>(forest + head, entry);
  store<u32>(forest + head + 4, load<u32>(forest + head + 4) + 1);
}
