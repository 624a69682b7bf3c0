package io.windops.bench;

import com.amazon.randomcutforest.RandomCutForest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Readings as little-endian single-precision numbers, and the forests that take them. */
final class Points {
    private Points() {}

    static float[][] read(String file, int dimensions) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(Path.of(file))).order(ByteOrder.LITTLE_ENDIAN);
        float[][] points = new float[bytes.remaining() / (4 * dimensions)][dimensions];
        for (float[] point : points) {
            for (int d = 0; d < dimensions; d++) {
                point[d] = bytes.getFloat();
            }
        }
        return points;
    }

    static RandomCutForest forest(int dimensions, int shingleSize, int trees, int sampleSize, long seed) {
        return RandomCutForest.builder()
                .dimensions(dimensions * shingleSize)
                .shingleSize(shingleSize)
                .internalShinglingEnabled(true)
                .numberOfTrees(trees)
                .sampleSize(sampleSize)
                .timeDecay(1.0 / (10 * sampleSize))
                .outputAfter(sampleSize / 4)
                .randomSeed(seed)
                .parallelExecutionEnabled(false)
                .build();
    }
}
