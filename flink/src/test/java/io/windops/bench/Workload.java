package io.windops.bench;

import io.windops.detect.DetectorSettings;
import io.windops.kinesis.KinesisRecord;
import io.windops.test.Wind;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;

/** The readings of a bench: {@code turbines} × {@code each}, in order of time. */
record Workload(List<String> turbines, int each) {
    static final DetectorSettings SETTINGS = DetectorSettings.DEFAULTS;
    private static final int MAX_PARALLELISM = 128;
    private static final Instant START = Instant.parse("2026-11-23T10:00:00Z");

    /** Half of the turbines fall to each of two subtasks, so that the bench measures Flink and not the keys' luck. */
    static Workload of(int turbines, int each) {
        List<String> ids = new ArrayList<>();
        int[] perSubtask = new int[2];
        for (int i = 0; ids.size() < turbines; i++) {
            String id = "turbine-" + i;
            int subtask = KeyGroupRangeAssignment.assignKeyToParallelOperator(id, MAX_PARALLELISM, 2);
            if (perSubtask[subtask] < (turbines + 1) / 2) {
                perSubtask[subtask]++;
                ids.add(id);
            }
        }
        return new Workload(ids, each);
    }

    int size() {
        return turbines.size() * each;
    }

    double[][] speeds() {
        double[][] speeds = new double[turbines.size()][];
        for (int i = 0; i < speeds.length; i++) {
            speeds[i] = Wind.speeds(i, each);
        }
        return speeds;
    }

    KinesisRecord[] records() {
        double[][] speeds = speeds();
        KinesisRecord[] records = new KinesisRecord[size()];
        for (int i = 0; i < records.length; i++) {
            int turbine = i % turbines.size();
            int n = i / turbines.size();
            String json = "{\"turbineId\":\"" + turbines.get(turbine) + "\",\"location\":\"Oak Ridge\",\"speed\":"
                    + Math.round(speeds[turbine][n] * 100) / 100.0 + ",\"timestamp\":\"" + START.plusSeconds(n) + "\"}";
            records[i] = new KinesisRecord(
                    json.getBytes(StandardCharsets.UTF_8), START.toEpochMilli(), "shardId-000000000000", Long.toString(i));
        }
        return records;
    }
}
