package io.windops.scoring;

import io.windops.detect.DetectorSettings;
import io.windops.kinesis.sink.OutputRecord;
import io.windops.reading.Reading;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;

/** The operator alone, on RocksDB as on Managed Flink, with a clock that the test moves. */
final class ScoringHarness implements AutoCloseable {
    static final DetectorSettings SETTINGS =
            new DetectorSettings(List.of("speed"), 20, 64, 1.0 / 640, 1, 16, 42);
    static final long EXPIRY_MS = 10_000;
    static final int MAX_PARALLELISM = 16;

    private static final Pattern SCORE = Pattern.compile("\"score\":([-0-9.E]+)");

    private final KeyedOneInputStreamOperatorTestHarness<String, Reading, OutputRecord> harness;

    private ScoringHarness(DetectorSettings settings, int parallelism, int subtask) throws Exception {
        harness = new KeyedOneInputStreamOperatorTestHarness<>(
                new ScoringOperator(settings, EXPIRY_MS),
                reading -> reading.turbineId,
                Types.STRING,
                MAX_PARALLELISM,
                parallelism,
                subtask);
        harness.setStateBackend(new EmbeddedRocksDBStateBackend());
    }

    static ScoringHarness fresh() throws Exception {
        return restored(null, SETTINGS, 1, 1, 0);
    }

    static ScoringHarness restored(OperatorSubtaskState state) throws Exception {
        return restored(state, SETTINGS, 1, 1, 0);
    }

    static ScoringHarness restored(
            OperatorSubtaskState state, DetectorSettings settings, int before, int now, int subtask) throws Exception {
        ScoringHarness created = new ScoringHarness(settings, now, subtask);
        created.harness.setup();
        if (state == null) {
            created.harness.initializeEmptyState();
        } else {
            created.harness.initializeState(AbstractStreamOperatorTestHarness.repartitionOperatorState(
                    state, MAX_PARALLELISM, before, now, subtask));
        }
        created.harness.open();
        return created;
    }

    /** Scores of one reading each, in order. */
    List<Double> score(String turbine, double... speeds) throws Exception {
        List<Double> scores = new ArrayList<>();
        for (double speed : speeds) {
            Reading reading = new Reading(turbine, "Oak Ridge", 0, speed);
            harness.processElement(new StreamRecord<>(reading));
            scores.add(score(harness.extractOutputValues().get(harness.extractOutputValues().size() - 1)));
            harness.getOutput().clear();
        }
        return scores;
    }

    private static double score(OutputRecord record) {
        Matcher match = SCORE.matcher(new String(record.data, StandardCharsets.UTF_8));
        if (!match.find()) {
            throw new AssertionError("no score in " + new String(record.data, StandardCharsets.UTF_8));
        }
        return Double.parseDouble(match.group(1));
    }

    OperatorSubtaskState snapshot(long checkpoint) throws Exception {
        return harness.snapshot(checkpoint, checkpoint);
    }

    void clock(long millis) throws Exception {
        harness.setProcessingTime(millis);
    }

    List<String> savedTurbines() {
        ScoringOperator operator = (ScoringOperator) harness.getOperator();
        try (Stream<String> keys =
                operator.<String>getKeyedStateBackend().getKeys("detector", VoidNamespace.INSTANCE)) {
            return keys.sorted().toList();
        }
    }

    int timers() {
        return harness.numProcessingTimeTimers();
    }

    @Override
    public void close() throws Exception {
        harness.close();
    }
}
