package io.windops.test;

import java.util.Random;

/** Wind for tests: autocorrelated, mean 9 m/s. */
public final class Wind {
    private Wind() {}

    public static double[] speeds(long seed, int count) {
        Random random = new Random(seed);
        double[] speeds = new double[count];
        double level = 0;
        for (int i = 0; i < count; i++) {
            level = 0.95 * level + Math.sqrt(1 - 0.95 * 0.95) * random.nextGaussian();
            speeds[i] = 9 + 1.5 * level;
        }
        return speeds;
    }
}
