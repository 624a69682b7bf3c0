package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * What the forest sees of one input: how far a reading is from what its past led to expect, at several horizons, each in
 * units of that input's own ordinary deviation: step 2 of docs/detector.md.
 */
final class InputFeatures {
    /** Readings over which the expectations that a reading is compared with are averaged: the last one, a few, many. */
    private static final double[] HORIZONS = {1, 8, 64};
    private static final int LEVEL = HORIZONS.length;
    private static final int RUN = HORIZONS.length + 1;
    /** Numbers of the forest's point that one input makes: a surprise for each horizon, the level, the run of equal readings. */
    static final int COUNT = HORIZONS.length + 2;

    /** Readings over which the size of ordinary deviations is averaged: follows the weather, not the gust. */
    private static final double SPREAD_MEMORY = 256;
    private static final double SLOW_MEMORY = 4096;
    /** No deviation counts for more than it would against this share of the long-term one. */
    private static final double LEAST_SPREAD = 1.0 / 2;
    /** A deviation is learnt as at most this many ordinary ones, so that one spike doesn't hide the next. */
    private static final double LEARNT_DEVIATION = 8;
    private static final double LARGEST_SURPRISE = 64;
    /** Ordinary deviations beyond which a surprise grows with its square, as improbability does. */
    private static final double BEND = 5;
    /** The forest learns a surprise as at most this: what rises over several readings mustn't pave its own way. */
    private static final double LEARNT_SURPRISE = 4;
    /** Multiples of the mean level beyond which all levels are alike. */
    private static final double LARGEST_LEVEL = 2.5;
    /** Nats of the longest run of equal readings to be expected within the forest's memory, ln(10 × 256). */
    private static final double ORDINARY_RUN = 8;
    private static final double LARGEST_RUN = 32;
    private static final double LEARNT_RUN = 4;

    private final double[] mean = new double[HORIZONS.length];
    private final double[] spread = new double[HORIZONS.length];
    /** Long-term mean of |change| and of |value|. */
    private double slowChange;
    private double slowLevel;
    private double last;
    private double count;
    private double repeats;
    private double run;

    /**
     * Writes the features of {@code value} to {@code out} from {@code at}. A value that isn't finite is missing: its
     * features are NaN.
     *
     * @param steps time since the last reading in ordinary intervals, 1 where unknown
     * @param levelWeight weight of the level, 0 to 1
     */
    void next(double value, double steps, double levelWeight, double[] out, int at) {
        if (!Double.isFinite(value)) {
            Arrays.fill(out, at, at + COUNT, Double.NaN);
            return;
        }
        boolean first = count == 0;
        count++;
        if (first) {
            Arrays.fill(mean, value);
            last = value;
        }
        double least = LEAST_SPREAD * slowChange;
        for (int h = 0; h < HORIZONS.length; h++) {
            double deviation = value - mean[h];
            // A value that wanders gets away from an older expectation with the square root of the time it had.
            double late = steps > 1 ? Math.sqrt(1 + (steps - 1) / HORIZONS[h]) : 1;
            out[at + h] = surprise(deviation / late, Math.max(spread[h], least));
            mean[h] += deviation / Math.min(count, HORIZONS[h]);
            if (!first) {
                spread[h] = learn(spread[h], Math.abs(deviation / late), Math.min(count - 1, SPREAD_MEMORY));
            }
        }
        slowLevel += (Math.abs(value) - slowLevel) / Math.min(count, SLOW_MEMORY);
        if (!first) {
            slowChange = learn(slowChange, Math.abs(value - last), Math.min(count - 1, SLOW_MEMORY));
        }
        out[at + LEVEL] = levelWeight * load(value);
        out[at + RUN] = first ? 0 : runSurprise(value);
        last = value;
    }

    /** The level as a flow's load grows, with its square, in ordinary changes. */
    private double load(double value) {
        if (slowLevel == 0 || slowChange == 0) {
            return 0;
        }
        double relative = within(LARGEST_LEVEL, value / slowLevel);
        return (relative * Math.abs(relative) * slowLevel) / slowChange;
    }

    /** How improbable (nats) the run of equal readings is. Zero is where a sensor rests: a run of zeros is no news. */
    private double runSurprise(double value) {
        double known = Math.min(count, SPREAD_MEMORY);
        // As JavaScript's: both are fdlibm's.
        double nats = -StrictMath.log((repeats + 1) / (known + 1));
        if (count > SPREAD_MEMORY) {
            repeats -= repeats / SPREAD_MEMORY;
        }
        boolean repeated = value == last && value != 0;
        if (repeated) {
            repeats++;
        }
        run = repeated ? run + 1 : 0;
        return Math.max(0, Math.min(LARGEST_RUN, run * nats - ORDINARY_RUN));
    }

    /**
     * Copies {@code seen} to {@code learnt} as the forest is to learn it: held within what it can remember as rare.
     *
     * @return whether anything was held
     */
    static boolean hold(double[] seen, double[] learnt) {
        boolean held = false;
        for (int i = 0; i < seen.length; i++) {
            double value = seen[i];
            int kind = i % COUNT;
            double kept = value;
            if (kind < LEVEL) {
                kept = within(LEARNT_SURPRISE, value);
            } else if (kind == RUN) {
                kept = Math.min(LEARNT_RUN, value);
            }
            learnt[i] = kept;
            held |= kept != value && !Double.isNaN(value);
        }
        return held;
    }

    private static double surprise(double deviation, double spread) {
        if (deviation == 0) {
            return 0;
        }
        double ratio = within(LARGEST_SURPRISE, deviation / spread);
        return ratio * Math.max(1, Math.abs(ratio) / BEND);
    }

    private static double learn(double spread, double deviation, double memory) {
        double learnt = spread > 0 && memory > 8 ? Math.min(deviation, LEARNT_DEVIATION * spread) : deviation;
        return spread + (learnt - spread) / memory;
    }

    private static double within(double bound, double value) {
        return Math.max(-bound, Math.min(bound, value));
    }

    void write(DataOutput out) throws IOException {
        for (int h = 0; h < HORIZONS.length; h++) {
            out.writeDouble(mean[h]);
            out.writeDouble(spread[h]);
        }
        for (double value : new double[] {slowChange, slowLevel, last, count, repeats, run}) {
            out.writeDouble(value);
        }
    }

    static InputFeatures read(DataInput in) throws IOException {
        InputFeatures features = new InputFeatures();
        for (int h = 0; h < HORIZONS.length; h++) {
            features.mean[h] = in.readDouble();
            features.spread[h] = in.readDouble();
        }
        features.slowChange = in.readDouble();
        features.slowLevel = in.readDouble();
        features.last = in.readDouble();
        features.count = in.readDouble();
        features.repeats = in.readDouble();
        features.run = in.readDouble();
        return features;
    }
}
