// Trees over one dimension. A cut tree over sorted values is the Cartesian tree of the cuts by depth, so the tree is kept as
// sorted arrays: value i, and between values i-1 and i gap i with its cut and its node's depth. Gaps 0 and n are sentinels of
// depth -1 with cuts at -∞ and ∞; behind n values lies ∞. A node's box reaches from the nearest shallower gap on its
// left to the nearest on its right: no boxes are stored, and an insertion or deletion moves a few hundred bytes.
import { CUTS, DEPTHS, INVERSE, LOG2, MASSES, SAMPLE_SIZE, SIZE } from "./layout";
import { uniform } from "./random";

export const VALUES: usize = 16;

function count(tree: usize): i32 {
  return load<i32>(tree);
}

function value(tree: usize, i: i32): f32 {
  return load<f32>(tree + ((<usize>i) << 2), VALUES);
}

function depthAt(depths: usize, gap: i32): i32 {
  return load<i16>(depths + ((<usize>gap) << 1));
}

/** How many of the tree's values are ≤ point. */
export function find(tree: usize, capacity: i32, point: f32): i32 {
  let at = tree + VALUES;
  let length = <usize>capacity;
  while (length > 1) {
    const half = length >> 1;
    at += select<usize>(half << 2, 0, load<f32>(at + (half << 2) - 4) <= point);
    length -= half;
  }
  at += select<usize>(4, 0, load<f32>(at) <= point);
  return <i32>((at - tree - VALUES) >> 2);
}

/** The nearest gap left of `gap` that is shallower than `depth`. */
function shallowerLeft(depths: usize, gap: i32, depth: i32): i32 {
  const limit = i16x8.splat(<i16>depth);
  let at = gap - 8;
  while (true) {
    const mask = i16x8.bitmask(i16x8.lt_s(v128.load(depths + ((<usize>at) << 1)), limit));
    if (mask !== 0) return at + 31 - clz<i32>(mask);
    at -= 8;
  }
}

function shallowerRight(depths: usize, gap: i32, depth: i32): i32 {
  const limit = i16x8.splat(<i16>depth);
  let at = gap + 1;
  while (true) {
    const mask = i16x8.bitmask(i16x8.lt_s(v128.load(depths + ((<usize>at) << 1)), limit));
    if (mask !== 0) return at + ctz<i32>(mask);
    at += 8;
  }
}

/** The tree's part of the score, before normalisation; `gap` is what `find` gave. */
export function scoreAt(forest: usize, tree: usize, gap: i32, point: f32): f64 {
  const depths = tree + load<usize>(forest, DEPTHS);
  const inverse = load<usize>(forest, INVERSE);
  const below = value(tree, gap - 1);
  const parting = depthAt(depths, gap);
  // gap 0 reads the tree's count as a value: an integer's bits make a denormal number, so gap is asked first.
  if (gap > 0 && below === point) {
    const depth = max<i32>(depthAt(depths, gap - 1), parting) + 1;
    const mass = <i32>load<u16>(tree + load<usize>(forest, MASSES) + ((<usize>(gap - 1)) << 1));
    const size = load<i32>(forest, SIZE);
    const log = load<f64>(load<usize>(forest, LOG2) + ((<usize>(mass + 1)) << 3));
    return (1 - <f64>mass / <f64>(2 * size)) / (<f64>depth + log);
  }
  const cut = load<f32>(tree + load<usize>(forest, CUTS) + ((<usize>gap) << 2));
  if (point <= cut) {
    let node = gap - 1;
    let depth = depthAt(depths, node);
    let score = load<f64>(inverse + ((<usize>(max<i32>(depth, parting) + 1)) << 3));
    const out = <f64>(point - below);
    while (depth > parting) {
      const next = shallowerLeft(depths, node, depth);
      const p = out / (out + <f64>(below - value(tree, next)));
      score = p * load<f64>(inverse + ((<usize>depth) << 3)) + (1 - p) * score;
      node = next;
      depth = depthAt(depths, node);
    }
    return score;
  }
  let node = gap + 1;
  let depth = depthAt(depths, node);
  let score = load<f64>(inverse + ((<usize>(max<i32>(depth, parting) + 1)) << 3));
  const above = value(tree, gap);
  const out = <f64>(above - point);
  while (depth > parting) {
    const next = shallowerRight(depths, node, depth);
    const p = out / (out + <f64>(value(tree, next - 1) - above));
    score = p * load<f64>(inverse + ((<usize>depth) << 3)) + (1 - p) * score;
    node = next;
    depth = depthAt(depths, node);
  }
  return score;
}

/** Moves f32 entries from..to-1 one place up. */
function raiseFloats(array: usize, from: i32, to: i32): void {
  let at = array + ((<usize>to) << 2);
  const end = array + ((<usize>from) << 2);
  while (at >= end + 16) {
    at -= 16;
    v128.store(at + 4, v128.load(at));
  }
  while (at > end) {
    at -= 4;
    store<f32>(at + 4, load<f32>(at));
  }
}

function raiseShorts(array: usize, from: i32, to: i32): void {
  let at = array + ((<usize>to) << 1);
  const end = array + ((<usize>from) << 1);
  while (at >= end + 16) {
    at -= 16;
    v128.store(at + 2, v128.load(at));
  }
  while (at > end) {
    at -= 2;
    store<u16>(at + 2, load<u16>(at));
  }
}

/** Moves f32 entries from..to-1 one place down; what follows `to` moves along for up to three places, and is padding. */
function lowerFloats(array: usize, from: i32, to: i32): void {
  const end = array + ((<usize>to) << 2);
  for (let at = array + ((<usize>from) << 2); at < end; at += 16) v128.store(at - 4, v128.load(at));
}

function lowerShorts(array: usize, from: i32, to: i32): void {
  const end = array + ((<usize>to) << 1);
  for (let at = array + ((<usize>from) << 1); at < end; at += 16) v128.store(at - 2, v128.load(at));
}

/** Adds to the depths of gaps from..to-1. */
function deepen(depths: usize, from: i32, to: i32, by: i32): void {
  let at = depths + ((<usize>from) << 1);
  const end = depths + ((<usize>to) << 1);
  const eight = i16x8.splat(<i16>by);
  while (at + 16 <= end) {
    v128.store(at, i16x8.add(v128.load(at), eight));
    at += 16;
  }
  while (at < end) {
    store<i16>(at, <i16>(<i32>load<i16>(at) + by));
    at += 2;
  }
}

/** Adds the point where `find` put it. */
export function insertAt(forest: usize, tree: usize, gap: i32, point: f32): void {
  const n = count(tree);
  const masses = tree + load<usize>(forest, MASSES);
  const cuts = tree + load<usize>(forest, CUTS);
  const depths = tree + load<usize>(forest, DEPTHS);
  if (n > 0) {
    if (gap > 0 && value(tree, gap - 1) === point) {
      const mass = masses + ((<usize>(gap - 1)) << 1);
      store<u16>(mass, load<u16>(mass) + 1);
      return;
    }
    const parting = depthAt(depths, gap);
    const toRight = point <= load<f32>(cuts + ((<usize>gap) << 2));
    const nearest = toRight ? value(tree, gap - 1) : value(tree, gap);
    const out = toRight ? point - nearest : nearest - point;
    const step = toRight ? -1 : 1;
    // The new node goes above the highest box that a random cut parts from the point: at that node's depth.
    let node = gap + step;
    let depth = depthAt(depths, node);
    let newDepth = max<i32>(depth, parting) + 1;
    let reach = gap;
    while (depth > parting) {
      const next = toRight ? shallowerLeft(depths, node, depth) : shallowerRight(depths, node, depth);
      const range = toRight ? nearest - value(tree, next) : value(tree, next - 1) - nearest;
      if (uniform(forest) < <f64>out / (<f64>out + <f64>range)) {
        newDepth = depth;
        reach = next;
      }
      node = next;
      depth = depthAt(depths, node);
    }
    const from = toRight ? nearest : point;
    const to = toRight ? point : nearest;
    let cut = <f32>(<f64>from + uniform(forest) * <f64>out);
    if (!(cut < to)) cut = from;
    const place = toRight ? gap : gap + 1;
    // reach === gap: only the leaf is below the new node. Else the gaps between `reach` and `gap` go one deeper.
    if (reach !== gap) {
      if (toRight) deepen(depths, reach + 1, gap, 1);
      else deepen(depths, gap + 1, reach, 1);
    }
    raiseFloats(cuts, place, n + 1);
    raiseShorts(depths, place, n + 1);
    store<f32>(cuts + ((<usize>place) << 2), cut);
    store<i16>(depths + ((<usize>place) << 1), <i16>newDepth);
  }
  raiseFloats(tree + VALUES, gap, n);
  raiseShorts(masses, gap, n);
  store<f32>(tree + VALUES + ((<usize>gap) << 2), point);
  store<u16>(masses + ((<usize>gap) << 1), 1);
  store<i32>(tree, n + 1);
}

/** Takes one occurrence of the value out of the tree, which holds at least two values. */
export function remove(forest: usize, tree: usize, point: f32): void {
  const n = count(tree);
  // While a sample is replaced the tree holds one value more than the sample size.
  const i = find(tree, load<i32>(forest, SAMPLE_SIZE) + 1, point) - 1;
  const masses = tree + load<usize>(forest, MASSES);
  const mass = masses + ((<usize>i) << 1);
  if (load<u16>(mass) > 1) {
    store<u16>(mass, load<u16>(mass) - 1);
    return;
  }
  const cuts = tree + load<usize>(forest, CUTS);
  const depths = tree + load<usize>(forest, DEPTHS);
  // The leaf's parent is the deeper of the gaps beside it; what hangs on the parent's other side rises by one.
  const left = depthAt(depths, i);
  const right = depthAt(depths, i + 1);
  let parent = i;
  if (left > right) {
    deepen(depths, shallowerLeft(depths, i, left) + 1, i, -1);
  } else {
    parent = i + 1;
    deepen(depths, parent + 1, shallowerRight(depths, parent, right), -1);
  }
  lowerFloats(cuts, parent + 1, n + 1);
  lowerShorts(depths, parent + 1, n + 1);
  // The ∞ behind the values moves too.
  lowerFloats(tree + VALUES, i + 1, n + 1);
  lowerShorts(masses, i + 1, n);
  store<i32>(tree, n - 1);
}

/** Makes the tree empty: ∞ behind the values, -1 around the gaps. */
export function clear(forest: usize, tree: usize): void {
  const places = load<i32>(forest, SAMPLE_SIZE) + 16;
  const cuts = tree + load<usize>(forest, CUTS);
  const depths = tree + load<usize>(forest, DEPTHS);
  store<i32>(tree, 0);
  for (let i = 0; i < places; i++) {
    store<f32>(tree + VALUES + ((<usize>i) << 2), <f32>Infinity);
    store<f32>(cuts + ((<usize>i) << 2), <f32>Infinity);
    store<i16>(depths + ((<usize>i) << 1), -1);
  }
  store<f32>(cuts, <f32>-Infinity);
}
