package io.windops.bench;

import io.windops.detect.Detector;
import io.windops.test.Wind;
import java.util.Arrays;

/** What detectors with full samples take: heap, bytes saved, milliseconds to save and to restore. Argument: turbines. */
final class Memory {
    private static final int DIFFERENT = 20;
    private static final int READINGS = 1_500;

    private Memory() {}

    public static void main(String[] args) {
        int turbines = Integer.parseInt(args[0]);
        byte[][] saved = new byte[DIFFERENT][];
        for (int i = 0; i < DIFFERENT; i++) {
            Detector detector = new Detector(Workload.SETTINGS);
            double[] wind = Wind.speeds(i, READINGS);
            for (int n = 0; n < READINGS; n++) {
                double speed = wind[n];
                detector.next(n * 1000.0, name -> speed);
            }
            saved[i] = detector.save();
        }
        long before = used();
        Detector[] detectors = new Detector[turbines];
        long start = System.nanoTime();
        for (int i = 0; i < turbines; i++) {
            detectors[i] = Detector.restore(saved[i % DIFFERENT]);
        }
        double restoreMs = (System.nanoTime() - start) / 1e6 / turbines;
        long heap = used() - before;
        start = System.nanoTime();
        long bytes = 0;
        for (Detector detector : detectors) {
            bytes += detector.save().length;
        }
        double saveMs = (System.nanoTime() - start) / 1e6 / turbines;
        System.out.printf(
                "{\"turbines\":%d,\"heapBytes\":%d,\"savedBytes\":%d,\"saveMs\":%.2f,\"restoreMs\":%.2f}%n",
                turbines, heap, bytes, saveMs, restoreMs);
        if (Arrays.asList(detectors).contains(null)) {
            throw new IllegalStateException("a detector is missing");
        }
    }

    private static long used() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
