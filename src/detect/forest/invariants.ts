import type { Reservoir } from "./reservoir.ts";
import type { Tree } from "./tree.ts";

/** Throws unless the tree is one that its sample could have grown: shape, cuts, boxes, masses and the heap's order. */
export function checkTree(tree: Tree, sample: Reservoir): void {
  const fail = (what: string): never => {
    throw new Error(`forest invariant broken: ${what}`);
  };
  const massOf = new Map<number, number>();
  for (let i = 0; i < sample.size; i++) {
    massOf.set(sample.leaf[i]!, (massOf.get(sample.leaf[i]!) ?? 0) + 1);
    if (i > 0 && sample.weight[(i - 1) >> 1]! < sample.weight[i]!) fail("heap order");
  }
  const d = tree.dimensions;
  const box = (node: number): [Float32Array, Float32Array] => {
    if (node < tree.capacity)
      return [tree.low.subarray(node * d, (node + 1) * d), tree.high.subarray(node * d, (node + 1) * d)];
    const slot = node - tree.capacity;
    const point = tree.points.subarray(slot * d, (slot + 1) * d);
    return [point, point];
  };
  let leaves = 0;
  const stack = sample.size > 0 ? [tree.root] : [];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (node >= tree.capacity) {
      leaves++;
      if (tree.mass[node - tree.capacity] !== massOf.get(node)) fail("leaf mass differs from the sample");
      continue;
    }
    const [low, high] = box(node);
    const [leftLow, leftHigh] = box(tree.left[node]!);
    const [rightLow, rightHigh] = box(tree.right[node]!);
    const dimension = tree.cutDimension[node]!;
    if (leftHigh[dimension]! > tree.cut[node]!) fail("left child beyond the cut");
    if (rightLow[dimension]! <= tree.cut[node]!) fail("right child beyond the cut");
    for (let i = 0; i < d; i++) {
      if (low[i] !== Math.min(leftLow[i]!, rightLow[i]!)) fail("box too low or too high");
      if (high[i] !== Math.max(leftHigh[i]!, rightHigh[i]!)) fail("box too low or too high");
    }
    for (const child of [tree.left[node]!, tree.right[node]!]) {
      if (tree.parent[child] !== node) fail("parent link");
      stack.push(child);
    }
  }
  if (leaves !== massOf.size) fail("leaves without a sample or samples without a leaf");
}
