// Boxes of points of several coordinates, {low corner, high corner} without gaps. Loads may reach beyond an entry (the tail
// mask takes that out again), stores never do.
import { BOX, firstLeaf, LEFT, leafBase, NO_BOX, nodeAt, pointBytes, pointOf, RIGHT, tailMask } from "./cut-tree-nodes";

export function equal(forest: usize, a: usize, b: usize): bool {
  const bytes = pointBytes(forest);
  let at: usize = 0;
  for (; at + 16 < bytes; at += 16) if (v128.any_true(f32x4.ne(v128.load(a + at), v128.load(b + at)))) return false;
  return !v128.any_true(v128.and(f32x4.ne(v128.load(a + at), v128.load(b + at)), tailMask(forest)));
}

export function copy(to: usize, from: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < bytes; at += 4) store<u32>(to + at, load<u32>(from + at));
}

/** Makes the box just hold the point. */
export function startFrom(box: usize, point: usize, bytes: usize): void {
  copy(box, point, bytes);
  copy(box + bytes, point, bytes);
}

/** Stretches the box to hold the box from `low` to `high` too; false if it did already. */
function growBy(box: usize, low: usize, high: usize, bytes: usize): bool {
  let changed = i32x4.splat(0);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const l = v128.load(low + at);
    const h = v128.load(high + at);
    const oldLow = v128.load(box + at);
    const oldHigh = v128.load(box + bytes + at);
    changed = v128.or(changed, v128.or(f32x4.lt(l, oldLow), f32x4.gt(h, oldHigh)));
    v128.store(box + at, f32x4.pmin(oldLow, l));
    v128.store(box + bytes + at, f32x4.pmax(oldHigh, h));
  }
  let tail = false;
  for (; at < bytes; at += 4) {
    if (load<f32>(low + at) < load<f32>(box + at)) {
      store<f32>(box + at, load<f32>(low + at));
      tail = true;
    }
    if (load<f32>(high + at) > load<f32>(box + bytes + at)) {
      store<f32>(box + bytes + at, load<f32>(high + at));
      tail = true;
    }
  }
  return tail || v128.any_true(changed);
}

/** Stretches the box to hold the point too; false if it did already. */
export function grow(box: usize, point: usize, bytes: usize): bool {
  return growBy(box, point, point, bytes);
}

/** Stretches the box to hold the points of the leaf or node too. */
export function unite(forest: usize, tree: usize, id: u32, box: usize): void {
  const bytes = pointBytes(forest);
  const leaves = firstLeaf(forest);
  if (id < leaves) {
    const own = load<usize>(nodeAt(tree, id), BOX);
    if (own !== NO_BOX) {
      growBy(box, own, own + bytes, bytes);
      return;
    }
    uniteLow(forest, tree, load<u16>(nodeAt(tree, id), LEFT), box);
    uniteLow(forest, tree, load<u16>(nodeAt(tree, id), RIGHT), box);
    return;
  }
  grow(box, pointOf(leafBase(forest, tree), id), bytes);
}

/** `unite` for a leaf or a node of two leaves. */
export function uniteLow(forest: usize, tree: usize, id: u32, box: usize): void {
  const bytes = pointBytes(forest);
  const leaves = leafBase(forest, tree);
  if (id >= firstLeaf(forest)) {
    grow(box, pointOf(leaves, id), bytes);
    return;
  }
  grow(box, pointOf(leaves, load<u16>(nodeAt(tree, id), LEFT)), bytes);
  grow(box, pointOf(leaves, load<u16>(nodeAt(tree, id), RIGHT)), bytes);
}

/** Writes the box of the leaf's or node's points to `box`. */
export function boxOf(forest: usize, tree: usize, id: u32, box: usize): void {
  const bytes = pointBytes(forest);
  const leaves = firstLeaf(forest);
  if (id < leaves) {
    const own = load<usize>(nodeAt(tree, id), BOX);
    if (own !== NO_BOX) {
      copy(box, own, bytes << 1);
      return;
    }
  }
  let one = id;
  while (one < leaves) one = load<u16>(nodeAt(tree, one), LEFT);
  startFrom(box, pointOf(leafBase(forest, tree), one), bytes);
  if (one !== id) unite(forest, tree, id, box);
}

/** Does the point touch a side of the box? Only then can the box shrink when the point goes. */
export function touches(box: usize, point: usize, bytes: usize): bool {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const p = v128.load(point + at);
    const low = f32x4.eq(p, v128.load(box + at));
    if (v128.any_true(v128.or(low, f32x4.eq(p, v128.load(box + bytes + at))))) return true;
  }
  for (; at < bytes; at += 4) {
    const p = load<f32>(point + at);
    if (p === load<f32>(box + at) || p === load<f32>(box + bytes + at)) return true;
  }
  return false;
}
