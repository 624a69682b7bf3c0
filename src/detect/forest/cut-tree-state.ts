import type { ByteReader, ByteWriter } from "./bytes.ts";
import { CutTreeNodes } from "./cut-tree-nodes.ts";
import type { CutTrees } from "./cut-trees.ts";
import { kernel } from "./memory.ts";

/**
 * Points once for all trees, in the order in which the trees first name them; then each tree's nodes, parents before
 * children: 0 and the point's number (and mass) for a leaf, else the cut's dimension + 1. Boxes follow from the points.
 */
export function writeCutTrees(trees: CutTrees, out: ByteWriter): void {
  const all = Array.from({ length: trees.count }, (_, t) => new CutTreeNodes(trees, t));
  const number = new Map<number, number>();
  for (const nodes of all) {
    for (const id of nodes.walk()) {
      if (nodes.isLeaf(id) && !number.has(nodes.point(id))) number.set(nodes.point(id), number.size);
    }
  }
  out.varint(number.size);
  for (const point of number.keys()) {
    for (const value of CutTreeNodes.coordinates(point, trees.dimensions)) out.f32(value);
  }
  for (const nodes of all) {
    const ordinal = new Map<number, number>();
    for (const id of nodes.walk()) {
      if (nodes.isLeaf(id)) {
        ordinal.set(id, ordinal.size);
        out.varint(0);
        out.varint(2 * number.get(nodes.point(id))! + (nodes.mass(id) > 1 ? 1 : 0));
        if (nodes.mass(id) > 1) out.varint(nodes.mass(id));
      } else {
        out.varint(nodes.dimension(id) + 1);
        out.f32(nodes.cut(id));
      }
    }
    const { weights, leaves } = nodes.heap();
    for (const weight of weights) out.f32(weight);
    for (const leaf of leaves) out.varint(ordinal.get(leaf)!);
  }
}

export function readCutTrees(trees: CutTrees, from: ByteReader): void {
  const { header } = trees;
  const count = from.varint();
  const point = new Float32Array(trees.dimensions);
  const points = Array.from({ length: count }, () => {
    for (let d = 0; d < point.length; d++) point[d] = from.f32();
    header.setPoint(point);
    trees.reserve(1, 0);
    return kernel.treesAdoptPoint(header.address);
  });
  for (let t = 0; t < trees.count; t++) {
    const nodes = new CutTreeNodes(trees, t);
    const leaves: number[] = [];
    // Nodes whose children are still to come; a tree can be as deep as it has leaves, so no recursion.
    const open: { dimension: number; cut: number; left: number | undefined }[] = [];
    let done: number | undefined;
    while (done === undefined) {
      const dimension = from.varint();
      if (dimension > 0) {
        open.push({ dimension: dimension - 1, cut: from.f32(), left: undefined });
        continue;
      }
      const named = from.varint();
      const mass = named % 2 === 1 ? from.varint() : 1;
      let id = kernel.treesAdoptLeaf(header.address, nodes.address, points[named >>> 1]!, mass);
      leaves.push(id);
      for (let last = open[open.length - 1]; last?.left !== undefined; last = open[open.length - 1]) {
        open.pop();
        trees.reserve(0, 1);
        id = kernel.treesAdoptNode(header.address, nodes.address, last.dimension, last.cut, last.left, id);
      }
      if (open.length === 0) done = id;
      else open[open.length - 1]!.left = id;
    }
    nodes.root = done;
    const heap = nodes.heap();
    for (let i = 0; i < header.size; i++) heap.weights[i] = from.f32();
    for (let i = 0; i < header.size; i++) heap.leaves[i] = leaves[from.varint()]!;
  }
}
