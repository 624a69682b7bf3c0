package io.windops.bench;

import com.amazon.randomcutforest.RandomCutForest;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * Arguments: file dimensions shingleSize trees forests. For each line N on stdin: scores, then learns N readings, one forest
 * after the other, and prints the thread's CPU time in ns. For the line "bytes": the heap in use.
 */
public final class ReferenceSpeed {
    private ReferenceSpeed() {}

    public static void main(String[] args) throws Exception {
        int dimensions = Integer.parseInt(args[1]);
        float[][] points = Points.read(args[0], dimensions);
        long empty = heap();
        RandomCutForest[] forests = new RandomCutForest[Integer.parseInt(args[4])];
        for (int f = 0; f < forests.length; f++) {
            forests[f] = Points.forest(dimensions, Integer.parseInt(args[2]), Integer.parseInt(args[3]), 256, f + 1);
        }
        ThreadMXBean clock = ManagementFactory.getThreadMXBean();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        long at = 0;
        double sum = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.equals("bytes")) {
                System.out.println(heap() - empty);
                continue;
            }
            int count = Integer.parseInt(line);
            long start = clock.getCurrentThreadCpuTime();
            for (int i = 0; i < count; i++, at++) {
                RandomCutForest forest = forests[(int) (at % forests.length)];
                float[] point = points[(int) (at / forests.length % points.length)];
                sum += forest.getAnomalyScore(point);
                forest.update(point);
            }
            System.out.println(clock.getCurrentThreadCpuTime() - start);
        }
        if (Double.isNaN(sum)) {
            throw new IllegalStateException("no score");
        }
    }

    private static long heap() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
