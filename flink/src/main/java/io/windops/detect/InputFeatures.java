package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * What the forest sees of one input: how improbable a reading is after what its past led to expect, at several horizons, in
 * nats with the sign of the deviation: step 2 of docs/detector.md.
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
    /** Spreads beyond which all deviations are alike. */
    private static final double LARGEST_DEVIATION = 1000;
    /** Of deviations, in spreads, until this input's own are known. */
    private static final Tail.Options TAIL = new Tail.Options(0.05, 2.6, 0.9, 2.2, 200, 40, 0, 2.6);
    /** Nats of the deviation that one in 20 exceeds. */
    private static final double EDGE = -StrictMath.log(TAIL.share());
    /** Nats from which a deviation isn't learnt by its tail, unless it comes again within so many values. */
    private static final double ANOMALY = 12;
    private static final double APART = 250;
    /** First readings that only set the scales. */
    static final int SETTLE = 8;
    /** Nats beyond which a feature grows with its square, so that what is far out stands out among several features. */
    private static final double BEND = 5;
    private static final double LARGEST = 800;
    /** The forest learns a feature as at most this: what rises over several readings mustn't pave its own way. */
    private static final double LEARNT = 4;
    /** Multiples of the mean level beyond which all levels are alike. */
    private static final double LARGEST_LEVEL = 2.5;
    /** Nats of the longest run of equal readings to be expected within the forest's memory, ln(10 × 256). */
    private static final double ORDINARY_RUN = 8;

    private final double[] mean = new double[HORIZONS.length];
    private final double[] spread = new double[HORIZONS.length];
    private final Tail[] tails = new Tail[HORIZONS.length];
    private final Quarantine[] quarantines = new Quarantine[HORIZONS.length];
    /** Long-term mean of |change| and of |value|. */
    private double slowChange;
    private double slowLevel;
    /** The level that the forest learnt last. */
    private double learntLevel;
    private double last;
    private double count;
    private double repeats;
    private double run;

    InputFeatures() {
        Arrays.setAll(tails, h -> new Tail(TAIL));
        Arrays.setAll(quarantines, h -> new Quarantine(APART));
    }

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
            double size = Math.abs(deviation) / (steps > 1 ? Math.sqrt(1 + (steps - 1) / HORIZONS[h]) : 1);
            double nats = surprise(h, size, Math.max(spread[h], least));
            out[at + h] = deviation < 0 ? -nats : nats;
            mean[h] += deviation / Math.min(count, HORIZONS[h]);
            if (!first) {
                spread[h] = learn(spread[h], size, Math.min(count - 1, SPREAD_MEMORY));
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

    /** How improbable (nats) a deviation of this size is, learning it. */
    private double surprise(int h, double size, double ordinary) {
        double ratio = size == 0 ? 0 : Math.min(LARGEST_DEVIATION, size / ordinary);
        double nats = EDGE + tails[h].beyond(ratio);
        if (count > SETTLE && quarantines[h].admits(nats > ANOMALY, false)) {
            tails[h].learn(ratio);
        }
        return bend(nats);
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
        return bend(Math.max(0, run * nats - ORDINARY_RUN));
    }

    /**
     * Copies this input's features from {@code seen} to {@code learnt} as the forest is to learn them: held within what it can
     * remember as rare. The level of a reading that had to be held isn't learnt.
     *
     * @return whether anything was held
     */
    boolean hold(double[] seen, double[] learnt, int at) {
        boolean held = false;
        for (int i = at; i < at + COUNT; i++) {
            boolean level = i == at + LEVEL;
            learnt[i] = level ? seen[i] : within(LEARNT, seen[i]);
            held |= !level && Math.abs(seen[i]) > LEARNT;
        }
        if (held) {
            learnt[at + LEVEL] = learntLevel;
        } else if (!Double.isNaN(seen[at + LEVEL])) {
            learntLevel = seen[at + LEVEL];
        }
        return held;
    }

    private static double bend(double nats) {
        return Math.min(LARGEST, nats > BEND ? (nats * nats) / BEND : nats);
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
            tails[h].write(out);
            quarantines[h].write(out);
        }
        for (double value : new double[] {slowChange, slowLevel, learntLevel, last, count, repeats, run}) {
            out.writeDouble(value);
        }
    }

    static InputFeatures read(DataInput in) throws IOException {
        InputFeatures features = new InputFeatures();
        for (int h = 0; h < HORIZONS.length; h++) {
            features.mean[h] = in.readDouble();
            features.spread[h] = in.readDouble();
            features.tails[h].load(in);
            features.quarantines[h].load(in);
        }
        features.slowChange = in.readDouble();
        features.slowLevel = in.readDouble();
        features.learntLevel = in.readDouble();
        features.last = in.readDouble();
        features.count = in.readDouble();
        features.repeats = in.readDouble();
        features.run = in.readDouble();
        return features;
    }
}
