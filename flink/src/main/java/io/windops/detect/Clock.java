package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** The usual time between a turbine's readings, and how the newest compares with it: step 1 of docs/detector.md. */
final class Clock {
    /** Readings over which the usual interval is averaged. */
    private static final double MEMORY = 64;
    /** A gap counts as at most this many usual intervals. */
    private static final double LARGEST_GAP = 4;
    /** Seconds between readings where no time is given. */
    private static final double UNKNOWN = 60;

    private double last = Double.NaN;
    private double interval = Double.NaN;
    private double count;

    /** Seconds; a guess until two times are known. */
    double interval() {
        return count == 0 ? UNKNOWN : interval;
    }

    /** Milliseconds since 1970 of the newest reading; NaN before the first. */
    double last() {
        return last;
    }

    /** Takes the next time (ms since 1970, NaN if unknown); the usual intervals since the last one, 1 where that means nothing. */
    double next(double timestampMs) {
        double seconds = (timestampMs - last) / 1000;
        if (Double.isFinite(timestampMs) && !(timestampMs <= last)) {
            last = timestampMs;
        }
        if (!(seconds > 0)) {
            return 1;
        }
        double steps = count == 0 ? 1 : seconds / interval;
        double learnt = count == 0 ? seconds : Math.min(seconds, LARGEST_GAP * interval);
        count++;
        double before = count == 1 ? seconds : interval;
        interval = before + (learnt - before) / Math.min(count, MEMORY);
        return steps;
    }

    void write(DataOutput out) throws IOException {
        out.writeDouble(last);
        out.writeDouble(interval);
        out.writeDouble(count);
    }

    static Clock read(DataInput in) throws IOException {
        Clock clock = new Clock();
        clock.last = in.readDouble();
        clock.interval = in.readDouble();
        clock.count = in.readDouble();
        return clock;
    }
}
