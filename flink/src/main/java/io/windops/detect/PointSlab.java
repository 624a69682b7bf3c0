package io.windops.detect;

import java.util.Arrays;

/** The points that a forest's trees share, counted by the leaves that name them. */
final class PointSlab {
    final int dimensions;
    float[] values;
    private char[] references;
    private int[] free;
    private int freeCount;

    PointSlab(int dimensions, int capacity) {
        this.dimensions = dimensions;
        values = new float[0];
        references = new char[0];
        free = new int[0];
        grow(capacity);
    }

    private void grow(int capacity) {
        int from = references.length;
        values = Arrays.copyOf(values, capacity * dimensions);
        references = Arrays.copyOf(references, capacity);
        free = Arrays.copyOf(free, capacity);
        for (int entry = capacity - 1; entry >= from; entry--) {
            free[freeCount++] = entry;
        }
    }

    /** Stores the point, named by no leaf yet. */
    int add(float[] point) {
        if (freeCount == 0) {
            grow(references.length + references.length / 4 + 64);
        }
        int entry = free[--freeCount];
        System.arraycopy(point, 0, values, entry * dimensions, dimensions);
        return entry;
    }

    void refer(int entry) {
        references[entry]++;
    }

    void release(int entry) {
        references[entry]--;
        dropUnused(entry);
    }

    /** Frees the entry if no leaf names it. */
    void dropUnused(int entry) {
        if (references[entry] == 0) {
            free[freeCount++] = entry;
        }
    }
}
