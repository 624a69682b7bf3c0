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
  PARTINGS,
  POINT_SIZE,
  POINTS,
  REFERENCES,
  SAMPLE_SIZE,
  SCRATCH,
  SIZE,
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

/** Bytes of a stored point: two coordinates as they are, else zeros up to a multiple of four, so that nothing needs a mask. */
function pointSize(forest: usize): usize {
  return load<usize>(forest, POINT_SIZE);
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

function equal(a: usize, b: usize, bytes: usize): bool {
  if (bytes === 8) return load<f32>(a) === load<f32>(b) && load<f32>(a, 4) === load<f32>(b, 4);
  for (let at: usize = 0; at < bytes; at += 16)
    if (v128.any_true(f32x4.ne(v128.load(a + at), v128.load(b + at)))) return false;
  return true;
}

function acrossLanes(lanes: v128): f64 {
  const halves = f32x4.add(lanes, v128.shuffle<i32>(lanes, lanes, 2, 3, 0, 1));
  return <f64>(f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1));
}

/** The probability that a random cut parts the point from the node's box; 0 inside. */
function parting(forest: usize, tree: usize, id: u32, point: usize): f64 {
  const bytes = pointSize(forest);
  const zero = f32x4.splat(0);
  const node = nodeAt(tree, id);
  const entry = load<u32>(node, BOX);
  let box = load<usize>(forest, SCRATCH);
  if (entry !== NO_BOX) box = boxAt(forest, entry);
  else boxOf(forest, tree, id, box);
  if (bytes === 8) return parting2(v128.load(box), v128.load64_splat(point));
  let out = zero;
  let range = zero;
  for (let at: usize = 0; at < bytes; at += 16) {
    const p = v128.load(point + at);
    const l = v128.load(box + at);
    const h = v128.load(box + bytes + at);
    out = f32x4.add(out, f32x4.pmax(zero, f32x4.pmax(f32x4.sub(l, p), f32x4.sub(p, h))));
    range = f32x4.add(range, f32x4.sub(h, l));
  }
  const distance = acrossLanes(out);
  return distance === 0 ? 0 : distance / (distance + acrossLanes(range));
}

/** The same for a box {low, low, high, high} and a point that is there twice. */
function parting2(box: v128, point: v128): f64 {
  const upper = i32x4(0, 0, i32.MIN_VALUE, i32.MIN_VALUE);
  const distance = acrossLanes(f32x4.pmax(f32x4.splat(0), v128.xor(f32x4.sub(box, point), upper)));
  const sides = f32x4.sub(box, v128.shuffle<i32>(box, box, 2, 3, 0, 1));
  const range = <f64>(f32x4.extract_lane(sides, 2) + f32x4.extract_lane(sides, 3));
  return distance === 0 ? 0 : distance / (distance + range);
}

/** What a leaf that equals the point scores. */
function seen(forest: usize, mass: u32, depth: i32): f64 {
  const log = load<f64>(load<usize>(forest, LOG2) + ((<usize>(mass + 1)) << 3));
  return (1 - <f64>mass / <f64>(2 * load<i32>(forest, SIZE))) / (<f64>depth + log);
}

/**
 * The tree's part of the score, before normalisation, from the leaf and its depth upwards. Leaves the probabilities of parting
 * in the forest's PARTINGS, the leaf's parent's first, for `insertAt`.
 */
export function scoreAt(forest: usize, tree: usize, leaf: u32, leafDepth: i32, point: usize): f64 {
  const address = leafAt(forest, tree, leaf);
  if (equal(pointOf(forest, address), point, pointSize(forest))) return seen(forest, load<u16>(address, 4), leafDepth);
  const inverse = load<usize>(forest, INVERSE);
  let depth = (<usize>leafDepth) << 3;
  let score = load<f64>(inverse + depth);
  let partings = load<usize>(forest, PARTINGS);
  for (let id: u32 = load<u16>(address, 6); id !== NONE; id = load<u16>(nodeAt(tree, id), PARENT)) {
    depth -= 8;
    const p = parting(forest, tree, id, point);
    store<f64>(partings, p);
    partings += 8;
    if (p === 0) break;
    score = p * load<f64>(inverse + depth) + (1 - p) * score;
  }
  return score;
}

/** `scoreAt` for two coordinates: a box is one vector. */
export function scoreAt2(forest: usize, tree: usize, leaf: u32, leafDepth: i32, point: usize): f64 {
  const leaves = tree + load<usize>(forest, LEAVES) - (capacity(forest) << 3);
  const points = load<usize>(forest, POINTS);
  const address = leaves + ((<usize>leaf) << 3);
  const at = points + ((<usize>load<u32>(address)) << 3);
  if (load<f32>(at) === load<f32>(point) && load<f32>(at, 4) === load<f32>(point, 4))
    return seen(forest, load<u16>(address, 4), leafDepth);
  const p = v128.load64_splat(point);
  const boxes = load<usize>(forest, BOXES);
  const inverse = load<usize>(forest, INVERSE);
  let depth = (<usize>leafDepth) << 3;
  let score = load<f64>(inverse + depth);
  let partings = load<usize>(forest, PARTINGS);
  for (let id: u32 = load<u16>(address, 6); id !== NONE; ) {
    const node = nodeAt(tree, id);
    const entry = load<u32>(node, BOX);
    let box: v128;
    if (entry !== NO_BOX) {
      box = v128.load(boxes + ((<usize>entry) << 4));
    } else {
      const left = load<u32>(leaves + ((<usize>load<u16>(node, LEFT)) << 3));
      const right = load<u32>(leaves + ((<usize>load<u16>(node, RIGHT)) << 3));
      const a = v128.load64_splat(points + ((<usize>left) << 3));
      const b = v128.load64_splat(points + ((<usize>right) << 3));
      box = v128.shuffle<i32>(f32x4.pmin(a, b), f32x4.pmax(a, b), 0, 1, 6, 7);
    }
    depth -= 8;
    const parted = parting2(box, p);
    store<f64>(partings, parted);
    partings += 8;
    if (parted === 0) break;
    score = parted * load<f64>(inverse + depth) + (1 - parted) * score;
    id = load<u16>(node, PARENT);
  }
  return score;
}

/** `scoreAt` for three and four coordinates: the point stays in a register. */
export function scoreAt4(forest: usize, tree: usize, leaf: u32, leafDepth: i32, point: usize): f64 {
  const leaves = tree + load<usize>(forest, LEAVES) - (capacity(forest) << 3);
  const points = load<usize>(forest, POINTS);
  const address = leaves + ((<usize>leaf) << 3);
  const p = v128.load(point);
  const own = v128.load(points + ((<usize>load<u32>(address)) << 4));
  if (!v128.any_true(f32x4.ne(p, own))) return seen(forest, load<u16>(address, 4), leafDepth);
  const boxes = load<usize>(forest, BOXES);
  const inverse = load<usize>(forest, INVERSE);
  const zero = f32x4.splat(0);
  let depth = (<usize>leafDepth) << 3;
  let score = load<f64>(inverse + depth);
  let partings = load<usize>(forest, PARTINGS);
  for (let id: u32 = load<u16>(address, 6); id !== NONE; ) {
    const node = nodeAt(tree, id);
    const entry = load<u32>(node, BOX);
    let low: v128;
    let high: v128;
    if (entry !== NO_BOX) {
      const box = boxes + ((<usize>entry) << 5);
      low = v128.load(box);
      high = v128.load(box, 16);
    } else {
      const left = load<u32>(leaves + ((<usize>load<u16>(node, LEFT)) << 3));
      const right = load<u32>(leaves + ((<usize>load<u16>(node, RIGHT)) << 3));
      const a = v128.load(points + ((<usize>left) << 4));
      const b = v128.load(points + ((<usize>right) << 4));
      low = f32x4.pmin(a, b);
      high = f32x4.pmax(a, b);
    }
    depth -= 8;
    const distance = acrossLanes(f32x4.pmax(zero, f32x4.pmax(f32x4.sub(low, p), f32x4.sub(p, high))));
    const parted = distance === 0 ? 0 : distance / (distance + acrossLanes(f32x4.sub(high, low)));
    store<f64>(partings, parted);
    partings += 8;
    if (parted === 0) break;
    score = parted * load<f64>(inverse + depth) + (1 - parted) * score;
    id = load<u16>(node, PARENT);
  }
  return score;
}

/** `scoreAt` for five to eight coordinates: the point stays in two registers. */
export function scoreAt8(forest: usize, tree: usize, leaf: u32, leafDepth: i32, point: usize): f64 {
  const bytes: usize = 32;
  const leaves = tree + load<usize>(forest, LEAVES) - (capacity(forest) << 3);
  const points = load<usize>(forest, POINTS);
  const address = leaves + ((<usize>leaf) << 3);
  const at = points + <usize>load<u32>(address) * bytes;
  const p0 = v128.load(point);
  const p1 = v128.load(point, 16);
  const different = v128.or(f32x4.ne(p0, v128.load(at)), f32x4.ne(p1, v128.load(at, 16)));
  if (!v128.any_true(different)) return seen(forest, load<u16>(address, 4), leafDepth);
  const boxes = load<usize>(forest, BOXES);
  const inverse = load<usize>(forest, INVERSE);
  const zero = f32x4.splat(0);
  let depth = (<usize>leafDepth) << 3;
  let score = load<f64>(inverse + depth);
  let partings = load<usize>(forest, PARTINGS);
  for (let id: u32 = load<u16>(address, 6); id !== NONE; ) {
    const node = nodeAt(tree, id);
    const entry = load<u32>(node, BOX);
    let l0: v128;
    let l1: v128;
    let h0: v128;
    let h1: v128;
    if (entry !== NO_BOX) {
      const low = boxes + <usize>entry * (bytes << 1);
      const high = low + bytes;
      l0 = v128.load(low);
      l1 = v128.load(low, 16);
      h0 = v128.load(high);
      h1 = v128.load(high, 16);
    } else {
      const a = points + <usize>load<u32>(leaves + ((<usize>load<u16>(node, LEFT)) << 3)) * bytes;
      const b = points + <usize>load<u32>(leaves + ((<usize>load<u16>(node, RIGHT)) << 3)) * bytes;
      const a0 = v128.load(a);
      const a1 = v128.load(a, 16);
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      l0 = f32x4.pmin(a0, b0);
      l1 = f32x4.pmin(a1, b1);
      h0 = f32x4.pmax(a0, b0);
      h1 = f32x4.pmax(a1, b1);
    }
    depth -= 8;
    const out0 = f32x4.pmax(zero, f32x4.pmax(f32x4.sub(l0, p0), f32x4.sub(p0, h0)));
    const out1 = f32x4.pmax(zero, f32x4.pmax(f32x4.sub(l1, p1), f32x4.sub(p1, h1)));
    const distance = acrossLanes(f32x4.add(out0, out1));
    const range = acrossLanes(f32x4.add(f32x4.sub(h0, l0), f32x4.sub(h1, l1)));
    const parted = distance === 0 ? 0 : distance / (distance + range);
    store<f64>(partings, parted);
    partings += 8;
    if (distance === 0) break;
    score = parted * load<f64>(inverse + depth) + (1 - parted) * score;
    id = load<u16>(node, PARENT);
  }
  return score;
}

/** Makes the box at `box`, low corner then high, just hold the point. */
function startFrom(box: usize, point: usize, bytes: usize): void {
  if (bytes === 8) {
    v128.store(box, v128.load64_splat(point));
    return;
  }
  for (let at: usize = 0; at < bytes; at += 16) {
    const p = v128.load(point + at);
    v128.store(box + at, p);
    v128.store(box + bytes + at, p);
  }
}

function startFromBox(box: usize, other: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes << 1; at += 16) v128.store(box + at, v128.load(other + at));
}

function union2(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(f32x4.pmin(a, b), f32x4.pmax(a, b), 0, 1, 6, 7);
}

/** Stretches the box to hold the point too; false if it did already. */
function grow(box: usize, point: usize, bytes: usize): bool {
  if (bytes === 8) {
    const old = v128.load(box);
    const grown = union2(old, v128.load64_splat(point));
    v128.store(box, grown);
    return v128.any_true(f32x4.ne(old, grown));
  }
  let changed = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const p = v128.load(point + at);
    const low = v128.load(box + at);
    const high = v128.load(box + bytes + at);
    changed = v128.or(changed, v128.or(f32x4.lt(p, low), f32x4.gt(p, high)));
    v128.store(box + at, f32x4.pmin(low, p));
    v128.store(box + bytes + at, f32x4.pmax(high, p));
  }
  return v128.any_true(changed);
}

function growByBox(box: usize, other: usize, bytes: usize): void {
  if (bytes === 8) {
    v128.store(box, union2(v128.load(box), v128.load(other)));
    return;
  }
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(box + at, f32x4.pmin(v128.load(box + at), v128.load(other + at)));
    const high = box + bytes + at;
    v128.store(high, f32x4.pmax(v128.load(high), v128.load(other + bytes + at)));
  }
}

/** Writes the box of the leaf's or node's points to `box`. */
function boxOf(forest: usize, tree: usize, id: u32, box: usize): void {
  const bytes = pointSize(forest);
  if (id >= capacity(forest)) {
    startFrom(box, pointOf(forest, leafAt(forest, tree, id)), bytes);
    return;
  }
  const node = nodeAt(tree, id);
  const entry = load<u32>(node, BOX);
  if (entry !== NO_BOX) {
    startFromBox(box, boxAt(forest, entry), bytes);
    return;
  }
  startFrom(box, pointOf(forest, leafAt(forest, tree, load<u16>(node, LEFT))), bytes);
  grow(box, pointOf(forest, leafAt(forest, tree, load<u16>(node, RIGHT))), bytes);
}

/** Stretches the box to hold the leaf's or node's points too. */
function unite(forest: usize, tree: usize, id: u32, box: usize): void {
  const bytes = pointSize(forest);
  if (id >= capacity(forest)) {
    grow(box, pointOf(forest, leafAt(forest, tree, id)), bytes);
    return;
  }
  const node = nodeAt(tree, id);
  const entry = load<u32>(node, BOX);
  if (entry !== NO_BOX) {
    growByBox(box, boxAt(forest, entry), bytes);
    return;
  }
  grow(box, pointOf(forest, leafAt(forest, tree, load<u16>(node, LEFT))), bytes);
  grow(box, pointOf(forest, leafAt(forest, tree, load<u16>(node, RIGHT))), bytes);
}

function newBox(forest: usize, node: usize): usize {
  const box = take(forest, FREE_BOX, load<usize>(forest, BOXES), pointSize(forest) << 1);
  store<u32>(node, box, BOX);
  return boxAt(forest, box);
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

/** A cut uniform over the gaps between the box and the point, into the node; true if the point comes left of it. */
function chooseCut(forest: usize, node: usize, box: usize, point: usize): bool {
  const bytes = pointSize(forest);
  const used = load<usize>(forest, DIMENSIONS) << 2;
  const high = box + bytes;
  let total: f64 = 0;
  for (let at: usize = 0; at < used; at += 4) total += gap(box, high, point, at);
  let rest = uniform(forest) * total;
  let chosen: usize = 0;
  for (let at: usize = 0; at < used; at += 4) {
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
 * Adds the point, which is entry `stored` of the slab, at the leaf that it descends to. Returns its leaf. If it was just
 * scored there, the probabilities of parting are at hand.
 */
export function insertAt(forest: usize, tree: usize, leaf: u32, point: usize, stored: u32, scored: bool): u32 {
  const leaves = capacity(forest);
  const address = leafAt(forest, tree, leaf);
  const bytes = pointSize(forest);
  if (equal(pointOf(forest, address), point, bytes)) {
    store<u16>(address, load<u16>(address, 4) + 1, 4);
    return leaf;
  }
  let below = leaf;
  let partings = load<usize>(forest, PARTINGS);
  for (let id: u32 = load<u16>(address, 6); id !== NONE; id = load<u16>(nodeAt(tree, id), PARENT)) {
    const p = scored ? load<f64>(partings) : parting(forest, tree, id, point);
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
  store<u32>(node, NO_BOX, BOX);
  setParent(forest, tree, added, id);
  setParent(forest, tree, below, id);
  grow(box, point, bytes);
  if (below < leaves) startFromBox(newBox(forest, node), box, bytes);
  if (above === NONE) {
    store<u32>(tree, id, ROOT);
    return added;
  }
  replaceChild(tree, above, below, id);
  let up = above;
  const upper = nodeAt(tree, up);
  if (load<u32>(upper, BOX) === NO_BOX) {
    // It had two leaves; now the new node stands in place of one.
    unite(forest, tree, otherChild(upper, id), box);
    startFromBox(newBox(forest, upper), box, bytes);
    up = load<u16>(upper, PARENT);
  }
  while (up !== NONE && grow(boxAt(forest, load<u32>(nodeAt(tree, up), BOX)), point, bytes))
    up = load<u16>(nodeAt(tree, up), PARENT);
  return added;
}

function otherChild(node: usize, id: u32): u32 {
  const left: u32 = load<u16>(node, LEFT);
  return left === id ? load<u16>(node, RIGHT) : left;
}

/** Adds the first point. */
export function insertFirst(forest: usize, tree: usize, stored: u32): u32 {
  const added = newLeaf(forest, tree, stored);
  store<u32>(tree, added, ROOT);
  return added;
}

/** Does the point touch a side of the box? Only then can the box shrink when the point goes. */
function touches(box: usize, point: usize, bytes: usize, used: usize): bool {
  if (bytes === 8) return v128.any_true(f32x4.eq(v128.load(box), v128.load64_splat(point)));
  let at: usize = 0;
  for (; at + 16 <= used; at += 16) {
    const p = v128.load(point + at);
    const low = f32x4.eq(p, v128.load(box + at));
    if (v128.any_true(v128.or(low, f32x4.eq(p, v128.load(box + bytes + at))))) return true;
  }
  for (; at < used; at += 4) {
    const p = load<f32>(point + at);
    if (p === load<f32>(box + at) || p === load<f32>(box + bytes + at)) return true;
  }
  return false;
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
  const bytes = pointSize(forest);
  const boxSize = bytes << 1;
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
    const used = load<usize>(forest, DIMENSIONS) << 2;
    let from = up === above ? sibling : above;
    const box = load<usize>(forest, SCRATCH);
    let started = false;
    // The new box of what hangs below on this side, grown by the other side level by level.
    while (up !== NONE) {
      const next = nodeAt(tree, up);
      const old = boxAt(forest, load<u32>(next, BOX));
      if (!touches(old, point, bytes, used)) break;
      if (!started) boxOf(forest, tree, from, box);
      started = true;
      unite(forest, tree, otherChild(next, from), box);
      startFromBox(old, box, bytes);
      from = up;
      up = load<u16>(next, PARENT);
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
  if (left < leaves || right < leaves) {
    const box = load<usize>(forest, SCRATCH);
    boxOf(forest, tree, left, box);
    unite(forest, tree, right, box);
    startFromBox(newBox(forest, node), box, pointSize(forest));
  }
  return id;
}
