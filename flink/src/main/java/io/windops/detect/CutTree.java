package io.windops.detect;

import java.util.Arrays;

/**
 * One random cut tree in flat arrays. Ids: internal nodes 0 to capacity - 1, leaf k is capacity + k. Sums over coordinates run in
 * four lanes, so that scores equal those of {@code src/detect}, whose kernel adds four numbers at a time.
 */
final class CutTree {
    static final int NONE = 0xffff;

    final int capacity;
    private final int dimensions;
    private final PointSlab points;
    int root = NONE;
    /** Cut value's bits, left child, right child. */
    private final long[] nodes;
    private final char[] cutDimensions;
    private final char[] parents;
    /** Low corner, then high corner. */
    private final float[] boxes;
    /** Sum of a box's side lengths. */
    private final float[] ranges;
    private final int[] leafPoints;
    private final char[] masses;
    private final char[] freeNodes;
    private final char[] freeLeaves;
    private int freeNodeCount;
    private int freeLeafCount;
    /** Probabilities of parting that the last score met, from the leaf upwards. */
    private final double[] partings;

    CutTree(int sampleSize, PointSlab points, double[] partings) {
        this.points = points;
        this.partings = partings;
        dimensions = points.dimensions;
        capacity = sampleSize + 1;
        nodes = new long[capacity];
        cutDimensions = new char[capacity];
        parents = new char[2 * capacity];
        boxes = new float[capacity * 2 * dimensions];
        ranges = new float[capacity];
        leafPoints = new int[capacity];
        masses = new char[capacity];
        freeNodes = new char[capacity];
        freeLeaves = new char[capacity];
        Arrays.fill(parents, (char) NONE);
        for (int i = capacity - 1; i >= 0; i--) {
            freeNodes[freeNodeCount++] = (char) i;
            freeLeaves[freeLeafCount++] = (char) i;
        }
    }

    boolean isLeaf(int id) {
        return id >= capacity;
    }

    float cut(int id) {
        return Float.intBitsToFloat((int) (nodes[id] >>> 32));
    }

    int left(int id) {
        return (int) (nodes[id] >>> 16) & 0xffff;
    }

    int right(int id) {
        return (int) nodes[id] & 0xffff;
    }

    int cutDimension(int id) {
        return cutDimensions[id];
    }

    int mass(int leaf) {
        return masses[leaf - capacity];
    }

    int point(int leaf) {
        return leafPoints[leaf - capacity];
    }

    private void setChildren(int id, int left, int right) {
        nodes[id] = nodes[id] & 0xffffffff00000000L | (long) left << 16 | right;
    }

    /**
     * Steps down to the leaves in whose regions the point lies, in four trees side by side, so that their loads don't wait for
     * one another. Writes the leaves' ids, with their depths in the upper halves.
     */
    static void descend(CutTree[] trees, int first, float[] point, long[] reached) {
        CutTree tree0 = trees[first];
        CutTree tree1 = trees[Math.min(first + 1, trees.length - 1)];
        CutTree tree2 = trees[Math.min(first + 2, trees.length - 1)];
        CutTree tree3 = trees[Math.min(first + 3, trees.length - 1)];
        int leaves = tree0.capacity;
        int id0 = tree0.root;
        int id1 = tree1.root;
        int id2 = tree2.root;
        int id3 = tree3.root;
        int depth0 = 0;
        int depth1 = 0;
        int depth2 = 0;
        int depth3 = 0;
        while (id0 < leaves || id1 < leaves || id2 < leaves || id3 < leaves) {
            if (id0 < leaves) {
                id0 = tree0.step(id0, point);
                depth0++;
            }
            if (id1 < leaves) {
                id1 = tree1.step(id1, point);
                depth1++;
            }
            if (id2 < leaves) {
                id2 = tree2.step(id2, point);
                depth2++;
            }
            if (id3 < leaves) {
                id3 = tree3.step(id3, point);
                depth3++;
            }
        }
        reached[0] = (long) depth0 << 32 | id0;
        reached[1] = (long) depth1 << 32 | id1;
        reached[2] = (long) depth2 << 32 | id2;
        reached[3] = (long) depth3 << 32 | id3;
    }

    /** A shift instead of a branch: which way a point goes can't be predicted. */
    private int step(int id, float[] point) {
        long node = nodes[id];
        float cut = Float.intBitsToFloat((int) (node >>> 32));
        // The difference's sign bit is set if the point lies right of the cut.
        int shift = (~Float.floatToRawIntBits(cut - point[cutDimensions[id]]) >>> 31) << 4;
        return (int) (node >>> shift) & 0xffff;
    }

    /** The tree's part of AWS's score, before normalisation; `reached` is what {@link #descend} gave. */
    double score(float[] point, long reached, int treeMass, double[] log2, double[] inverse) {
        int leaf = (int) reached;
        int depth = (int) (reached >>> 32);
        if (equal(leaf, point)) {
            int mass = mass(leaf);
            return (1 - (double) mass / (2 * treeMass)) / (depth + log2[mass + 1]);
        }
        double score = inverse[depth];
        int level = 0;
        for (int id = parents[leaf]; id != NONE; id = parents[id]) {
            depth--;
            double p = parting(id, point);
            partings[level++] = p;
            if (p == 0) {
                break;
            }
            score = p * inverse[depth] + (1 - p) * score;
        }
        return score;
    }

    /** The probability that a random cut parts the point from the node's box; 0 inside. */
    private double parting(int id, float[] point) {
        float[] boxes = this.boxes;
        int low = id * 2 * dimensions;
        int high = low + dimensions;
        float out0 = 0, out1 = 0, out2 = 0, out3 = 0;
        int d = 0;
        for (; d + 4 <= dimensions; d += 4) {
            out0 += outside(boxes[low + d], boxes[high + d], point[d]);
            out1 += outside(boxes[low + d + 1], boxes[high + d + 1], point[d + 1]);
            out2 += outside(boxes[low + d + 2], boxes[high + d + 2], point[d + 2]);
            out3 += outside(boxes[low + d + 3], boxes[high + d + 3], point[d + 3]);
        }
        if (d < dimensions) {
            out0 += outside(boxes[low + d], boxes[high + d], point[d]);
        }
        if (d + 1 < dimensions) {
            out1 += outside(boxes[low + d + 1], boxes[high + d + 1], point[d + 1]);
        }
        if (d + 2 < dimensions) {
            out2 += outside(boxes[low + d + 2], boxes[high + d + 2], point[d + 2]);
        }
        double out = (out0 + out2) + (out1 + out3);
        return out == 0 ? 0 : out / (out + ranges[id]);
    }

    /** How far a value lies outside, by sign bits: a branch here is mispredicted too often. */
    private static float outside(float low, float high, float value) {
        int below = Float.floatToRawIntBits(low - value);
        int above = Float.floatToRawIntBits(value - high);
        return Float.intBitsToFloat(below & ~(below >> 31) | above & ~(above >> 31));
    }

    private void measure(int id) {
        int low = id * 2 * dimensions;
        int high = low + dimensions;
        float range0 = 0, range1 = 0, range2 = 0, range3 = 0;
        for (int d = 0; d < dimensions; d += 4) {
            range0 += boxes[high + d] - boxes[low + d];
            range1 += d + 1 < dimensions ? boxes[high + d + 1] - boxes[low + d + 1] : 0;
            range2 += d + 2 < dimensions ? boxes[high + d + 2] - boxes[low + d + 2] : 0;
            range3 += d + 3 < dimensions ? boxes[high + d + 3] - boxes[low + d + 3] : 0;
        }
        ranges[id] = (range0 + range2) + (range1 + range3);
    }

    private boolean equal(int leaf, float[] point) {
        int at = point(leaf) * dimensions;
        for (int d = 0; d < dimensions; d++) {
            if (points.values[at + d] != point[d]) {
                return false;
            }
        }
        return true;
    }

    /** Adds the point, stored as `entry`; `scored` says that {@link #score} has just been asked for it. Returns its leaf. */
    int insert(float[] point, int entry, long reached, boolean scored, SeededRandom random) {
        if (root == NONE) {
            root = newLeaf(entry, 1);
            return root;
        }
        int leaf = (int) reached;
        if (equal(leaf, point)) {
            masses[leaf - capacity]++;
            return leaf;
        }
        int below = leaf;
        int level = 0;
        for (int id = parents[leaf]; id != NONE; id = parents[id]) {
            double p = scored ? partings[level++] : parting(id, point);
            if (p == 0) {
                break;
            }
            if (random.uniform() < p) {
                below = id;
            }
        }
        int added = newLeaf(entry, 1);
        int node = freeNodes[--freeNodeCount];
        int above = parents[below];
        int box = node * 2 * dimensions;
        copyBox(below, box);
        boolean toLeft = chooseCut(node, box, point, random);
        setChildren(node, toLeft ? added : below, toLeft ? below : added);
        parents[node] = (char) above;
        parents[added] = (char) node;
        parents[below] = (char) node;
        grow(node, point);
        measure(node);
        if (above == NONE) {
            root = node;
        } else {
            replaceChild(above, below, node);
        }
        for (int up = above; up != NONE && grow(up, point); ) {
            measure(up);
            up = parents[up];
        }
        return added;
    }

    /** Takes one occurrence of the leaf's point out of the tree. */
    void remove(int leaf) {
        int slot = leaf - capacity;
        if (--masses[slot] > 0) {
            return;
        }
        int entry = leafPoints[slot];
        int node = parents[leaf];
        int sibling = left(node) == leaf ? right(node) : left(node);
        int above = parents[node];
        parents[sibling] = (char) above;
        freeNodes[freeNodeCount++] = (char) node;
        freeLeaves[freeLeafCount++] = (char) slot;
        if (above == NONE) {
            root = sibling;
        } else {
            replaceChild(above, node, sibling);
        }
        for (int up = above; up != NONE && touches(up * 2 * dimensions, entry * dimensions); up = parents[up]) {
            rebuildBox(up);
        }
        points.release(entry);
    }

    /** Takes over a leaf of a saved tree. */
    int newLeaf(int entry, int mass) {
        int slot = freeLeaves[--freeLeafCount];
        leafPoints[slot] = entry;
        masses[slot] = (char) mass;
        parents[capacity + slot] = (char) NONE;
        points.refer(entry);
        return capacity + slot;
    }

    /** Takes over a node of a saved tree, its children taken over before. */
    int adoptNode(int cutDimension, float cut, int left, int right) {
        int node = freeNodes[--freeNodeCount];
        setCut(node, cutDimension, cut);
        setChildren(node, left, right);
        parents[left] = (char) node;
        parents[right] = (char) node;
        parents[node] = (char) NONE;
        rebuildBox(node);
        return node;
    }

    private void setCut(int node, int dimension, float cut) {
        cutDimensions[node] = (char) dimension;
        nodes[node] = (long) Float.floatToRawIntBits(cut) << 32 | nodes[node] & 0xffffffffL;
    }

    private void replaceChild(int id, int from, int to) {
        if (left(id) == from) {
            setChildren(id, to, right(id));
        } else {
            setChildren(id, left(id), to);
        }
    }

    private void copyBox(int id, int box) {
        if (isLeaf(id)) {
            System.arraycopy(points.values, point(id) * dimensions, boxes, box, dimensions);
            System.arraycopy(points.values, point(id) * dimensions, boxes, box + dimensions, dimensions);
        } else {
            System.arraycopy(boxes, id * 2 * dimensions, boxes, box, 2 * dimensions);
        }
    }

    private void rebuildBox(int id) {
        int box = id * 2 * dimensions;
        copyBox(left(id), box);
        int other = right(id);
        float[] from = isLeaf(other) ? points.values : boxes;
        int low = isLeaf(other) ? point(other) * dimensions : other * 2 * dimensions;
        int high = isLeaf(other) ? low : low + dimensions;
        for (int d = 0; d < dimensions; d++) {
            if (from[low + d] < boxes[box + d]) {
                boxes[box + d] = from[low + d];
            }
            if (from[high + d] > boxes[box + dimensions + d]) {
                boxes[box + dimensions + d] = from[high + d];
            }
        }
        measure(id);
    }

    /** Stretches the box to hold the point; false if it did already. */
    private boolean grow(int id, float[] point) {
        int box = id * 2 * dimensions;
        boolean changed = false;
        for (int d = 0; d < dimensions; d++) {
            if (point[d] < boxes[box + d]) {
                boxes[box + d] = point[d];
                changed = true;
            }
            if (point[d] > boxes[box + dimensions + d]) {
                boxes[box + dimensions + d] = point[d];
                changed = true;
            }
        }
        return changed;
    }

    /** Does the point touch a side of the box? Only then can the box shrink when the point goes. */
    private boolean touches(int box, int point) {
        for (int d = 0; d < dimensions; d++) {
            float value = points.values[point + d];
            if (value == boxes[box + d] || value == boxes[box + dimensions + d]) {
                return true;
            }
        }
        return false;
    }

    /** A cut uniform over the gaps between the box and the point, into the node; true if the point comes left of it. */
    private boolean chooseCut(int node, int box, float[] point, SeededRandom random) {
        double total = 0;
        for (int d = 0; d < dimensions; d++) {
            total += outside(boxes[box + d], boxes[box + dimensions + d], point[d]);
        }
        double rest = random.uniform() * total;
        int chosen = 0;
        for (int d = 0; d < dimensions; d++) {
            double gap = outside(boxes[box + d], boxes[box + dimensions + d], point[d]);
            if (gap == 0) {
                continue;
            }
            chosen = d;
            if (rest < gap) {
                break;
            }
            rest -= gap;
        }
        float value = point[chosen];
        boolean toLeft = value < boxes[box + chosen];
        float from = toLeft ? value : boxes[box + dimensions + chosen];
        float to = toLeft ? boxes[box + chosen] : value;
        float cut = (float) (from + rest);
        setCut(node, chosen, cut < to ? cut : from);
        return toLeft;
    }
}
