package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * Peaks over threshold, streaming: a running quantile of a positive quantity and the width of the tail above it, both followed
 * by counting, so that a few peaks widen the tail no more for being huge. Of docs/detector.md, the arithmetic of
 * {@code src/detect/tail.ts}.
 */
final class Tail {
    /** Share of the peaks that exceed the first and the second mark of the tail. */
    private static final double FIRST_SHARE = 1.0 / 4;
    private static final double SECOND_SHARE = 1.0 / 16;
    private static final double FIRST_DENSITY = FIRST_SHARE * StrictMath.log(4);
    private static final double SECOND_DENSITY = SECOND_SHARE * StrictMath.log(16);
    /** The second mark is no less than this many times the first: twice it is in an exponential tail. */
    private static final double LEAST_RATIO = 1.5;
    private static final double PEAK_MEMORY = 500;
    private static final double VALUE_MEMORY = 10_000;

    /**
     * @param share share of ordinary values above the running quantile, where the tail begins
     * @param quantile first guess of the quantile
     * @param first first guess of the excess that a quarter of the peaks exceeds
     * @param second first guess of the excess that a sixteenth of the peaks exceeds
     * @param guessValues weight of the first guess in values
     * @param guessPeaks weight of the first guess in peaks
     * @param shape of the generalised Pareto law; 0 is the exponential
     * @param ratio the second mark is at most this many times the first
     */
    record Options(
            double share,
            double quantile,
            double first,
            double second,
            double guessValues,
            double guessPeaks,
            double shape,
            double ratio) {}

    private final Options options;
    /** Nats of the quantile. */
    private final double edge;
    /** Marks of the law of scale 1. */
    private final double unitFirst;
    private final double unitSecond;
    private double quantile;
    private double first;
    private double second;
    private double values;
    private double peaks;

    Tail(Options options) {
        this.options = options;
        edge = -StrictMath.log(options.share());
        double shape = options.shape();
        unitFirst = shape > 0 ? (StrictMath.pow(4, shape) - 1) / shape : StrictMath.log(4);
        unitSecond = shape > 0 ? (StrictMath.pow(16, shape) - 1) / shape : StrictMath.log(16);
        quantile = options.quantile();
        first = options.first();
        second = options.second();
    }

    double quantile() {
        return quantile;
    }

    /** Nats by which a value is less probable than one at the quantile; negative below it. */
    double beyond(double value) {
        double above = value - quantile;
        if (above <= 0) {
            return edge * (value / quantile - 1);
        }
        double shape = options.shape();
        return shape > 0 ? StrictMath.log(1 + (shape * above) / scale()) / shape : above / scale();
    }

    /** Of the Pareto law through that mark which makes it wider. */
    private double scale() {
        return Math.max(first / unitFirst, second / unitSecond);
    }

    void learn(double value) {
        double share = options.share();
        double above = value - quantile;
        // The density of an exponential tail at its quantile is share / scale.
        double step = ((above > 0 ? 1 - share : -share) * scale()) / share;
        quantile += step / (Math.min(values, VALUE_MEMORY) + options.guessValues());
        values++;
        if (above <= 0) {
            return;
        }
        double memory = Math.min(peaks, PEAK_MEMORY) + options.guessPeaks();
        first *= 1 + ((above > first ? 1 : 0) - FIRST_SHARE) / FIRST_DENSITY / memory;
        second *= 1 + ((above > second ? 1 : 0) - SECOND_SHARE) / SECOND_DENSITY / memory;
        second = Math.min(options.ratio() * first, Math.max(second, LEAST_RATIO * first));
        peaks++;
    }

    void write(DataOutput out) throws IOException {
        for (double value : new double[] {quantile, first, second, values, peaks}) {
            out.writeDouble(value);
        }
    }

    /** Puts back what {@link #write} wrote. */
    void load(DataInput in) throws IOException {
        quantile = in.readDouble();
        first = in.readDouble();
        second = in.readDouble();
        values = in.readDouble();
        peaks = in.readDouble();
    }
}
