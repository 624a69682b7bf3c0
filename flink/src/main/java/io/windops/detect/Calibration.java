package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * From a turbine's raw forest scores to a score with one meaning: 1 is the edge of ordinary, 2 an anomaly. Step 4 of
 * docs/detector.md, the arithmetic of {@code src/detect/calibration.ts}.
 */
final class Calibration {
    private static final Tail.Options TAIL = new Tail.Options(0.02, 2, 1.109, 2.218, 600, 200, 0.05, 2.6);
    /** Anomalies of which one in so many readings goes unlearnt. */
    private static final double APART = 500;
    /** Nats from the quantile to an anomaly. */
    private static final double DEPTH = 11.2;
    /** A young tail's depth is larger by this many readings over the readings seen. */
    private static final double UNSURE = 8;
    /** At a coarse cadence, so many readings more. */
    private static final double UNSURE_COARSE = 250;
    /** Nats that the depth is less by while a detector is young and its cadence coarse. */
    private static final double RELIEF = 9.5;
    /** Readings until which relief is whole, and from which there is none. */
    private static final double YOUNG = 512;
    private static final double MATURE = 2048;
    /** Seconds between readings above which relief begins, and from which it is whole. */
    private static final double FINE = 300;
    private static final double COARSE = 600;
    private static final double ANOMALY = 2;

    private final Tail tail = new Tail(TAIL);
    private final Quarantine quarantine = new Quarantine(APART);

    /**
     * Calibrated score of a raw score, then learns it; monotone in {@code raw} at any moment.
     *
     * @param largest what the forest can give at most
     * @param seen readings so far
     * @param interval their usual distance in seconds
     */
    double next(double raw, double largest, double seen, double interval) {
        double odds = raw / (1 - Math.min(raw / largest, 0.99));
        double quantile = tail.quantile();
        double score = odds <= quantile ? odds / quantile : 1 + tail.beyond(odds) / depth(seen, interval);
        if (quarantine.admits(score >= ANOMALY, score > 1)) {
            tail.learn(odds);
        }
        return score;
    }

    /** Nats above the quantile that make an anomaly. */
    private static double depth(double seen, double interval) {
        double coarse = StrictMath.log(Math.max(1, Math.min(COARSE, interval) / FINE)) / StrictMath.log(COARSE / FINE);
        double young = Math.max(0, Math.min(1, (MATURE - seen) / (MATURE - YOUNG)));
        return (DEPTH - RELIEF * coarse * young) * (1 + (UNSURE + UNSURE_COARSE * coarse) / seen);
    }

    void write(DataOutput out) throws IOException {
        tail.write(out);
        quarantine.write(out);
    }

    static Calibration read(DataInput in) throws IOException {
        Calibration calibration = new Calibration();
        calibration.tail.load(in);
        calibration.quarantine.load(in);
        return calibration;
    }
}
