// Trees over points of several coordinates. A tree's block: root, first free node, first free leaf; then nodes of 16 bytes
// {f32 cut, u16 left, u16 right, u16 dimension, u16 parent, u32 box}, then leaves of 8 bytes {u32 point, u16 mass,
// u16 parent}, then the heap. Ids: node i, leaf sampleSize + 1 + i. Points and boxes (low corner, then high) lie in slabs that
// the forest's trees share. A node of two leaves has no box: theirs is soon made from two points that others read too.
import {
  BOXES,
  DIMENSIONS,
  FREE_BOX,
  FREE_POINT,
  INVERSE,
  LEAVES,
  LOG2,
  POINTS,
  REFERENCES,
  SAMPLE_SIZE,
  SCRATCH,
  SIZE,
  TAIL_MASK,
} from "./layout";
import { uniform } from "./random";
import { give, take } from "./slab";

const ROOT: usize = 0;
const FREE_NODE: usize = 4;
const FREE_LEAF: usize = 8;
export const NODES: usize = 16;
const CUT: usize = 16;
const LEFT: usize = 20;
const RIGHT: usize = 22;
const DIMENSION: usize = 24;
const PARENT: usize = 26;
const BOX: usize = 28;
const NONE: u32 = 0xffff;
const NO_BOX: u32 = 0xffffffff;

function nodeAt(tree: usize, node: u32): usize {
  return tree + ((<usize>node) << 4);
}

function capacity(forest: usize): u32 {
  return load<u32>(forest, SAMPLE_SIZE) + 1;
}

function leafAt(forest: usize, tree: usize, leaf: u32): usize {
  return tree + load<usize>(forest, LEAVES) + ((<usize>(leaf - capacity(forest))) << 3);
}

function pointSize(forest: usize): usize {
  return load<usize>(forest, DIMENSIONS) << 2;
}

function pointOf(forest: usize, leafAddress: usize): usize {
  return load<usize>(forest, POINTS) + <usize>load<u32>(leafAddress) * pointSize(forest);
}

function boxAt(forest: usize, box: u32): usize {
  return load<usize>(forest, BOXES) + <usize>box * (pointSize(forest) << 1);
}

function parentOf(forest: usize, tree: usize, id: u32): u32 {
  return id < capacity(forest) ? load<u16>(nodeAt(tree, id), PARENT) : load<u16>(leafAt(forest, tree, id), 6);
}

function setParent(forest: usize, tree: usize, id: u32, parent: u32): void {
  if (id < capacity(forest)) store<u16>(nodeAt(tree, id), <u16>parent, PARENT);
  else store<u16>(leafAt(forest, tree, id), <u16>parent, 6);
}

/** One step down towards the leaf in whose region the point lies; a leaf stays where it is. */
export function step(tree: usize, id: u32, leaves: u32, point: usize): u32 {
  const inner = id < leaves;
  const node = nodeAt(tree, select<u32>(id, 0, inner));
  const right = load<f32>(point + ((<usize>load<u16>(node, DIMENSION)) << 2)) > load<f32>(node, CUT);
  return select<u32>(load<u16>(node + select<usize>(2, 0, right), LEFT), id, inner);
}

function equal(forest: usize, a: usize, b: usize): bool {
  const dimensions = load<i32>(forest, DIMENSIONS);
  let i = 0;
  for (; i + 4 <= dimensions; i += 4) {
    const offset = (<usize>i) << 2;
    if (!v128.all_true<i32>(f32x4.eq(v128.load(a + offset), v128.load(b + offset)))) return false;
  }
  for (; i < dimensions; i++) {
    const offset = (<usize>i) << 2;
    if (load<f32>(a + offset) !== load<f32>(b + offset)) return false;
  }
  return true;
}

function acrossLanes(lanes: v128): f64 {
  const halves = f32x4.add(lanes, v128.shuffle<i32>(lanes, lanes, 2, 3, 0, 1));
  return <f64>(f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1));
}

/** The probability that a random cut parts the point from the box between two corners; 0 inside. */
function partingFromBox(forest: usize, low: usize, high: usize, point: usize): f64 {
  const zero = f32x4.splat(0);
  let out = zero;
  let range = zero;
  const full = (pointSize(forest) - 1) & ~15;
  let at: usize = 0;
  for (; at < full; at += 16) {
    const p = v128.load(point + at);
    const l = v128.load(low + at);
    const h = v128.load(high + at);
    out = f32x4.add(out, f32x4.pmax(zero, f32x4.pmax(f32x4.sub(l, p), f32x4.sub(p, h))));
    range = f32x4.add(range, f32x4.sub(h, l));
  }
  const mask = v128.load(forest, TAIL_MASK);
  const p = v128.load(point + at);
  const l = v128.load(low + at);
  const h = v128.load(high + at);
  const lastOut = f32x4.pmax(zero, f32x4.pmax(f32x4.sub(l, p), f32x4.sub(p, h)));
  out = f32x4.add(out, v128.and(mask, lastOut));
  const distance = acrossLanes(out);
  if (distance === 0) return 0;
  range = f32x4.add(range, v128.and(mask, f32x4.sub(h, l)));
  return distance / (distance + acrossLanes(range));
}

/** The same for the box that spans two points. */
function partingFromPair(forest: usize, a: usize, b: usize, point: usize): f64 {
  const zero = f32x4.splat(0);
  let out = zero;
  let range = zero;
  const full = (pointSize(forest) - 1) & ~15;
  let at: usize = 0;
  for (; at < full; at += 16) {
    const p = v128.load(point + at);
    const l = f32x4.pmin(v128.load(a + at), v128.load(b + at));
    const h = f32x4.pmax(v128.load(a + at), v128.load(b + at));
    out = f32x4.add(out, f32x4.pmax(zero, f32x4.pmax(f32x4.sub(l, p), f32x4.sub(p, h))));
    range = f32x4.add(range, f32x4.sub(h, l));
  }
  const mask = v128.load(forest, TAIL_MASK);
  const p = v128.load(point + at);
  const l = f32x4.pmin(v128.load(a + at), v128.load(b + at));
  const h = f32x4.pmax(v128.load(a + at), v128.load(b + at));
  const lastOut = f32x4.pmax(zero, f32x4.pmax(f32x4.sub(l, p), f32x4.sub(p, h)));
  out = f32x4.add(out, v128.and(mask, lastOut));
  const distance = acrossLanes(out);
  if (distance === 0) return 0;
  range = f32x4.add(range, v128.and(mask, f32x4.sub(h, l)));
  return distance / (distance + acrossLanes(range));
}

function parting(forest: usize, tree: usize, id: u32, point: usize): f64 {
  const node = nodeAt(tree, id);
  const box = load<u32>(node, BOX);
  if (box !== NO_BOX) {
    const low = boxAt(forest, box);
    return partingFromBox(forest, low, low + pointSize(forest), point);
  }
  const a = pointOf(forest, leafAt(forest, tree, load<u16>(node, LEFT)));
  const b = pointOf(forest, leafAt(forest, tree, load<u16>(node, RIGHT)));
  return partingFromPair(forest, a, b, point);
}

/** The tree's part of the score, before normalisation, from the leaf and its depth upwards. */
export function scoreAt(forest: usize, tree: usize, leaf: u32, leafDepth: i32, point: usize): f64 {
  const inverse = load<usize>(forest, INVERSE);
  const address = leafAt(forest, tree, leaf);
  if (equal(forest, pointOf(forest, address), point)) {
    const mass = load<u16>(address, 4);
    const log = load<f64>(load<usize>(forest, LOG2) + ((<usize>(mass + 1)) << 3));
    return (1 - <f64>mass / <f64>(2 * load<i32>(forest, SIZE))) / (<f64>leafDepth + log);
  }
  let depth = (<usize>leafDepth) << 3;
  let score = load<f64>(inverse + depth);
  for (let id: u32 = load<u16>(address, 6); id !== NONE; id = load<u16>(nodeAt(tree, id), PARENT)) {
    depth -= 8;
    const p = parting(forest, tree, id, point);
    if (p === 0) break;
    score = p * load<f64>(inverse + depth) + (1 - p) * score;
  }
  return score;
}

function copy(to: usize, from: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(from + at));
}

/** Address of the id's low corner; its high corner lies `highOffset` behind. */
function lowCorner(forest: usize, tree: usize, id: u32, scratch: usize): usize {
  if (id >= capacity(forest)) return pointOf(forest, leafAt(forest, tree, id));
  const node = nodeAt(tree, id);
  const box = load<u32>(node, BOX);
  if (box !== NO_BOX) return boxAt(forest, box);
  span(forest, tree, id, scratch);
  return scratch;
}

function highOffset(forest: usize, id: u32): usize {
  return id >= capacity(forest) ? 0 : pointSize(forest);
}

/** Writes the box over the node's children to `target`, whose 16 bytes beyond are free for a while: a scratch. */
function span(forest: usize, tree: usize, id: u32, target: usize): void {
  const bytes = pointSize(forest);
  const node = nodeAt(tree, id);
  const left = load<u16>(node, LEFT);
  const right = load<u16>(node, RIGHT);
  // Only a node of two leaves is ever spanned into the scratch by lowCorner, so one spare scratch for a side is enough.
  const spare = load<usize>(forest, SCRATCH) + 4 * bytes + 32;
  const a = lowCorner(forest, tree, left, spare);
  const aHigh = a + highOffset(forest, left);
  const b = lowCorner(forest, tree, right, spare + 2 * bytes + 16);
  const bHigh = b + highOffset(forest, right);
  for (let at: usize = 0; at < bytes; at += 16)
    v128.store(target + at, f32x4.pmin(v128.load(a + at), v128.load(b + at)));
  for (let at: usize = 0; at < bytes; at += 16)
    v128.store(target + bytes + at, f32x4.pmax(v128.load(aHigh + at), v128.load(bHigh + at)));
}

/** Stretches the box to hold the point; false if it did already. */
function grow(forest: usize, box: usize, point: usize): bool {
  const bytes = pointSize(forest);
  let changed = false;
  for (let at: usize = 0; at < bytes; at += 4) {
    const p = load<f32>(point + at);
    if (p < load<f32>(box + at)) {
      store<f32>(box + at, p);
      changed = true;
    }
    if (p > load<f32>(box + bytes + at)) {
      store<f32>(box + bytes + at, p);
      changed = true;
    }
  }
  return changed;
}

function newBox(forest: usize, node: usize): usize {
  const box = take(forest, FREE_BOX, load<usize>(forest, BOXES), pointSize(forest) << 1);
  store<u32>(node, box, BOX);
  return boxAt(forest, box);
}

/** Gives the node the box over its children. */
function spanIntoBox(forest: usize, tree: usize, id: u32): void {
  const scratch = load<usize>(forest, SCRATCH);
  span(forest, tree, id, scratch);
  copy(newBox(forest, nodeAt(tree, id)), scratch, pointSize(forest) << 1);
}

function replaceChild(tree: usize, id: u32, from: u32, to: u32): void {
  const node = nodeAt(tree, id);
  if (load<u16>(node, LEFT) === from) store<u16>(node, <u16>to, LEFT);
  else store<u16>(node, <u16>to, RIGHT);
}

function newLeaf(forest: usize, tree: usize, point: u32): u32 {
  const leaf = load<u32>(tree, FREE_LEAF);
  const address = leafAt(forest, tree, leaf);
  store<u32>(tree, load<u16>(address, 6), FREE_LEAF);
  store<u32>(address, point);
  store<u16>(address, 1, 4);
  store<u16>(address, <u16>NONE, 6);
  const references = load<usize>(forest, REFERENCES) + ((<usize>point) << 1);
  store<u16>(references, load<u16>(references) + 1);
  return leaf;
}

function gap(low: usize, high: usize, point: usize, at: usize): f32 {
  const p = load<f32>(point + at);
  return max<f32>(max<f32>(load<f32>(low + at) - p, p - load<f32>(high + at)), 0);
}

/** A cut uniform over the gaps between the box and the point, into the node; true if the point comes left of it. */
function chooseCut(forest: usize, node: usize, low: usize, high: usize, point: usize): bool {
  const bytes = pointSize(forest);
  let total: f64 = 0;
  for (let at: usize = 0; at < bytes; at += 4) total += <f64>gap(low, high, point, at);
  let rest = uniform(forest) * total;
  let chosen: usize = 0;
  for (let at: usize = 0; at < bytes; at += 4) {
    const g = <f64>gap(low, high, point, at);
    if (g === 0) continue;
    chosen = at;
    if (rest < g) break;
    rest -= g;
  }
  const value = load<f32>(point + chosen);
  const edge = load<f32>(low + chosen);
  const toLeft = value < edge;
  const from = toLeft ? value : load<f32>(high + chosen);
  const to = toLeft ? edge : value;
  const cut = <f32>(<f64>from + rest);
  store<f32>(node, cut < to ? cut : from, CUT);
  store<u16>(node, <u16>(chosen >> 2), DIMENSION);
  return toLeft;
}

/** Adds the point, which is entry `stored` of the slab, at the leaf that `descend` found. Returns its leaf. */
export function insertAt(forest: usize, tree: usize, leaf: u32, point: usize, stored: u32): u32 {
  const leaves = capacity(forest);
  const address = leafAt(forest, tree, leaf);
  if (equal(forest, pointOf(forest, address), point)) {
    store<u16>(address, load<u16>(address, 4) + 1, 4);
    return leaf;
  }
  let below = leaf;
  for (let id: u32 = load<u16>(address, 6); id !== NONE; id = load<u16>(nodeAt(tree, id), PARENT)) {
    const p = parting(forest, tree, id, point);
    if (p === 0) break;
    if (uniform(forest) < p) below = id;
  }
  const added = newLeaf(forest, tree, stored);
  const id = load<u32>(tree, FREE_NODE);
  const node = nodeAt(tree, id);
  store<u32>(tree, load<u16>(node, LEFT), FREE_NODE);
  const above = parentOf(forest, tree, below);
  const scratch = load<usize>(forest, SCRATCH);
  const low = lowCorner(forest, tree, below, scratch);
  const toLeft = chooseCut(forest, node, low, low + highOffset(forest, below), point);
  store<u16>(node, <u16>(toLeft ? added : below), LEFT);
  store<u16>(node, <u16>(toLeft ? below : added), RIGHT);
  store<u16>(node, <u16>above, PARENT);
  store<u32>(node, NO_BOX, BOX);
  setParent(forest, tree, added, id);
  setParent(forest, tree, below, id);
  if (below < leaves) spanIntoBox(forest, tree, id);
  if (above === NONE) {
    store<u32>(tree, id, ROOT);
    return added;
  }
  replaceChild(tree, above, below, id);
  let up = above;
  if (load<u32>(nodeAt(tree, up), BOX) === NO_BOX) {
    spanIntoBox(forest, tree, up);
    up = load<u16>(nodeAt(tree, up), PARENT);
  }
  while (up !== NONE && grow(forest, boxAt(forest, load<u32>(nodeAt(tree, up), BOX)), point))
    up = load<u16>(nodeAt(tree, up), PARENT);
  return added;
}

/** Adds the first point. */
export function insertFirst(forest: usize, tree: usize, stored: u32): u32 {
  const added = newLeaf(forest, tree, stored);
  store<u32>(tree, added, ROOT);
  return added;
}

/** Does the point touch a side of the box? Only then can the box shrink when the point goes. */
function touches(forest: usize, box: usize, point: usize): bool {
  const bytes = pointSize(forest);
  const full = (bytes - 1) & ~15;
  let at: usize = 0;
  for (; at < full; at += 16) {
    const p = v128.load(point + at);
    const low = f32x4.eq(p, v128.load(box + at));
    if (v128.any_true(v128.or(low, f32x4.eq(p, v128.load(box + bytes + at))))) return true;
  }
  const p = v128.load(point + at);
  const low = f32x4.eq(p, v128.load(box + at));
  const either = v128.or(low, f32x4.eq(p, v128.load(box + bytes + at)));
  return v128.any_true(v128.and(v128.load(forest, TAIL_MASK), either));
}

/** Takes one occurrence of the leaf's point out of the tree, which holds at least two points. */
export function remove(forest: usize, tree: usize, leaf: u32): void {
  const leaves = capacity(forest);
  const address = leafAt(forest, tree, leaf);
  const mass = load<u16>(address, 4);
  if (mass > 1) {
    store<u16>(address, mass - 1, 4);
    return;
  }
  const point = pointOf(forest, address);
  const stored = load<u32>(address);
  const id: u32 = load<u16>(address, 6);
  const node = nodeAt(tree, id);
  const left: u32 = load<u16>(node, LEFT);
  const sibling: u32 = left === leaf ? load<u16>(node, RIGHT) : left;
  const above: u32 = load<u16>(node, PARENT);
  setParent(forest, tree, sibling, above);
  const boxSize = pointSize(forest) << 1;
  const boxes = load<usize>(forest, BOXES);
  if (load<u32>(node, BOX) !== NO_BOX) give(forest, FREE_BOX, boxes, boxSize, load<u32>(node, BOX));
  store<u16>(node, <u16>load<u32>(tree, FREE_NODE), LEFT);
  store<u32>(tree, id, FREE_NODE);
  store<u16>(address, <u16>load<u32>(tree, FREE_LEAF), 6);
  store<u32>(tree, leaf, FREE_LEAF);
  if (above === NONE) {
    store<u32>(tree, sibling, ROOT);
  } else {
    replaceChild(tree, above, id, sibling);
    let up = above;
    const upper = nodeAt(tree, up);
    if (load<u16>(upper, LEFT) >= leaves && load<u16>(upper, RIGHT) >= leaves) {
      give(forest, FREE_BOX, boxes, boxSize, load<u32>(upper, BOX));
      store<u32>(upper, NO_BOX, BOX);
      up = load<u16>(upper, PARENT);
    }
    const scratch = load<usize>(forest, SCRATCH);
    while (up !== NONE) {
      const box = boxAt(forest, load<u32>(nodeAt(tree, up), BOX));
      if (!touches(forest, box, point)) break;
      span(forest, tree, up, scratch);
      copy(box, scratch, boxSize);
      up = load<u16>(nodeAt(tree, up), PARENT);
    }
  }
  const references = load<usize>(forest, REFERENCES) + ((<usize>stored) << 1);
  const left16 = load<u16>(references) - 1;
  store<u16>(references, left16);
  if (left16 === 0) give(forest, FREE_POINT, load<usize>(forest, POINTS), pointSize(forest), stored);
}

/** Makes the tree empty: all nodes and leaves on their chains. */
export function clear(forest: usize, tree: usize): void {
  const leaves = capacity(forest);
  store<u32>(tree, NONE, ROOT);
  store<u32>(tree, 0, FREE_NODE);
  store<u32>(tree, leaves, FREE_LEAF);
  for (let i: u32 = 0; i < leaves; i++) {
    store<u16>(nodeAt(tree, i), <u16>(i + 1), LEFT);
    store<u16>(leafAt(forest, tree, leaves + i), <u16>(leaves + i + 1), 6);
  }
}

/** Takes over a saved leaf. */
export function adoptLeaf(forest: usize, tree: usize, point: u32, mass: u32): u32 {
  const leaf = newLeaf(forest, tree, point);
  store<u16>(leafAt(forest, tree, leaf), <u16>mass, 4);
  return leaf;
}

/** Takes over a saved node, its children taken over before. */
export function adoptNode(forest: usize, tree: usize, dimension: u32, cut: f32, left: u32, right: u32): u32 {
  const leaves = capacity(forest);
  const id = load<u32>(tree, FREE_NODE);
  const node = nodeAt(tree, id);
  store<u32>(tree, load<u16>(node, LEFT), FREE_NODE);
  store<f32>(node, cut, CUT);
  store<u16>(node, <u16>left, LEFT);
  store<u16>(node, <u16>right, RIGHT);
  store<u16>(node, <u16>dimension, DIMENSION);
  store<u16>(node, <u16>NONE, PARENT);
  store<u32>(node, NO_BOX, BOX);
  setParent(forest, tree, left, id);
  setParent(forest, tree, right, id);
  if (left < leaves || right < leaves) spanIntoBox(forest, tree, id);
  return id;
}
