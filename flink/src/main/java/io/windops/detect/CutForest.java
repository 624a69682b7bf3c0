package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * The forest of {@code src/detect/forest/forest.ts} on the JVM: the same seed and readings give the same scores bit for bit, and their
 * distribution is that of AWS's {@code RandomCutForest#getAnomalyScore}, several times as fast.
 */
final class CutForest implements Forest {
    /** Values are held to ± this, so that sums of side lengths stay finite in single precision. */
    private static final double LARGEST = 1e30;
    /** The growth factor at which weights are rescaled. */
    private static final double RESCALE_AT = 0x1p30;

    private final ForestSettings settings;
    private final PointSlab points;
    private final CutTree[] trees;
    private final Reservoir[] samples;
    private final double[] log2;
    private final double[] inverse;
    private final double growthPerPoint;
    /** The last point; `dimensions` older readings' values before the newest. */
    private final float[] shingle;
    private final float[] candidate;
    /** Leaves that the candidate reaches in four trees. */
    private final long[] reached = new long[4];
    private SeededRandom random;
    private long updates;
    /** exp(timeDecay) to the power of the points learnt since the last rescaling, and its sum over full samples. */
    private double growth = 1;
    private double hazard;

    private CutForest(ForestSettings settings) {
        this.settings = settings;
        int length = settings.dimensions() * settings.shingleSize();
        points = new PointSlab(length, settings.sampleSize() + 64);
        trees = new CutTree[settings.numberOfTrees()];
        samples = new Reservoir[trees.length];
        double[] partings = new double[settings.sampleSize() + 2];
        for (int t = 0; t < trees.length; t++) {
            trees[t] = new CutTree(settings.sampleSize(), points, partings);
            samples[t] = new Reservoir(settings.sampleSize());
        }
        log2 = new double[settings.sampleSize() + 2];
        inverse = new double[settings.sampleSize() + 2];
        for (int i = 0; i < log2.length; i++) {
            log2[i] = i == 0 ? 0 : SeededRandom.log(i) / 0.6931471805599453;
            inverse[i] = 1.0 / (i + 1);
        }
        growthPerPoint = SeededRandom.exp(settings.timeDecay());
        shingle = new float[length];
        candidate = new float[length];
        random = new SeededRandom(settings.seed());
    }

    static CutForest create(ForestSettings settings) {
        return new CutForest(settings);
    }

    @Override
    public long updates() {
        return updates;
    }

    @Override
    public double process(double[] values) {
        return complete(values) ? take(true) : 0;
    }

    @Override
    public void update(double[] values) {
        if (complete(values)) {
            take(false);
        }
    }

    @Override
    public double score(double[] values) {
        int size = samples[0].size;
        if (!complete(values) || updates < settings.outputAfter() || size == 0) {
            return 0;
        }
        double sum = 0;
        for (int t = 0; t < trees.length; t++) {
            sum += scoreOf(t, size);
        }
        return sum * log2[size + 1] / trees.length;
    }

    /** Scores the candidate if asked and if enough is learnt, then learns it. */
    private double take(boolean asked) {
        int size = samples[0].size;
        boolean scoring = asked && updates >= settings.outputAfter() && size > 0;
        System.arraycopy(candidate, 0, shingle, 0, candidate.length);
        updates++;
        if (updates < settings.shingleSize()) {
            return 0;
        }
        boolean full = size == settings.sampleSize();
        double next = full ? hazard + growth : hazard;
        int entry = points.add(candidate);
        double sum = 0;
        for (int t = 0; t < trees.length; t++) {
            if (scoring) {
                sum += scoreOf(t, size);
            } else if (size > 0) {
                descend(t);
            }
            if (!full || samples[t].target <= next) {
                learn(trees[t], samples[t], entry, reached[t & 3], scoring, full, next);
            }
        }
        points.dropUnused(entry);
        hazard = next;
        growth *= growthPerPoint;
        if (growth > RESCALE_AT) {
            rescale();
        }
        return scoring ? sum * log2[size + 1] / trees.length : 0;
    }

    private double scoreOf(int t, int size) {
        descend(t);
        return trees[t].score(candidate, reached[t & 3], size, log2, inverse);
    }

    /** Sees to it that `reached` has tree t's leaf: trees go down in fours, so t counts up. */
    private void descend(int t) {
        if ((t & 3) == 0) {
            CutTree.descend(trees, t, candidate, reached);
        }
    }

    private void learn(
            CutTree tree, Reservoir sample, int entry, long reached, boolean scored, boolean full, double next) {
        if (full) {
            int leaf = tree.insert(candidate, entry, reached, scored, random);
            double weight = sample.heaviest() * (sample.target - hazard) / growth;
            tree.remove(sample.replaceHeaviest((float) weight, leaf));
        } else {
            double weight = random.exponential() / growth;
            sample.push((float) weight, tree.insert(candidate, entry, reached, scored, random));
            if (sample.size < settings.sampleSize()) {
                return;
            }
        }
        // A point is accepted if its weight is below the heaviest; the wait for that is exponential in cumulative hazard.
        sample.target = next + random.exponential() / sample.heaviest();
    }

    private void rescale() {
        for (Reservoir sample : samples) {
            sample.rescale(growth);
            sample.target = (sample.target - hazard) / growth;
        }
        hazard = 0;
        growth = 1;
    }

    /** Lays the point that the values complete into `candidate`; false if the reading is to be passed over. */
    private boolean complete(double[] values) {
        System.arraycopy(shingle, values.length, candidate, 0, shingle.length - values.length);
        int base = shingle.length - values.length;
        int present = 0;
        for (int d = 0; d < values.length; d++) {
            if (Double.isFinite(values[d])) {
                // Adding 0 turns -0 into 0.
                candidate[base + d] = (float) Math.max(-LARGEST, Math.min(LARGEST, values[d])) + 0f;
                present++;
            } else if (updates > 0) {
                candidate[base + d] = shingle[base + d];
            } else {
                return false;
            }
        }
        return present > 0;
    }

    @Override
    public void write(DataOutput out) throws IOException {
        out.writeLong(updates);
        out.writeDouble(growth);
        out.writeDouble(hazard);
        random.write(out);
        for (float value : shingle) {
            out.writeFloat(value);
        }
        int size = samples[0].size;
        out.writeInt(size);
        if (size == 0) {
            return;
        }
        int[] order = new int[points.values.length / points.dimensions];
        int[] numbers = number(order);
        int distinct = numbers[order.length];
        out.writeInt(distinct);
        for (int i = 0; i < distinct; i++) {
            for (int d = 0; d < points.dimensions; d++) {
                out.writeFloat(points.values[order[i] * points.dimensions + d]);
            }
        }
        int[] leaves = new int[2 * trees[0].capacity];
        for (int t = 0; t < trees.length; t++) {
            CutTree tree = trees[t];
            int[] count = new int[1];
            forEachNode(tree, id -> {
                if (tree.isLeaf(id)) {
                    leaves[id] = count[0]++;
                    writeNumber(out, 0);
                    writeNumber(out, tree.mass(id));
                    writeNumber(out, numbers[tree.point(id)]);
                } else {
                    writeNumber(out, tree.cutDimension(id) + 1);
                    out.writeFloat(tree.cut(id));
                }
            });
            samples[t].write(out, leaves);
        }
    }

    /** Numbers the points in the order in which the trees name them; the last element is how many there are. */
    private int[] number(int[] order) throws IOException {
        int[] numbers = new int[order.length + 1];
        Arrays.fill(numbers, 0, order.length, -1);
        for (CutTree tree : trees) {
            forEachNode(tree, id -> {
                if (tree.isLeaf(id) && numbers[tree.point(id)] < 0) {
                    order[numbers[order.length]] = tree.point(id);
                    numbers[tree.point(id)] = numbers[order.length]++;
                }
            });
        }
        return numbers;
    }

    /** Seven bits a byte, the lowest first: nearly all are small. */
    private static void writeNumber(DataOutput out, int number) throws IOException {
        int rest = number;
        for (; rest > 0x7f; rest >>>= 7) {
            out.writeByte(rest | 0x80);
        }
        out.writeByte(rest);
    }

    private static int readNumber(DataInput in) throws IOException {
        int number = 0;
        for (int shift = 0; ; shift += 7) {
            int part = in.readUnsignedByte();
            number |= (part & 0x7f) << shift;
            if (part < 0x80) {
                return number;
            }
        }
    }

    static CutForest read(DataInput in, ForestSettings settings) throws IOException {
        CutForest forest = new CutForest(settings);
        forest.updates = in.readLong();
        forest.growth = in.readDouble();
        forest.hazard = in.readDouble();
        forest.random = SeededRandom.read(in);
        for (int i = 0; i < forest.shingle.length; i++) {
            forest.shingle[i] = in.readFloat();
        }
        int size = in.readInt();
        if (size == 0) {
            return forest;
        }
        int[] entries = new int[in.readInt()];
        float[] point = new float[forest.points.dimensions];
        for (int i = 0; i < entries.length; i++) {
            for (int d = 0; d < point.length; d++) {
                point[d] = in.readFloat();
            }
            entries[i] = forest.points.add(point);
        }
        for (int t = 0; t < forest.trees.length; t++) {
            int[] leaves = readTree(in, forest.trees[t], entries);
            forest.samples[t].read(in, size, leaves);
        }
        return forest;
    }

    private record Open(int dimension, float cut, int left) {}

    /** Reads nodes, parents before children, without recursion: a tree can be as deep as it has leaves. */
    private static int[] readTree(DataInput in, CutTree tree, int[] entries) throws IOException {
        int[] leaves = new int[tree.capacity];
        int count = 0;
        Deque<Open> open = new ArrayDeque<>();
        while (true) {
            int dimension = readNumber(in);
            if (dimension > 0) {
                open.push(new Open(dimension - 1, in.readFloat(), CutTree.NONE));
                continue;
            }
            int mass = readNumber(in);
            int done = tree.newLeaf(entries[readNumber(in)], mass);
            leaves[count++] = done;
            while (!open.isEmpty() && open.peek().left != CutTree.NONE) {
                Open node = open.pop();
                done = tree.adoptNode(node.dimension, node.cut, node.left, done);
            }
            if (open.isEmpty()) {
                tree.root = done;
                return leaves;
            }
            Open node = open.pop();
            open.push(new Open(node.dimension, node.cut, done));
        }
    }

    private interface NodeVisit {
        void visit(int id) throws IOException;
    }

    /** Parents before children, left before right. */
    private static void forEachNode(CutTree tree, NodeVisit visit) throws IOException {
        int[] stack = new int[2 * tree.capacity];
        int depth = 0;
        stack[depth++] = tree.root;
        while (depth > 0) {
            int id = stack[--depth];
            visit.visit(id);
            if (!tree.isLeaf(id)) {
                stack[depth++] = tree.right(id);
                stack[depth++] = tree.left(id);
            }
        }
    }
}
