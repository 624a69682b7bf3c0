package io.windops.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/** Records a second, by the wall's clock and by the CPU time of the whole process (garbage collection and all). */
record Meter(double perSecond, double perCpuSecond) {
    interface Work {
        void run() throws Exception;
    }

    static Meter of(int records, Work work) throws Exception {
        OperatingSystemMXBean system =
                (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long cpu = system.getProcessCpuTime();
        long wall = System.nanoTime();
        work.run();
        return new Meter(
                records * 1e9 / (System.nanoTime() - wall), records * 1e9 / (system.getProcessCpuTime() - cpu));
    }

    static Meter median(Meter[] rounds) {
        return new Meter(
                Arrays.stream(rounds).mapToDouble(Meter::perSecond).sorted().toArray()[rounds.length / 2],
                Arrays.stream(rounds).mapToDouble(Meter::perCpuSecond).sorted().toArray()[rounds.length / 2]);
    }

    String json() {
        return "{\"perSecond\":" + Math.round(perSecond) + ",\"perCpuSecond\":" + Math.round(perCpuSecond) + '}';
    }
}
