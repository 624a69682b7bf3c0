package io.windops.kinesis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.windops.detect.Detector;
import io.windops.detect.DetectorSettings;
import io.windops.test.Await;
import io.windops.test.Wind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Shard;

/**
 * The whole job on a real Flink, between streams of the embedded Kinesis. Every expected score is that of a detector which
 * sees the turbine's readings once and in order: a reading lost, doubled or out of order, or a forest that began anew,
 * would give other scores.
 */
class KinesisJobTest {
    private static final DetectorSettings SETTINGS =
            new DetectorSettings(List.of("speed"), 10, 64, 1.0 / 640, 1, 16, 42);
    private static final int TURBINES = 6;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Instant START = Instant.parse("2026-11-23T10:00:00Z");

    @TempDir
    Path folder;

    private EmbeddedStack stack;
    private StreamLocation input;
    private StreamLocation output;

    @BeforeEach
    void up() throws IOException {
        stack = EmbeddedStack.start(Files.createDirectories(folder.resolve("stack")));
        input = stack.stream("WindDataStream", 2);
        output = stack.stream("AnomalyDetectionStream", 1);
    }

    @AfterEach
    void down() {
        stack.close();
    }

    private static String turbine(int number) {
        return "turbine-" + number;
    }

    /** Readings {@code from} to {@code to} of every turbine. */
    private void put(int from, int to) {
        List<PutRecordsRequestEntry> records = new ArrayList<>();
        double[][] winds = new double[TURBINES][];
        for (int t = 0; t < TURBINES; t++) {
            winds[t] = Wind.speeds(t, to);
        }
        for (int i = from; i < to; i++) {
            for (int t = 0; t < TURBINES; t++) {
                String json = "{\"turbineId\":\"" + turbine(t) + "\",\"location\":\"Oak Ridge\",\"speed\":" + winds[t][i]
                        + ",\"timestamp\":\"" + START.plusSeconds(i) + "\"}";
                records.add(EmbeddedStack.record(turbine(t), json.getBytes(StandardCharsets.UTF_8)));
            }
        }
        stack.put(input, records);
    }

    /** Scores by turbine and time, as they should be after {@code count} readings of every turbine. */
    private static Map<String, Map<String, Double>> expected(int count) {
        Map<String, Map<String, Double>> scores = new TreeMap<>();
        for (int t = 0; t < TURBINES; t++) {
            Detector detector = new Detector(SETTINGS);
            Map<String, Double> mine = new TreeMap<>();
            double[] wind = Wind.speeds(t, count);
            for (int i = 0; i < count; i++) {
                double speed = wind[i];
                Instant time = START.plusSeconds(i);
                mine.put(
                        time.toString().replace("Z", ".000Z"),
                        detector.next(time.toEpochMilli(), name -> speed).score());
            }
            scores.put(turbine(t), mine);
        }
        return scores;
    }

    /** Scores by turbine and time in the output; one that was written twice must have been the same both times. */
    private Map<String, Map<String, Double>> found() throws IOException {
        Map<String, Map<String, Double>> scores = new TreeMap<>();
        for (var record : stack.everything(output)) {
            Map<String, String> fields = fields(record.data().asByteArray());
            if (fields.containsKey("score")) {
                double score = Double.parseDouble(fields.get("score"));
                Double before = scores.computeIfAbsent(fields.get("turbineId"), id -> new TreeMap<>())
                        .put(fields.get("timestamp"), score);
                assertTrue(before == null || before == score, "scored twice, " + before + " and " + score);
                assertEquals(fields.get("turbineId"), record.partitionKey());
            }
        }
        return scores;
    }

    private static Map<String, String> fields(byte[] bytes) throws IOException {
        Map<String, String> fields = new HashMap<>();
        try (JsonParser json = new JsonFactory().createParser(bytes)) {
            json.nextToken();
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String name = json.currentName();
                json.nextToken();
                fields.put(name, json.getText());
            }
        }
        return fields;
    }

    private void awaitScored(int count) {
        Await.until(PATIENCE, count + " readings a turbine", () -> found().values().stream()
                        .mapToInt(Map::size)
                        .sum()
                >= count * TURBINES);
    }

    @Test
    void scoresReadingsAndPassesOnWhatIsNone() throws Exception {
        try (JobRun job = JobRun.start(input, output, SETTINGS, 2, folder, null)) {
            put(0, 40);
            byte[] noise = {(byte) 0xff, 0, 1};
            stack.put(input, List.of(EmbeddedStack.record("x", noise), EmbeddedStack.record("y", "{}".getBytes(
                    StandardCharsets.UTF_8))));
            put(40, 80);
            awaitScored(80);
            assertEquals(expected(80), found());
            Await.until(PATIENCE, "both bad records", () -> errors().size() == 2);
            assertEquals(List.of("no finite speed: {}", "not JSON: /wAB"), errors());
        }
    }

    private List<String> errors() throws IOException {
        List<String> errors = new ArrayList<>();
        for (var record : stack.everything(output)) {
            Map<String, String> fields = fields(record.data().asByteArray());
            if (fields.containsKey("error")) {
                errors.add(fields.get("error").replaceFirst("^not JSON: .*", "not JSON") + ": " + fields.get("raw"));
            }
        }
        return errors.stream().sorted().toList();
    }

    @Test
    void takesAggregatedRecordsApartEachReadingInItsOwnShard() throws Exception {
        try (JobRun job = JobRun.start(input, output, SETTINGS, 2, folder, null)) {
            double[][] winds = new double[TURBINES][];
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            CodedOutputStream out = CodedOutputStream.newInstance(message);
            for (int t = 0; t < TURBINES; t++) {
                winds[t] = Wind.speeds(t, 60);
                out.writeString(1, turbine(t));
            }
            for (int i = 0; i < 60; i++) {
                for (int t = 0; t < TURBINES; t++) {
                    byte[] json = ("{\"turbineId\":\"" + turbine(t) + "\",\"location\":\"Oak Ridge\",\"speed\":"
                                    + winds[t][i] + ",\"timestamp\":\"" + START.plusSeconds(i) + "\"}")
                            .getBytes(StandardCharsets.UTF_8);
                    out.writeTag(3, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                    out.writeUInt32NoTag(2 + CodedOutputStream.computeByteArraySize(3, json));
                    out.writeUInt32(1, t);
                    out.writeByteArray(3, json);
                }
            }
            out.flush();
            byte[] aggregate = AggregatedRecordTest.sealed(message.toByteArray());
            // Into both shards, as a producer does that learns of a reshard too late and sends again.
            for (Shard shard : stack.kinesis.listShards(r -> r.streamARN(input.arn())).shards()) {
                stack.put(input, List.of(EmbeddedStack.record("a", aggregate).toBuilder()
                        .explicitHashKey(shard.hashKeyRange().startingHashKey())
                        .build()));
            }
            put(60, 80);
            awaitScored(80);
            assertEquals(expected(80), found());
            assertEquals(80 * TURBINES, stack.everything(output).size());
        }
    }

    @Test
    void losesNothingWhenTheTasksDie() throws Exception {
        try (JobRun job = JobRun.start(input, output, SETTINGS, 2, folder, null)) {
            put(0, 100);
            awaitScored(100);
            job.awaitRunning();
            job.checkpoint();
            put(100, 150);
            awaitScored(150);
            job.loseTaskManager();
            put(150, 220);
            awaitScored(220);
            assertEquals(expected(220), found());
        }
    }

    @Test
    void goesOnFromASavepointWithAnotherParallelism() throws Exception {
        String savepoint;
        try (JobRun job = JobRun.start(input, output, SETTINGS, 1, folder, null)) {
            put(0, 100);
            awaitScored(100);
            savepoint = job.stopWithSavepoint(folder.resolve("savepoints"));
        }
        put(100, 150);
        try (JobRun job = JobRun.start(input, output, SETTINGS, 2, folder, savepoint)) {
            put(150, 200);
            awaitScored(200);
            assertEquals(expected(200), found());
        }
    }

    @Test
    void readsAStreamMadeAnewWithFewerShardsFromItsBeginningAndKeepsTheForests() throws Exception {
        String savepoint;
        try (JobRun job = JobRun.start(input, output, SETTINGS, 2, folder, null)) {
            put(0, 60);
            awaitScored(60);
            savepoint = job.stopWithSavepoint(folder.resolve("savepoints"));
        }
        stack.kinesis.deleteStream(r -> r.streamName("WindDataStream"));
        stack.awaitGone("WindDataStream");
        stack.stream("WindDataStream", 1);
        put(60, 100);
        try (JobRun job = JobRun.start(input, output, SETTINGS, 1, folder, savepoint)) {
            put(100, 120);
            awaitScored(120);
            assertEquals(expected(120), found());
        }
    }

    @Test
    void readsParentsBeforeChildrenWhenTheStreamIsResharded() throws Exception {
        try (JobRun job = JobRun.start(input, output, SETTINGS, 2, folder, null)) {
            put(0, 60);
            awaitScored(60);
            List<Shard> shards = stack.kinesis.listShards(r -> r.streamARN(input.arn())).shards();
            put(60, 90);
            stack.kinesis.mergeShards(r -> r.streamARN(input.arn())
                    .shardToMerge(shards.get(0).shardId())
                    .adjacentShardToMerge(shards.get(1).shardId()));
            stack.awaitActive("WindDataStream");
            put(90, 130);
            awaitScored(130);
            assertEquals(expected(130), found());
            assertEquals(
                    3,
                    stack.kinesis.listShards(r -> r.streamARN(input.arn())).shards().stream()
                            .map(Shard::shardId)
                            .collect(Collectors.toSet())
                            .size());
        }
    }
}
