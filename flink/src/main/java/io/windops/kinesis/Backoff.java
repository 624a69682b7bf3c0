package io.windops.kinesis;

/** Milliseconds to wait after failures in a row: doubling, up to the most. */
public final class Backoff {
    private final long first;
    private final long most;
    private int failures;

    public Backoff(long first, long most) {
        this.first = first;
        this.most = most;
    }

    /** One more failure: how long to wait after it. */
    public long failed() {
        return Math.min(most, first << Math.min(failures++, 20));
    }

    /** @return whether there had been failures */
    public boolean worked() {
        boolean before = failures > 0;
        failures = 0;
        return before;
    }

    /** Whether the last failure was the first in a row: the one to log, among hundreds that say the same. */
    public boolean isNews() {
        return failures == 1;
    }
}
