// Where things lie in a tree over points of several coordinates. A tree's block: root, first free node, first free leaf; then
// nodes of 16 bytes {f32 cut, u16 left, u16 right, u16 dimension, u16 parent, u32 box}, then leaves of 8 bytes {u32 point,
// u16 mass, u16 parent}, then the heap. Ids: node i, leaf sampleSize + 1 + i. Points {coordinates, u16 leaves that name it} and
// boxes {low corner, high corner} lie in slabs that the forest's trees share, and are named by their addresses.
//
// A node of at most four points, two on either side, has no box: about half of a tree's nodes. Theirs is soon made from points
// that other trees read too.
import { DIMENSIONS, LEAVES, SAMPLE_SIZE, TAIL_MASK } from "./layout";

export const ROOT: usize = 0;
export const FREE_NODE: usize = 4;
export const FREE_LEAF: usize = 8;
export const CUT: usize = 16;
export const LEFT: usize = 20;
export const RIGHT: usize = 22;
export const DIMENSION: usize = 24;
export const PARENT: usize = 26;
export const BOX: usize = 28;
export const NONE: u32 = 0xffff;
export const NO_BOX: usize = 0;

export function nodeAt(tree: usize, node: u32): usize {
  return tree + ((<usize>node) << 4);
}

/** Ids from here on are leaves. */
export function firstLeaf(forest: usize): u32 {
  return load<u32>(forest, SAMPLE_SIZE) + 1;
}

/** Add eight times a leaf's id for its address. */
export function leafBase(forest: usize, tree: usize): usize {
  return tree + load<usize>(forest, LEAVES) - ((<usize>firstLeaf(forest)) << 3);
}

export function leafAt(forest: usize, tree: usize, leaf: u32): usize {
  return leafBase(forest, tree) + ((<usize>leaf) << 3);
}

/** Address of a leaf's point. */
export function pointOf(leaves: usize, leaf: u32): usize {
  return load<usize>(leaves + ((<usize>leaf) << 3));
}

/** Bytes of a point's coordinates. */
export function pointBytes(forest: usize): usize {
  return load<usize>(forest, DIMENSIONS) << 2;
}

/** Which of the last four lanes hold coordinates: what else a load brings in is somebody else's. */
export function tailMask(forest: usize): v128 {
  return v128.load(forest, TAIL_MASK);
}

export function parentOf(forest: usize, tree: usize, id: u32): u32 {
  return id < firstLeaf(forest) ? load<u16>(nodeAt(tree, id), PARENT) : load<u16>(leafAt(forest, tree, id), 6);
}

export function setParent(forest: usize, tree: usize, id: u32, parent: u32): void {
  if (id < firstLeaf(forest)) store<u16>(nodeAt(tree, id), <u16>parent, PARENT);
  else store<u16>(leafAt(forest, tree, id), <u16>parent, 6);
}

export function replaceChild(tree: usize, id: u32, from: u32, to: u32): void {
  const node = nodeAt(tree, id);
  if (load<u16>(node, LEFT) === from) store<u16>(node, <u16>to, LEFT);
  else store<u16>(node, <u16>to, RIGHT);
}

export function otherChild(node: usize, id: u32): u32 {
  const left: u32 = load<u16>(node, LEFT);
  const right: u32 = load<u16>(node, RIGHT);
  return select<u32>(right, left, left === id);
}

/** A leaf, or a node of two leaves. */
function isLow(tree: usize, id: u32, leaves: u32): bool {
  if (id >= leaves) return true;
  const node = nodeAt(tree, id);
  return <u32>load<u16>(node, LEFT) >= leaves && <u32>load<u16>(node, RIGHT) >= leaves;
}

/** Does a node of these children go without a box? */
export function boxless(forest: usize, tree: usize, left: u32, right: u32): bool {
  const leaves = firstLeaf(forest);
  return isLow(tree, left, leaves) && isLow(tree, right, leaves);
}

/** One step down towards the leaf in whose region the point lies; a leaf stays where it is. */
export function step(tree: usize, id: u32, leaves: u32, point: usize): u32 {
  const inner = id < leaves;
  const node = nodeAt(tree, select<u32>(id, 0, inner));
  const right = load<f32>(point + ((<usize>load<u16>(node, DIMENSION)) << 2)) > load<f32>(node, CUT);
  return select<u32>(load<u16>(node + select<usize>(2, 0, right), LEFT), id, inner);
}
