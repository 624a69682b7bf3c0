package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * From a turbine's raw forest scores to a score with one meaning: 1 is the edge of ordinary, 2 an anomaly. Step 4 of
 * docs/detector.md, the arithmetic of {@code src/detect/calibration.ts}.
 */
final class Calibration {
    /** Share of ordinary readings above the running quantile where the tail begins. */
    private static final double TAIL_SHARE = 0.02;
    /** Weight of the first guess, and longest memory, in readings and in peaks. */
    private static final double GUESS_READINGS = 100;
    private static final double GUESS_PEAKS = 20;
    private static final double QUANTILE_MEMORY = 10_000;
    private static final double PEAK_MEMORY = 500;
    /** A peak is learnt as at most this many mean excesses. */
    private static final double LARGEST_PEAK = 8;
    /** Readings without alarm until the tail learns again: an anomaly that lasts is learnt once. */
    private static final double HOLD = 16;
    /** Mean excesses from the quantile to an anomaly. */
    private static final double DEPTH = 9;
    /** A young tail's depth is larger by this many readings over the readings seen. */
    private static final double UNSURE = 64;
    /** Readings until which a coarse cadence is met with less depth, and from which it isn't any more. */
    private static final double YOUNG = 512;
    private static final double MATURE = 2048;
    /** Depth that each e-fold of the interval above FINE takes off while young, up to COARSE (seconds). */
    private static final double DEPTH_PER_FOLD = 1.7;
    private static final double FINE = 10;
    private static final double COARSE = 600;
    private static final double ANOMALY = 2;

    private double quantile = 1.7;
    private double excess = 0.55;
    private double readings;
    private double peaks;
    private double sinceAlarm = HOLD;

    /**
     * Calibrated score of a raw score, then learns it; monotone in {@code raw} at any moment.
     *
     * @param largest what the forest can give at most
     * @param seen readings so far
     * @param interval their usual distance in seconds
     */
    double next(double raw, double largest, double seen, double interval) {
        double odds = raw / (1 - Math.min(raw / largest, 0.99));
        double above = odds - quantile;
        double score = above <= 0 ? odds / quantile : 1 + above / (depth(seen, interval) * excess);
        if (sinceAlarm >= HOLD) {
            learn(above);
        }
        sinceAlarm = score >= ANOMALY ? 0 : sinceAlarm + 1;
        return score;
    }

    private void learn(double above) {
        // Robbins-Monro with the density that the exponential tail has at the quantile, share / excess.
        double step = ((above > 0 ? 1 - TAIL_SHARE : -TAIL_SHARE) * excess) / TAIL_SHARE;
        quantile += step / (Math.min(readings, QUANTILE_MEMORY) + GUESS_READINGS);
        readings++;
        if (above <= 0) {
            return;
        }
        double peak = Math.min(above, LARGEST_PEAK * excess);
        excess += (peak - excess) / (Math.min(peaks, PEAK_MEMORY) + GUESS_PEAKS);
        peaks++;
    }

    /** Mean excesses above the quantile that make an anomaly. */
    private static double depth(double seen, double interval) {
        double folds = StrictMath.log(Math.max(1, Math.min(COARSE, interval) / FINE));
        double young = Math.max(0, Math.min(1, (MATURE - seen) / (MATURE - YOUNG)));
        return (DEPTH - DEPTH_PER_FOLD * folds * young) * (1 + UNSURE / seen);
    }

    void write(DataOutput out) throws IOException {
        for (double value : new double[] {quantile, excess, readings, peaks, sinceAlarm}) {
            out.writeDouble(value);
        }
    }

    static Calibration read(DataInput in) throws IOException {
        Calibration calibration = new Calibration();
        calibration.quantile = in.readDouble();
        calibration.excess = in.readDouble();
        calibration.readings = in.readDouble();
        calibration.peaks = in.readDouble();
        calibration.sinceAlarm = in.readDouble();
        return calibration;
    }
}
