// A tree's part of the score, before normalisation: from the leaf that the point descends to up to the first box that holds it.
// Each leaves the probabilities of parting in the forest's PARTINGS, the leaf's parent's first, for `insertAt`.
import { boxOf, equal, startFrom, uniteLow } from "./cut-tree-boxes";
import {
  BOX,
  firstLeaf,
  LEFT,
  leafAt,
  leafBase,
  NO_BOX,
  NONE,
  nodeAt,
  otherChild,
  PARENT,
  pointBytes,
  pointOf,
  RIGHT,
  tailMask,
} from "./cut-tree-nodes";
import { INVERSE, LOG2, PARTINGS, SCRATCH, SIZE } from "./layout";

/** What a leaf that equals the point scores. */
function seen(forest: usize, mass: u32, depth: i32): f64 {
  const log = load<f64>(load<usize>(forest, LOG2) + ((<usize>(mass + 1)) << 3));
  return (1 - <f64>mass / <f64>(2 * load<i32>(forest, SIZE))) / (<f64>depth + log);
}

function acrossLanes(lanes: v128): f64 {
  const halves = f32x4.add(lanes, v128.shuffle<i32>(lanes, lanes, 2, 3, 0, 1));
  return <f64>(f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1));
}

/** How far outside of the box the point is, lane by lane. */
function outside(low: v128, high: v128, point: v128): v128 {
  return f32x4.pmax(f32x4.splat(0), f32x4.pmax(f32x4.sub(low, point), f32x4.sub(point, high)));
}

/** The probability that a random cut of the node's points and this one parts this one from them; 0 inside their box. */
export function partingAt(forest: usize, tree: usize, id: u32, point: usize): f64 {
  let box = load<usize>(nodeAt(tree, id), BOX);
  if (box === NO_BOX) {
    box = load<usize>(forest, SCRATCH);
    boxOf(forest, tree, id, box);
  }
  return parting(forest, box, point);
}

function parting(forest: usize, box: usize, point: usize): f64 {
  const bytes = pointBytes(forest);
  if (bytes === 8) return parting2(v128.load(box), v128.load64_splat(point));
  let out = f32x4.splat(0);
  let range = f32x4.splat(0);
  let at: usize = 0;
  for (; at + 16 < bytes; at += 16) {
    const low = v128.load(box + at);
    const high = v128.load(box + bytes + at);
    out = f32x4.add(out, outside(low, high, v128.load(point + at)));
    range = f32x4.add(range, f32x4.sub(high, low));
  }
  const mask = tailMask(forest);
  const low = v128.load(box + at);
  const high = v128.load(box + bytes + at);
  out = f32x4.add(out, v128.and(outside(low, high, v128.load(point + at)), mask));
  range = f32x4.add(range, v128.and(f32x4.sub(high, low), mask));
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

/** For any number of coordinates. */
export function scoreAt(forest: usize, tree: usize, leaf: u32, leafDepth: i32, point: usize): f64 {
  const address = leafAt(forest, tree, leaf);
  const own = load<usize>(address);
  if (equal(forest, own, point)) return seen(forest, load<u16>(address, 4), leafDepth);
  const scratch = load<usize>(forest, SCRATCH);
  startFrom(scratch, own, pointBytes(forest));
  const inverse = load<usize>(forest, INVERSE);
  let depth = (<usize>leafDepth) << 3;
  let score = load<f64>(inverse + depth);
  let partings = load<usize>(forest, PARTINGS);
  let child = leaf;
  for (let id: u32 = load<u16>(address, 6); id !== NONE; ) {
    const node = nodeAt(tree, id);
    let box = load<usize>(node, BOX);
    if (box === NO_BOX) {
      uniteLow(forest, tree, otherChild(node, child), scratch);
      box = scratch;
    }
    depth -= 8;
    const parted = parting(forest, box, point);
    store<f64>(partings, parted);
    partings += 8;
    if (parted === 0) break;
    score = parted * load<f64>(inverse + depth) + (1 - parted) * score;
    child = id;
    id = load<u16>(node, PARENT);
  }
  return score;
}

/** The box of {low, low, high, high} and another one, or a point that is there twice. */
function union2(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(f32x4.pmin(a, b), f32x4.pmax(a, b), 0, 1, 6, 7);
}

/** `scoreAt` for two coordinates: a box is one vector. */
export function scoreAt2(forest: usize, tree: usize, leaf: u32, leafDepth: i32, point: usize): f64 {
  const inner = firstLeaf(forest);
  const leaves = leafBase(forest, tree);
  const address = leaves + ((<usize>leaf) << 3);
  const own = load<usize>(address);
  if (load<u64>(own) === load<u64>(point)) return seen(forest, load<u16>(address, 4), leafDepth);
  const p = v128.load64_splat(point);
  const inverse = load<usize>(forest, INVERSE);
  let depth = (<usize>leafDepth) << 3;
  let score = load<f64>(inverse + depth);
  let partings = load<usize>(forest, PARTINGS);
  let box = v128.load64_splat(own);
  let child = leaf;
  for (let id: u32 = load<u16>(address, 6); id !== NONE; ) {
    const node = nodeAt(tree, id);
    const kept = load<usize>(node, BOX);
    if (kept !== NO_BOX) {
      box = v128.load(kept);
    } else {
      const other = otherChild(node, child);
      if (other >= inner) {
        box = union2(box, v128.load64_splat(pointOf(leaves, other)));
      } else {
        const low = nodeAt(tree, other);
        box = union2(box, v128.load64_splat(pointOf(leaves, load<u16>(low, LEFT))));
        box = union2(box, v128.load64_splat(pointOf(leaves, load<u16>(low, RIGHT))));
      }
    }
    depth -= 8;
    const parted = parting2(box, p);
    store<f64>(partings, parted);
    partings += 8;
    if (parted === 0) break;
    score = parted * load<f64>(inverse + depth) + (1 - parted) * score;
    child = id;
    id = load<u16>(node, PARENT);
  }
  return score;
}

/** `scoreAt` for three and four coordinates: the point stays in a register. */
export function scoreAt4(forest: usize, tree: usize, leaf: u32, leafDepth: i32, point: usize): f64 {
  const bytes = pointBytes(forest);
  const mask = tailMask(forest);
  const inner = firstLeaf(forest);
  const leaves = leafBase(forest, tree);
  const address = leaves + ((<usize>leaf) << 3);
  const p = v128.load(point);
  let low = v128.load(load<usize>(address));
  let high = low;
  if (!v128.any_true(v128.and(f32x4.ne(p, low), mask))) return seen(forest, load<u16>(address, 4), leafDepth);
  const inverse = load<usize>(forest, INVERSE);
  let depth = (<usize>leafDepth) << 3;
  let score = load<f64>(inverse + depth);
  let partings = load<usize>(forest, PARTINGS);
  let child = leaf;
  for (let id: u32 = load<u16>(address, 6); id !== NONE; ) {
    const node = nodeAt(tree, id);
    const box = load<usize>(node, BOX);
    if (box !== NO_BOX) {
      low = v128.load(box);
      high = v128.load(box + bytes);
    } else {
      const other = otherChild(node, child);
      if (other >= inner) {
        const a = v128.load(pointOf(leaves, other));
        low = f32x4.pmin(low, a);
        high = f32x4.pmax(high, a);
      } else {
        const pair = nodeAt(tree, other);
        const a = v128.load(pointOf(leaves, load<u16>(pair, LEFT)));
        const b = v128.load(pointOf(leaves, load<u16>(pair, RIGHT)));
        low = f32x4.pmin(low, f32x4.pmin(a, b));
        high = f32x4.pmax(high, f32x4.pmax(a, b));
      }
    }
    depth -= 8;
    const distance = acrossLanes(v128.and(outside(low, high, p), mask));
    const parted = distance === 0 ? 0 : distance / (distance + acrossLanes(v128.and(f32x4.sub(high, low), mask)));
    store<f64>(partings, parted);
    partings += 8;
    if (parted === 0) break;
    score = parted * load<f64>(inverse + depth) + (1 - parted) * score;
    child = id;
    id = load<u16>(node, PARENT);
  }
  return score;
}

/** `scoreAt` for five to eight coordinates: the point stays in two registers. */
export function scoreAt8(forest: usize, tree: usize, leaf: u32, leafDepth: i32, point: usize): f64 {
  const bytes = pointBytes(forest);
  const mask = tailMask(forest);
  const inner = firstLeaf(forest);
  const leaves = leafBase(forest, tree);
  const address = leaves + ((<usize>leaf) << 3);
  const own = load<usize>(address);
  const p0 = v128.load(point);
  const p1 = v128.load(point, 16);
  let l0 = v128.load(own);
  let l1 = v128.load(own, 16);
  let h0 = l0;
  let h1 = l1;
  const different = v128.or(f32x4.ne(p0, l0), v128.and(f32x4.ne(p1, l1), mask));
  if (!v128.any_true(different)) return seen(forest, load<u16>(address, 4), leafDepth);
  const inverse = load<usize>(forest, INVERSE);
  let depth = (<usize>leafDepth) << 3;
  let score = load<f64>(inverse + depth);
  let partings = load<usize>(forest, PARTINGS);
  let child = leaf;
  for (let id: u32 = load<u16>(address, 6); id !== NONE; ) {
    const node = nodeAt(tree, id);
    const box = load<usize>(node, BOX);
    if (box !== NO_BOX) {
      const corner = box + bytes;
      l0 = v128.load(box);
      l1 = v128.load(box, 16);
      h0 = v128.load(corner);
      h1 = v128.load(corner, 16);
    } else {
      const other = otherChild(node, child);
      if (other >= inner) {
        const a = pointOf(leaves, other);
        const a0 = v128.load(a);
        const a1 = v128.load(a, 16);
        l0 = f32x4.pmin(l0, a0);
        l1 = f32x4.pmin(l1, a1);
        h0 = f32x4.pmax(h0, a0);
        h1 = f32x4.pmax(h1, a1);
      } else {
        const pair = nodeAt(tree, other);
        const a = pointOf(leaves, load<u16>(pair, LEFT));
        const b = pointOf(leaves, load<u16>(pair, RIGHT));
        const a0 = v128.load(a);
        const a1 = v128.load(a, 16);
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        l0 = f32x4.pmin(l0, f32x4.pmin(a0, b0));
        l1 = f32x4.pmin(l1, f32x4.pmin(a1, b1));
        h0 = f32x4.pmax(h0, f32x4.pmax(a0, b0));
        h1 = f32x4.pmax(h1, f32x4.pmax(a1, b1));
      }
    }
    depth -= 8;
    const distance = acrossLanes(f32x4.add(outside(l0, h0, p0), v128.and(outside(l1, h1, p1), mask)));
    const range = acrossLanes(f32x4.add(f32x4.sub(h0, l0), v128.and(f32x4.sub(h1, l1), mask)));
    const parted = distance === 0 ? 0 : distance / (distance + range);
    store<f64>(partings, parted);
    partings += 8;
    if (distance === 0) break;
    score = parted * load<f64>(inverse + depth) + (1 - parted) * score;
    child = id;
    id = load<u16>(node, PARENT);
  }
  return score;
}
