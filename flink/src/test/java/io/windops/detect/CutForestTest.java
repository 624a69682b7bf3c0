package io.windops.detect;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CutForestTest {
    private static final int READINGS = 2000;
    private static final int SEEDS = 20;

    /** Written by test/detect/forest-vectors.test.ts from the forest in TypeScript. */
    @Test
    void givesTheSharedVectorsScoresBitForBit() throws IOException {
        String text = new String(
                CutForestTest.class.getResourceAsStream("/forest-vectors.txt").readAllBytes(), StandardCharsets.UTF_8);
        Forest forest = null;
        int checked = 0;
        for (String line : text.split("\n")) {
            String[] words = line.split(" ");
            if (words[0].equals("#")) {
                forest = CutForest.create(new ForestSettings(
                        2 * Integer.parseInt(words[1]),
                        Integer.parseInt(words[3]),
                        Integer.parseInt(words[4]),
                        Double.parseDouble(words[5]),
                        Integer.parseInt(words[2]),
                        Integer.parseInt(words[6]),
                        Long.parseLong(words[7])));
                continue;
            }
            double[] numbers = Arrays.stream(words).mapToDouble(Double::parseDouble).toArray();
            double[] values = Arrays.copyOf(numbers, numbers.length - 1);
            assertEquals(numbers[values.length], forest.score(values), line);
            if (checked % 3 == 0) {
                forest.update(values);
            } else {
                assertEquals(numbers[values.length], forest.process(values), line);
            }
            checked++;
        }
        assertEquals(1600, checked);
    }

    /** AWS's library is the oracle: mean and quantiles over 20 seeds within 5 %, and scores that move together. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void hasTheDistributionOfAwssLibrary(int shingleSize) {
        double[][] wind = wind();
        double[][] ours = new double[SEEDS][];
        double[][] theirs = new double[SEEDS][];
        for (int seed = 0; seed < SEEDS; seed++) {
            ForestSettings settings = settings(shingleSize, seed + 1);
            ours[seed] = scores(CutForest.create(settings), wind);
            theirs[seed] = scores(RcfForest.create(settings), wind);
        }
        for (double quantile : new double[] {0.5, 0.9, 0.99, 0.999}) {
            assertEquals(1, quantile(ours, quantile) / quantile(theirs, quantile), 0.05, "quantile " + quantile);
        }
        assertEquals(1, Arrays.stream(mean(ours)).sum() / Arrays.stream(mean(theirs)).sum(), 0.05);
        double correlation = correlation(mean(ours), mean(theirs));
        assertTrue(correlation > 0.99, "correlation " + correlation);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 40, 700})
    void goesOnFromItsStateBitForBit(int learnt) throws IOException {
        ForestSettings settings = settings(4, 9);
        double[][] wind = wind();
        CutForest forest = CutForest.create(settings);
        scores(forest, Arrays.copyOf(wind, learnt));
        byte[] state = bytes(forest);
        CutForest restored = CutForest.read(new DataInputStream(new ByteArrayInputStream(state)), settings);
        assertArrayEquals(state, bytes(restored));
        double[][] rest = Arrays.copyOfRange(wind, learnt, wind.length);
        assertArrayEquals(scores(forest, rest), scores(restored, rest));
        assertArrayEquals(bytes(forest), bytes(restored));
    }

    private static ForestSettings settings(int shingleSize, long seed) {
        return new ForestSettings(2, 30, 256, 1.0 / 2560, shingleSize, 64, seed);
    }

    private static byte[] bytes(Forest forest) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        forest.write(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    /** Speed and its change, in steps of 0.1 every other minute, with spikes. */
    private static double[][] wind() {
        Random random = new Random(2026);
        double[][] readings = new double[READINGS][];
        double speed = 9;
        double before = 9;
        for (int i = 0; i < READINGS; i++) {
            speed += -0.05 * (speed - 9) + 0.45 * random.nextGaussian();
            double shown = i % 173 == 172 ? speed + 12 : speed;
            shown = i / 60 % 2 == 0 ? Math.round(shown * 10) / 10.0 : shown;
            readings[i] = new double[] {shown, shown - before};
            before = shown;
        }
        return readings;
    }

    private static double[] scores(Forest forest, double[][] readings) {
        return Arrays.stream(readings).mapToDouble(forest::process).toArray();
    }

    /** Of the settled scores, averaged over the seeds. */
    private static double quantile(double[][] scores, double quantile) {
        return Arrays.stream(scores)
                .mapToDouble(of -> {
                    double[] sorted = Arrays.copyOfRange(of, 256, of.length);
                    Arrays.sort(sorted);
                    return sorted[(int) (quantile * sorted.length)];
                })
                .average()
                .orElseThrow();
    }

    private static double[] mean(double[][] scores) {
        double[] mean = new double[scores[0].length];
        for (double[] of : scores) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += of[i] / scores.length;
            }
        }
        return mean;
    }

    private static double correlation(double[] a, double[] b) {
        double meanA = Arrays.stream(a).average().orElseThrow();
        double meanB = Arrays.stream(b).average().orElseThrow();
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (a[i] - meanA) * (b[i] - meanB);
            aa += (a[i] - meanA) * (a[i] - meanA);
            bb += (b[i] - meanB) * (b[i] - meanB);
        }
        return ab / Math.sqrt(aa * bb);
    }
}
