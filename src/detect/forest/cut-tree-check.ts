import { CutTreeNodes, NO_BOX, NONE } from "./cut-tree-nodes.ts";
import type { CutTrees } from "./cut-trees.ts";
import { view } from "./memory.ts";

const fail = (what: string): never => {
  throw new Error(`forest invariant broken: ${what}`);
};

/** Throws unless tree t's shape, cuts, boxes and masses fit its sample, and its sample is a heap. */
export function checkCutTree(trees: CutTrees, t: number): void {
  const nodes = new CutTreeNodes(trees, t);
  const { dimensions } = trees;
  const isLow = (id: number): boolean =>
    nodes.isLeaf(id) || (nodes.isLeaf(nodes.left(id)) && nodes.isLeaf(nodes.right(id)));
  const { weights, leaves } = nodes.heap();
  const massOf = new Map<number, number>();
  leaves.forEach((leaf, i) => {
    massOf.set(leaf, (massOf.get(leaf) ?? 0) + 1);
    if (i > 0 && weights[(i - 1) >> 1]! < weights[i]!) fail("heap out of order");
  });
  const order = [...nodes.walk()];
  if (nodes.parent(nodes.root) !== NONE) fail("the root has a parent");
  const boxes = new Map<number, { low: Float32Array; high: Float32Array }>();
  let leavesSeen = 0;
  for (const id of order.reverse()) {
    if (nodes.isLeaf(id)) {
      leavesSeen++;
      if (nodes.mass(id) !== massOf.get(id)) fail("mass differs from the sample");
      const address = nodes.point(id);
      if (view.data.getUint16(address + 4 * dimensions, true) === 0) fail("point without a reference");
      const point = CutTreeNodes.coordinates(address, dimensions);
      boxes.set(id, { low: point, high: point });
      continue;
    }
    const [left, right, dimension] = [nodes.left(id), nodes.right(id), nodes.dimension(id)];
    if (nodes.parent(left) !== id || nodes.parent(right) !== id) fail("child with another parent");
    const [a, b] = [boxes.get(left)!, boxes.get(right)!];
    if (!(a.high[dimension]! <= nodes.cut(id) && nodes.cut(id) < b.low[dimension]!)) fail("point beyond a cut");
    const box = {
      low: a.low.map((value, d) => Math.min(value, b.low[d]!)),
      high: a.high.map((value, d) => Math.max(value, b.high[d]!)),
    };
    boxes.set(id, box);
    const boxless = isLow(left) && isLow(right);
    if (boxless !== (nodes.box(id) === NO_BOX)) fail("box where none belongs, or none where one does");
    if (boxless) continue;
    const low = CutTreeNodes.coordinates(nodes.box(id), dimensions);
    const high = CutTreeNodes.coordinates(nodes.box(id) + 4 * dimensions, dimensions);
    if (low.some((value, d) => value !== box.low[d]) || high.some((value, d) => value !== box.high[d]))
      fail("box differs from its points");
  }
  if (leavesSeen !== massOf.size) fail("tree and sample differ in their points");
}
