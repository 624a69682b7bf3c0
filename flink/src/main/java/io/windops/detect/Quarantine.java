package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * What is anomalous isn't learnt, or each anomaly would hide the next. But what keeps coming back is how things are now: only
 * one anomaly in {@code apart} values, on the long run, goes unlearnt. Of docs/detector.md, the arithmetic of
 * {@code src/detect/quarantine.ts}.
 */
final class Quarantine {
    /** Values after an anomalous one that aren't learnt either: what follows an anomaly belongs to it. */
    private static final double HOLD = 16;
    /** Values that one anomaly keeps unlearnt at most. */
    private static final double LONGEST = 256;
    /** Anomalies in a row that may go unlearnt. */
    private static final double PATIENCE = 4;

    private final double apart;
    private double since = HOLD;
    private double patience = PATIENCE;
    private boolean ignoring;
    private double ignored;

    Quarantine(double apart) {
        this.apart = apart;
    }

    /** Takes the next value's verdict; says whether the value is to be learnt. An anomaly lasts as long as values are unusual. */
    boolean admits(boolean anomalous, boolean unusual) {
        patience = Math.min(PATIENCE, patience + 1 / apart);
        if (anomalous) {
            if (since >= HOLD) {
                ignoring = patience >= 1;
                if (ignoring) {
                    patience--;
                }
                ignored = 0;
            }
            since = 0;
        } else if (unusual && ignoring && since < HOLD && ignored < LONGEST) {
            since = 0;
        }
        boolean admitted = !ignoring || since >= HOLD;
        if (!admitted) {
            ignored++;
        }
        since++;
        return admitted;
    }

    void write(DataOutput out) throws IOException {
        out.writeDouble(since);
        out.writeDouble(patience);
        out.writeBoolean(ignoring);
        out.writeDouble(ignored);
    }

    /** Puts back what {@link #write} wrote. */
    void load(DataInput in) throws IOException {
        since = in.readDouble();
        patience = in.readDouble();
        ignoring = in.readBoolean();
        ignored = in.readDouble();
    }
}
