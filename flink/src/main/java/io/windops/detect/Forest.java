package io.windops.detect;

import java.io.DataOutput;
import java.io.IOException;

/** A streaming Random Cut Forest over the readings of one turbine. */
interface Forest {
    /**
     * Scores a reading's values against what was learnt, then learns them.
     *
     * @param values one number a dimension; a value that isn't finite is missing: the last one stands in
     * @return the raw score, 0 until enough is learnt; 0 also for a reading that can't be learnt, because all of it is
     *     missing or a missing value was never seen
     */
    double process(double[] values);

    /** As {@link #process}, without learning. */
    double score(double[] values);

    /** As {@link #process}, without a score. */
    void update(double[] values);

    /** Readings learnt. */
    long updates();

    /** The whole state: a restored forest goes on exactly as this one would. */
    void write(DataOutput out) throws IOException;
}
