// Trees over points of several coordinates, as they grow and shrink; cut-tree-nodes.ts says how they lie in memory.
import { boxOf, copy, equal, grow, touches, unite } from "./cut-tree-boxes";
import {
  BOX,
  boxless,
  CUT,
  DIMENSION,
  FREE_LEAF,
  FREE_NODE,
  firstLeaf,
  LEFT,
  leafAt,
  NO_BOX,
  NONE,
  nodeAt,
  otherChild,
  PARENT,
  parentOf,
  pointBytes,
  RIGHT,
  ROOT,
  replaceChild,
  setParent,
} from "./cut-tree-nodes";
import { partingAt } from "./cut-tree-scores";
import { FREE_BOX, FREE_POINT, PARTINGS, SCRATCH } from "./layout";
import { uniform } from "./random";
import { give, take } from "./slab";

/** Puts the point at hand into the slab, named by no leaf yet. */
export function storePoint(forest: usize, point: usize): usize {
  const bytes = pointBytes(forest);
  const stored = take(forest, FREE_POINT);
  copy(stored, point, bytes);
  store<u16>(stored + bytes, 0);
  return stored;
}

/** Gives the point back if no leaf names it. */
export function dropUnused(forest: usize, stored: usize): void {
  if (load<u16>(stored + pointBytes(forest)) === 0) give(forest, FREE_POINT, stored);
}

function newLeaf(forest: usize, tree: usize, stored: usize): u32 {
  const leaf = load<u32>(tree, FREE_LEAF);
  const address = leafAt(forest, tree, leaf);
  store<u32>(tree, load<u16>(address, 6), FREE_LEAF);
  store<usize>(address, stored);
  store<u16>(address, 1, 4);
  store<u16>(address, <u16>NONE, 6);
  const references = stored + pointBytes(forest);
  store<u16>(references, load<u16>(references) + 1);
  return leaf;
}

/** Keeps the box of the node, which is in SCRATCH. */
function keepBox(forest: usize, node: usize): void {
  const box = take(forest, FREE_BOX);
  copy(box, load<usize>(forest, SCRATCH), pointBytes(forest) << 1);
  store<usize>(node, box, BOX);
}

/** A cut uniform over the gaps between the box and the point, into the node; true if the point comes left of it. */
function chooseCut(forest: usize, node: usize, box: usize, point: usize): bool {
  const bytes = pointBytes(forest);
  const high = box + bytes;
  let total: f64 = 0;
  for (let at: usize = 0; at < bytes; at += 4) total += gap(box, high, point, at);
  let rest = uniform(forest) * total;
  let chosen: usize = 0;
  for (let at: usize = 0; at < bytes; at += 4) {
    const g = gap(box, high, point, at);
    if (g === 0) continue;
    chosen = at;
    if (rest < g) break;
    rest -= g;
  }
  const value = load<f32>(point + chosen);
  const edge = load<f32>(box + chosen);
  const toLeft = value < edge;
  const from = toLeft ? value : load<f32>(high + chosen);
  const to = toLeft ? edge : value;
  const cut = <f32>(<f64>from + rest);
  store<f32>(node, cut < to ? cut : from, CUT);
  store<u16>(node, <u16>(chosen >> 2), DIMENSION);
  return toLeft;
}

function gap(low: usize, high: usize, point: usize, at: usize): f64 {
  const p = load<f32>(point + at);
  const below = load<f32>(low + at) - p;
  const above = p - load<f32>(high + at);
  const out = select<f32>(below, above, below > above);
  return <f64>select<f32>(out, 0, out > 0);
}

/**
 * Adds the stored point at the leaf that it descends to. Returns its leaf. If it was just scored there, the probabilities of
 * parting are at hand. Makes one box at most.
 */
export function insertAt(forest: usize, tree: usize, leaf: u32, point: usize, stored: usize, scored: bool): u32 {
  const address = leafAt(forest, tree, leaf);
  const bytes = pointBytes(forest);
  if (equal(forest, load<usize>(address), point)) {
    store<u16>(address, load<u16>(address, 4) + 1, 4);
    return leaf;
  }
  let below = leaf;
  let partings = load<usize>(forest, PARTINGS);
  for (let id: u32 = load<u16>(address, 6); id !== NONE; id = load<u16>(nodeAt(tree, id), PARENT)) {
    const p = scored ? load<f64>(partings) : partingAt(forest, tree, id, point);
    partings += 8;
    if (p === 0) break;
    if (uniform(forest) < p) below = id;
  }
  const added = newLeaf(forest, tree, stored);
  const id = load<u32>(tree, FREE_NODE);
  const node = nodeAt(tree, id);
  store<u32>(tree, load<u16>(node, LEFT), FREE_NODE);
  const above = parentOf(forest, tree, below);
  const box = load<usize>(forest, SCRATCH);
  boxOf(forest, tree, below, box);
  const toLeft = chooseCut(forest, node, box, point);
  store<u16>(node, <u16>(toLeft ? added : below), LEFT);
  store<u16>(node, <u16>(toLeft ? below : added), RIGHT);
  store<u16>(node, <u16>above, PARENT);
  store<usize>(node, NO_BOX, BOX);
  setParent(forest, tree, added, id);
  setParent(forest, tree, below, id);
  if (!boxless(forest, tree, below, added)) {
    grow(box, point, bytes);
    keepBox(forest, node);
  }
  if (above === NONE) {
    store<u32>(tree, id, ROOT);
    return added;
  }
  replaceChild(tree, above, below, id);
  for (let up = above; up !== NONE; ) {
    const next = nodeAt(tree, up);
    const kept = load<usize>(next, BOX);
    if (kept !== NO_BOX) {
      if (!grow(kept, point, bytes)) break;
    } else if (!boxless(forest, tree, load<u16>(next, LEFT), load<u16>(next, RIGHT))) {
      // A node more hangs below it now.
      boxOf(forest, tree, load<u16>(next, LEFT), box);
      unite(forest, tree, load<u16>(next, RIGHT), box);
      keepBox(forest, next);
    }
    up = load<u16>(next, PARENT);
  }
  return added;
}

/** Adds the first point. */
export function insertFirst(forest: usize, tree: usize, stored: usize): u32 {
  const added = newLeaf(forest, tree, stored);
  store<u32>(tree, added, ROOT);
  return added;
}

/** Takes one occurrence of the leaf's point out of the tree, which holds at least two points. */
export function remove(forest: usize, tree: usize, leaf: u32): void {
  const address = leafAt(forest, tree, leaf);
  const mass = load<u16>(address, 4);
  if (mass > 1) {
    store<u16>(address, mass - 1, 4);
    return;
  }
  const stored = load<usize>(address);
  const id: u32 = load<u16>(address, 6);
  const node = nodeAt(tree, id);
  const sibling = otherChild(node, leaf);
  const above: u32 = load<u16>(node, PARENT);
  setParent(forest, tree, sibling, above);
  dropBox(forest, node);
  store<u16>(node, <u16>load<u32>(tree, FREE_NODE), LEFT);
  store<u32>(tree, id, FREE_NODE);
  store<u16>(address, <u16>load<u32>(tree, FREE_LEAF), 6);
  store<u32>(tree, leaf, FREE_LEAF);
  if (above === NONE) {
    store<u32>(tree, sibling, ROOT);
  } else {
    replaceChild(tree, above, id, sibling);
    shrink(forest, tree, above, sibling, stored);
  }
  const references = stored + pointBytes(forest);
  store<u16>(references, load<u16>(references) - 1);
  dropUnused(forest, stored);
}

function dropBox(forest: usize, node: usize): void {
  const box = load<usize>(node, BOX);
  if (box === NO_BOX) return;
  give(forest, FREE_BOX, box);
  store<usize>(node, NO_BOX, BOX);
}

/** The point is gone from below `child`, a child of `id`: makes the boxes from there up what they now have to be. */
function shrink(forest: usize, tree: usize, id: u32, child: u32, point: usize): void {
  const bytes = pointBytes(forest);
  const box = load<usize>(forest, SCRATCH);
  let from = child;
  let started = false;
  let lower = true;
  for (let up = id; up !== NONE; ) {
    const node = nodeAt(tree, up);
    // Only next to where a node went can one have become low enough to go without a box.
    if (lower && boxless(forest, tree, load<u16>(node, LEFT), load<u16>(node, RIGHT))) {
      dropBox(forest, node);
    } else {
      lower = false;
      const kept = load<usize>(node, BOX);
      if (!touches(kept, point, bytes)) break;
      // The new box of what hangs below on this side, grown by the other side level by level.
      if (!started) boxOf(forest, tree, from, box);
      started = true;
      unite(forest, tree, otherChild(node, from), box);
      copy(kept, box, bytes << 1);
    }
    from = up;
    up = load<u16>(node, PARENT);
  }
}

/** Makes the tree empty: all nodes and leaves on their chains. */
export function clear(forest: usize, tree: usize): void {
  const leaves = firstLeaf(forest);
  store<u32>(tree, NONE, ROOT);
  store<u32>(tree, 0, FREE_NODE);
  store<u32>(tree, leaves, FREE_LEAF);
  for (let i: u32 = 0; i < leaves; i++) {
    store<u16>(nodeAt(tree, i), <u16>(i + 1), LEFT);
    store<u16>(leafAt(forest, tree, leaves + i), <u16>(leaves + i + 1), 6);
  }
}

/** Takes over a saved leaf. */
export function adoptLeaf(forest: usize, tree: usize, stored: usize, mass: u32): u32 {
  const leaf = newLeaf(forest, tree, stored);
  store<u16>(leafAt(forest, tree, leaf), <u16>mass, 4);
  return leaf;
}

/** Takes over a saved node, its children taken over before. */
export function adoptNode(forest: usize, tree: usize, dimension: u32, cut: f32, left: u32, right: u32): u32 {
  const id = load<u32>(tree, FREE_NODE);
  const node = nodeAt(tree, id);
  store<u32>(tree, load<u16>(node, LEFT), FREE_NODE);
  store<f32>(node, cut, CUT);
  store<u16>(node, <u16>left, LEFT);
  store<u16>(node, <u16>right, RIGHT);
  store<u16>(node, <u16>dimension, DIMENSION);
  store<u16>(node, <u16>NONE, PARENT);
  store<usize>(node, NO_BOX, BOX);
  setParent(forest, tree, left, id);
  setParent(forest, tree, right, id);
  if (!boxless(forest, tree, left, right)) {
    const box = load<usize>(forest, SCRATCH);
    boxOf(forest, tree, left, box);
    unite(forest, tree, right, box);
    keepBox(forest, node);
  }
  return id;
}
