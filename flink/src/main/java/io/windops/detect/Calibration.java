package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** Gives a turbine's raw forest scores one meaning, as {@code src/detect/calibration.ts} does; the same arithmetic. */
final class Calibration {
    private static final double QUANTILE = 0.98;
    private static final double MEMORY = 10_000;
    private static final double FIRST_EXCESS = 0.3;
    /** Mean excesses between the quantile and an anomaly. */
    private static final double RANGE = 8;

    private double count;
    private double level;
    private double excess;

    /** Calibrated score of {@code raw} before it is learnt; monotone in it. */
    double score(double raw) {
        if (count == 0) {
            return 0;
        }
        return raw <= level ? raw / level : 1 + (raw - level) / (RANGE * excess);
    }

    void update(double raw) {
        if (count == 0) {
            level = raw;
            excess = FIRST_EXCESS;
        }
        count++;
        double rate = 1 / Math.min(count, MEMORY);
        double above = raw - level;
        level += rate * 4 * (above > 0 ? QUANTILE : QUANTILE - 1) * excess;
        if (above > 0) {
            excess += Math.max(0.02, rate) * (Math.min(above, RANGE * excess) - excess);
        }
    }

    void write(DataOutput out) throws IOException {
        out.writeDouble(count);
        out.writeDouble(level);
        out.writeDouble(excess);
    }

    static Calibration read(DataInput in) throws IOException {
        Calibration calibration = new Calibration();
        calibration.count = in.readDouble();
        calibration.level = in.readDouble();
        calibration.excess = in.readDouble();
        return calibration;
    }
}
