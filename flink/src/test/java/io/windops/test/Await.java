package io.windops.test;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for a condition; a test never waits for a time. */
public final class Await {
    private static final long POLL_MS = 50;

    private Await() {}

    /** The first value that isn't null. */
    public static <T> T value(Duration atMost, String what, Callable<T> look) {
        long late = System.nanoTime() + atMost.toNanos();
        while (true) {
            T found;
            try {
                found = look.call();
                if (found == null && System.nanoTime() < late) {
                    Thread.sleep(POLL_MS);
                    continue;
                }
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException("while waiting for " + what, e);
            }
            if (found == null) {
                throw new AssertionError("waited " + atMost + " for " + what);
            }
            return found;
        }
    }

    public static void until(Duration atMost, String what, Callable<Boolean> condition) {
        value(atMost, what, () -> condition.call() ? Boolean.TRUE : null);
    }
}
