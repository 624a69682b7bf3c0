// Entries of one size wherever they lie, the free ones chained by address through their first word. ../slab.ts adds more in
// time, so taking never fails. The chain's head and the number of free entries lie at forest + head.

export function take(forest: usize, head: usize): usize {
  const entry = load<usize>(forest + head);
  store<usize>(forest + head, load<usize>(entry));
  store<u32>(forest + head, load<u32>(forest + head, 4) - 1, 4);
  return entry;
}

export function give(forest: usize, head: usize, entry: usize): void {
  store<usize>(entry, load<usize>(forest + head));
  store<usize>(forest + head, entry);
  store<u32>(forest + head, load<u32>(forest + head, 4) + 1, 4);
}
