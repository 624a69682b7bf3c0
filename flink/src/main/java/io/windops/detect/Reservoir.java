package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * A tree's sample: a max-heap of (weight, leaf), after Efraimidis and Spirakis with time decay. A point seen when the decay's
 * growth factor is g gets weight e / g, e exponential; the smallest weights are the sample.
 */
final class Reservoir {
    private final float[] weights;
    private final char[] leaves;
    int size;
    /** The forest's cumulative hazard at which the next point is accepted. */
    double target;

    Reservoir(int sampleSize) {
        weights = new float[sampleSize];
        leaves = new char[sampleSize];
    }

    double heaviest() {
        return weights[0];
    }

    void push(float weight, int leaf) {
        int at = size++;
        while (at > 0) {
            int up = (at - 1) >> 1;
            if (weights[up] >= weight) {
                break;
            }
            weights[at] = weights[up];
            leaves[at] = leaves[up];
            at = up;
        }
        weights[at] = weight;
        leaves[at] = (char) leaf;
    }

    /** Puts the entry in place of the heaviest; returns the leaf that this one stood for. */
    int replaceHeaviest(float weight, int leaf) {
        int evicted = leaves[0];
        int at = 0;
        while (2 * at + 1 < size) {
            int child = 2 * at + 1;
            if (child + 1 < size && weights[child + 1] > weights[child]) {
                child++;
            }
            if (weights[child] <= weight) {
                break;
            }
            weights[at] = weights[child];
            leaves[at] = leaves[child];
            at = child;
        }
        weights[at] = weight;
        leaves[at] = (char) leaf;
        return evicted;
    }

    void rescale(double factor) {
        for (int i = 0; i < size; i++) {
            weights[i] = (float) (weights[i] * factor);
        }
    }

    /** Leaves by their numbers in the written tree. */
    void write(DataOutput out, int[] numbers) throws IOException {
        out.writeDouble(target);
        for (int i = 0; i < size; i++) {
            out.writeFloat(weights[i]);
            out.writeShort(numbers[leaves[i]]);
        }
    }

    void read(DataInput in, int count, int[] leafOf) throws IOException {
        target = in.readDouble();
        size = count;
        for (int i = 0; i < count; i++) {
            weights[i] = in.readFloat();
            leaves[i] = (char) leafOf[in.readUnsignedShort()];
        }
    }
}
