package io.windops.scoring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.windops.detect.DetectorSettings;
import io.windops.test.Wind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoringOperatorTest {
    private static double[] part(double[] all, int from, int to) {
        return Arrays.copyOfRange(all, from, to);
    }

    @Test
    void scoresNothingDuringWarmUpAndSpikesHighest() throws Exception {
        try (ScoringHarness scoring = ScoringHarness.fresh()) {
            List<Double> scores = scoring.score("a", Wind.speeds(1, 400));
            double spike = scoring.score("a", 35).get(0);
            assertTrue(scores.subList(0, 16).stream().allMatch(s -> s == 0), "warm-up");
            assertTrue(scores.subList(17, 400).stream().allMatch(s -> s > 0), "after warm-up");
            assertTrue(spike >= 2, "a spike to 35 m/s scores " + spike);
        }
    }

    @Test
    void keepsTurbinesApart() throws Exception {
        double[] mine = Wind.speeds(1, 100);
        double[] other = Wind.speeds(2, 100);
        List<Double> alone;
        try (ScoringHarness scoring = ScoringHarness.fresh()) {
            alone = scoring.score("a", mine);
        }
        try (ScoringHarness scoring = ScoringHarness.fresh()) {
            List<Double> mixed = new ArrayList<>();
            for (int i = 0; i < mine.length; i++) {
                mixed.addAll(scoring.score("a", mine[i]));
                scoring.score("b", other[i]);
            }
            assertEquals(alone, mixed);
        }
    }

    @Test
    void goesOnFromACheckpointExactlyAsItWouldHave() throws Exception {
        double[] wind = Wind.speeds(3, 600);
        OperatorSubtaskState checkpoint;
        List<Double> unbroken;
        try (ScoringHarness scoring = ScoringHarness.fresh()) {
            scoring.score("a", part(wind, 0, 200));
            scoring.snapshot(1);
            scoring.score("a", part(wind, 200, 300));
            checkpoint = scoring.snapshot(2);
            unbroken = scoring.score("a", part(wind, 300, 600));
        }
        try (ScoringHarness scoring = ScoringHarness.restored(checkpoint)) {
            assertEquals(unbroken, scoring.score("a", part(wind, 300, 600)));
        }
    }

    @Test
    void keepsInTheNextCheckpointTurbinesThatWereNotReadSinceTheRestore() throws Exception {
        OperatorSubtaskState first;
        List<Double> expected;
        try (ScoringHarness scoring = ScoringHarness.fresh()) {
            scoring.score("a", Wind.speeds(1, 100));
            scoring.score("b", Wind.speeds(2, 100));
            first = scoring.snapshot(1);
            expected = scoring.score("b", 12, 30);
        }
        OperatorSubtaskState second;
        try (ScoringHarness scoring = ScoringHarness.restored(first)) {
            scoring.score("a", 9);
            second = scoring.snapshot(2);
        }
        try (ScoringHarness scoring = ScoringHarness.restored(second)) {
            assertEquals(expected, scoring.score("b", 12, 30));
        }
    }

    @ParameterizedTest
    @CsvSource({"1,4", "4,2", "2,1"})
    void goesOnAfterAChangeOfParallelism(int before, int after) throws Exception {
        Map<String, double[]> winds = new HashMap<>();
        for (int i = 0; i < 12; i++) {
            winds.put("turbine-" + i, Wind.speeds(i, 100));
        }
        Map<String, List<Double>> unbroken = new HashMap<>();
        List<OperatorSubtaskState> states = new ArrayList<>();
        for (int subtask = 0; subtask < before; subtask++) {
            try (ScoringHarness scoring = ScoringHarness.restored(null, ScoringHarness.SETTINGS, before, before, subtask)) {
                for (String turbine : mine(winds, before, subtask)) {
                    scoring.score(turbine, part(winds.get(turbine), 0, 60));
                }
                states.add(scoring.snapshot(1));
                for (String turbine : mine(winds, before, subtask)) {
                    unbroken.put(turbine, scoring.score(turbine, part(winds.get(turbine), 60, 100)));
                }
            }
        }
        assertEquals(winds.keySet(), unbroken.keySet());
        OperatorSubtaskState packed =
                AbstractStreamOperatorTestHarness.repackageState(states.toArray(new OperatorSubtaskState[0]));
        Map<String, List<Double>> restored = new HashMap<>();
        for (int subtask = 0; subtask < after; subtask++) {
            try (ScoringHarness scoring =
                    ScoringHarness.restored(packed, ScoringHarness.SETTINGS, before, after, subtask)) {
                for (String turbine : mine(winds, after, subtask)) {
                    restored.put(turbine, scoring.score(turbine, part(winds.get(turbine), 60, 100)));
                }
            }
        }
        assertEquals(unbroken, restored);
    }

    private static List<String> mine(Map<String, double[]> winds, int parallelism, int subtask) {
        return winds.keySet().stream()
                .filter(turbine -> KeyGroupRangeAssignment.assignKeyToParallelOperator(
                                turbine, ScoringHarness.MAX_PARALLELISM, parallelism)
                        == subtask)
                .sorted()
                .toList();
    }

    @Test
    void forgetsATurbineThatFellSilentAndNoOther() throws Exception {
        try (ScoringHarness scoring = ScoringHarness.fresh()) {
            scoring.clock(0);
            scoring.score("silent", Wind.speeds(1, 100));
            scoring.score("alive", Wind.speeds(2, 100));
            scoring.snapshot(1);
            scoring.clock(ScoringHarness.EXPIRY_MS - 1);
            scoring.score("alive", 9);
            scoring.clock(ScoringHarness.EXPIRY_MS);
            assertEquals(1, scoring.timers(), "only the living one's timer is left");
            assertEquals(0, scoring.score("silent", 9).get(0), "begins anew");
            assertTrue(scoring.score("alive", 9).get(0) > 0, "goes on");
        }
    }

    @Test
    void forgetsATurbineThatWasSilentAcrossARestore() throws Exception {
        OperatorSubtaskState checkpoint;
        try (ScoringHarness scoring = ScoringHarness.fresh()) {
            scoring.clock(0);
            scoring.score("silent", Wind.speeds(1, 100));
            checkpoint = scoring.snapshot(1);
        }
        try (ScoringHarness scoring = ScoringHarness.restored(checkpoint)) {
            assertEquals(List.of("silent"), scoring.savedTurbines());
            scoring.clock(ScoringHarness.EXPIRY_MS);
            assertEquals(List.of(), scoring.savedTurbines());
            assertEquals(0, scoring.timers());
        }
    }

    @Test
    void warmsUpAnewWhenTheParametersHaveChanged() throws Exception {
        OperatorSubtaskState checkpoint;
        try (ScoringHarness scoring = ScoringHarness.fresh()) {
            scoring.score("a", Wind.speeds(1, 100));
            checkpoint = scoring.snapshot(1);
        }
        DetectorSettings more = new DetectorSettings(List.of("speed"), 30, 64, 1.0 / 640, 1, 16, 42);
        try (ScoringHarness scoring = ScoringHarness.restored(checkpoint, more, 1, 1, 0)) {
            assertEquals(0, scoring.score("a", 9).get(0));
        }
    }
}
