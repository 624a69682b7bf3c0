// The forest's inner loops. Compiled to WebAssembly by scripts/forest-kernel.mjs; ../kernel.wasm.ts holds the result.
import { step } from "./cut-tree-nodes";
import { scoreAt, scoreAt2, scoreAt4, scoreAt8 } from "./cut-tree-scores";
import * as trees from "./cut-trees";
import {
  DIMENSIONS,
  GROWTH,
  GROWTH_PER_POINT,
  HAZARD,
  HEAP_LEAVES,
  HEAP_WEIGHTS,
  LOG2,
  POINT,
  SAMPLE_SIZE,
  SIZE,
  TARGETS,
  TREE_BLOCKS,
  TREE_STRIDE,
  TREES,
} from "./layout";
import * as line from "./line";
import { exponential } from "./random";
import { push16, push32, replace16, replace32 } from "./reservoir";

/** The growth factor at which weights are rescaled. */
const RESCALE_AT: f64 = 1073741824.0;

export function lineClear(forest: usize): void {
  const stride = load<usize>(forest, TREE_STRIDE);
  const end = load<usize>(forest, TREE_BLOCKS) + stride * load<usize>(forest, TREES);
  for (let tree = load<usize>(forest, TREE_BLOCKS); tree < end; tree += stride) line.clear(forest, tree);
}

/** Scores the point at hand if asked, learns it if asked. Returns the score, 0 if not asked or the trees are empty. */
export function lineProcess(forest: usize, scoring: bool, learning: bool): f64 {
  const point = load<f32>(load<usize>(forest, POINT));
  const capacity = load<i32>(forest, SAMPLE_SIZE);
  const size = load<i32>(forest, SIZE);
  const count = load<i32>(forest, TREES);
  const stride = load<usize>(forest, TREE_STRIDE);
  const hazard = load<f64>(forest, HAZARD);
  const full = size === capacity;
  const scored = scoring && size > 0;
  const next = learning && full ? hazard + load<f64>(forest, GROWTH) : hazard;
  let tree = load<usize>(forest, TREE_BLOCKS);
  let target = load<usize>(forest, TARGETS);
  let sum: f64 = 0;
  let t = 0;
  // Four searches side by side: their loads wait for one another no longer.
  for (; t + 4 <= count; t += 4) {
    const tree1 = tree + stride;
    const tree2 = tree1 + stride;
    const tree3 = tree2 + stride;
    let at0: usize = tree + line.VALUES;
    let at1: usize = tree1 + line.VALUES;
    let at2: usize = tree2 + line.VALUES;
    let at3: usize = tree3 + line.VALUES;
    let length = <usize>capacity;
    while (length > 1) {
      const half = length >> 1;
      const step = half << 2;
      length -= half;
      at0 += select<usize>(step, 0, load<f32>(at0 + step - 4) <= point);
      at1 += select<usize>(step, 0, load<f32>(at1 + step - 4) <= point);
      at2 += select<usize>(step, 0, load<f32>(at2 + step - 4) <= point);
      at3 += select<usize>(step, 0, load<f32>(at3 + step - 4) <= point);
    }
    const gap0 = <i32>((at0 - tree - line.VALUES) >> 2) + select<i32>(1, 0, load<f32>(at0) <= point);
    const gap1 = <i32>((at1 - tree1 - line.VALUES) >> 2) + select<i32>(1, 0, load<f32>(at1) <= point);
    const gap2 = <i32>((at2 - tree2 - line.VALUES) >> 2) + select<i32>(1, 0, load<f32>(at2) <= point);
    const gap3 = <i32>((at3 - tree3 - line.VALUES) >> 2) + select<i32>(1, 0, load<f32>(at3) <= point);
    if (scored) {
      sum += line.scoreAt(forest, tree, gap0, point);
      sum += line.scoreAt(forest, tree1, gap1, point);
      sum += line.scoreAt(forest, tree2, gap2, point);
      sum += line.scoreAt(forest, tree3, gap3, point);
    }
    if (learning) {
      if (!full || load<f64>(target) <= next) lineLearn(forest, tree, gap0, point, target, next);
      if (!full || load<f64>(target, 8) <= next) lineLearn(forest, tree1, gap1, point, target + 8, next);
      if (!full || load<f64>(target, 16) <= next) lineLearn(forest, tree2, gap2, point, target + 16, next);
      if (!full || load<f64>(target, 24) <= next) lineLearn(forest, tree3, gap3, point, target + 24, next);
    }
    tree = tree3 + stride;
    target += 32;
  }
  for (; t < count; t++) {
    const gap = line.find(tree, capacity, point);
    if (scored) sum += line.scoreAt(forest, tree, gap, point);
    if (learning && (!full || load<f64>(target) <= next)) lineLearn(forest, tree, gap, point, target, next);
    tree += stride;
    target += 8;
  }
  if (learning) advance(forest, next);
  return scored ? normalised(forest, sum, size) : 0;
}

/** After a point was learnt: time goes on. */
function advance(forest: usize, hazard: f64): void {
  const size = load<i32>(forest, SIZE);
  store<f64>(forest, hazard, HAZARD);
  if (size < load<i32>(forest, SAMPLE_SIZE)) store<i32>(forest, size + 1, SIZE);
  const growth = load<f64>(forest, GROWTH) * load<f64>(forest, GROWTH_PER_POINT);
  store<f64>(forest, growth, GROWTH);
  if (growth > RESCALE_AT) rescale(forest, growth);
}

function normalised(forest: usize, sum: f64, size: i32): f64 {
  return (sum * load<f64>(load<usize>(forest, LOG2) + ((<usize>(size + 1)) << 3))) / <f64>load<i32>(forest, TREES);
}

function lineLearn(forest: usize, tree: usize, gap: i32, point: f32, target: usize, hazard: f64): void {
  const capacity = load<i32>(forest, SAMPLE_SIZE);
  const size = load<i32>(forest, SIZE);
  const weights = tree + load<usize>(forest, HEAP_WEIGHTS);
  const entries = tree + load<usize>(forest, HEAP_LEAVES);
  const entry = reinterpret<u32>(point);
  const growth = load<f64>(forest, GROWTH);
  if (size < capacity) {
    const weight = exponential(forest) / growth;
    line.insertAt(forest, tree, gap, point);
    push32(weights, entries, size, <f32>weight, entry);
    if (size + 1 < capacity) return;
  } else {
    line.insertAt(forest, tree, gap, point);
    const weight = (<f64>load<f32>(weights) * (load<f64>(target) - load<f64>(forest, HAZARD))) / growth;
    const evicted = load<f32>(entries);
    replace32(weights, entries, size, <f32>weight, entry);
    line.remove(forest, tree, evicted);
  }
  store<f64>(target, hazard + exponential(forest) / <f64>load<f32>(weights));
}

function rescale(forest: usize, growth: f64): void {
  const size = load<i32>(forest, SIZE);
  const trees = load<i32>(forest, TREES);
  const hazard = load<f64>(forest, HAZARD);
  let target = load<usize>(forest, TARGETS);
  let weights = load<usize>(forest, TREE_BLOCKS) + load<usize>(forest, HEAP_WEIGHTS);
  for (let t = 0; t < trees; t++) {
    for (let i = 0; i < size; i++) {
      const weight = weights + ((<usize>i) << 2);
      store<f32>(weight, <f32>(<f64>load<f32>(weight) * growth));
    }
    store<f64>(target, (load<f64>(target) - hazard) / growth);
    weights += load<usize>(forest, TREE_STRIDE);
    target += 8;
  }
  store<f64>(forest, 0, HAZARD);
  store<f64>(forest, 1, GROWTH);
}

export function treesClear(forest: usize): void {
  const stride = load<usize>(forest, TREE_STRIDE);
  const end = load<usize>(forest, TREE_BLOCKS) + stride * load<usize>(forest, TREES);
  for (let tree = load<usize>(forest, TREE_BLOCKS); tree < end; tree += stride) trees.clear(forest, tree);
}

/** As lineProcess, for trees over several coordinates. */
export function treesProcess(forest: usize, scoring: bool, learning: bool): f64 {
  const point = load<usize>(forest, POINT);
  const capacity = load<i32>(forest, SAMPLE_SIZE);
  const leaves = <u32>capacity + 1;
  const size = load<i32>(forest, SIZE);
  const count = load<i32>(forest, TREES);
  const stride = load<usize>(forest, TREE_STRIDE);
  const full = size === capacity;
  const scored = scoring && size > 0;
  const hazard = load<f64>(forest, HAZARD);
  const next = learning && full ? hazard + load<f64>(forest, GROWTH) : hazard;
  const stored = learning ? trees.storePoint(forest, point) : 0;
  let tree = load<usize>(forest, TREE_BLOCKS);
  let target = load<usize>(forest, TARGETS);
  let sum: f64 = 0;
  let t = 0;
  if (size > 0) {
    // Four descents side by side without a branch: their loads wait for one another no longer.
    for (; t + 4 <= count; t += 4) {
      const tree1 = tree + stride;
      const tree2 = tree1 + stride;
      const tree3 = tree2 + stride;
      let id0 = load<u32>(tree);
      let id1 = load<u32>(tree1);
      let id2 = load<u32>(tree2);
      let id3 = load<u32>(tree3);
      let depth0 = 0;
      let depth1 = 0;
      let depth2 = 0;
      let depth3 = 0;
      while (min<u32>(min<u32>(id0, id1), min<u32>(id2, id3)) < leaves) {
        depth0 += <i32>(id0 < leaves);
        depth1 += <i32>(id1 < leaves);
        depth2 += <i32>(id2 < leaves);
        depth3 += <i32>(id3 < leaves);
        id0 = step(tree, id0, leaves, point);
        id1 = step(tree1, id1, leaves, point);
        id2 = step(tree2, id2, leaves, point);
        id3 = step(tree3, id3, leaves, point);
      }
      // A tree learns right after it scores, while what was found on its way up is at hand.
      if (scored) sum += treeScore(forest, tree, id0, depth0, point);
      if (learning && (!full || load<f64>(target) <= next))
        learn(forest, tree, id0, point, stored, target, next, scored);
      target += 8;
      if (scored) sum += treeScore(forest, tree1, id1, depth1, point);
      if (learning && (!full || load<f64>(target) <= next))
        learn(forest, tree1, id1, point, stored, target, next, scored);
      target += 8;
      if (scored) sum += treeScore(forest, tree2, id2, depth2, point);
      if (learning && (!full || load<f64>(target) <= next))
        learn(forest, tree2, id2, point, stored, target, next, scored);
      target += 8;
      if (scored) sum += treeScore(forest, tree3, id3, depth3, point);
      if (learning && (!full || load<f64>(target) <= next))
        learn(forest, tree3, id3, point, stored, target, next, scored);
      target += 8;
      tree = tree3 + stride;
    }
  }
  for (; t < count; t++) {
    let id = load<u32>(tree);
    let depth = 0;
    while (id < leaves) {
      id = step(tree, id, leaves, point);
      depth++;
    }
    if (scored) sum += treeScore(forest, tree, id, depth, point);
    if (learning && (!full || load<f64>(target) <= next)) learn(forest, tree, id, point, stored, target, next, scored);
    tree += stride;
    target += 8;
  }
  if (learning) {
    trees.dropUnused(forest, stored);
    advance(forest, next);
  }
  return scored ? normalised(forest, sum, size) : 0;
}

function treeScore(forest: usize, tree: usize, leaf: u32, depth: i32, point: usize): f64 {
  const dimensions = load<u32>(forest, DIMENSIONS);
  if (dimensions > 8) return scoreAt(forest, tree, leaf, depth, point);
  if (dimensions > 4) return scoreAt8(forest, tree, leaf, depth, point);
  if (dimensions > 2) return scoreAt4(forest, tree, leaf, depth, point);
  return scoreAt2(forest, tree, leaf, depth, point);
}

function learn(
  forest: usize,
  tree: usize,
  leaf: u32,
  point: usize,
  stored: usize,
  target: usize,
  hazard: f64,
  scored: bool,
): void {
  const capacity = load<i32>(forest, SAMPLE_SIZE);
  const size = load<i32>(forest, SIZE);
  const weights = tree + load<usize>(forest, HEAP_WEIGHTS);
  const entries = tree + load<usize>(forest, HEAP_LEAVES);
  const growth = load<f64>(forest, GROWTH);
  if (size < capacity) {
    const weight = exponential(forest) / growth;
    const added =
      size === 0 ? trees.insertFirst(forest, tree, stored) : trees.insertAt(forest, tree, leaf, point, stored, scored);
    push16(weights, entries, size, <f32>weight, added);
    if (size + 1 < capacity) return;
  } else {
    const added = trees.insertAt(forest, tree, leaf, point, stored, scored);
    const weight = (<f64>load<f32>(weights) * (load<f64>(target) - load<f64>(forest, HAZARD))) / growth;
    const evicted = load<u16>(entries);
    replace16(weights, entries, size, <f32>weight, added);
    trees.remove(forest, tree, evicted);
  }
  store<f64>(target, hazard + exponential(forest) / <f64>load<f32>(weights));
}

/** Takes the point at hand over into the slab; a leaf that names it must follow. */
export function treesAdoptPoint(forest: usize): usize {
  return trees.storePoint(forest, load<usize>(forest, POINT));
}

export function treesAdoptLeaf(forest: usize, tree: usize, point: usize, mass: u32): u32 {
  return trees.adoptLeaf(forest, tree, point, mass);
}

export function treesAdoptNode(forest: usize, tree: usize, dimension: u32, cut: f32, left: u32, right: u32): u32 {
  return trees.adoptNode(forest, tree, dimension, cut, left, right);
}
