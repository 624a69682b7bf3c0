package io.windops.kinesis;

import io.windops.test.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.LimitExceededException;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;

/** The project's own embedded stack, as a process of its own with a folder of its own. */
final class EmbeddedStack implements AutoCloseable {
    static final String REGION = "us-east-1";
    private static final Pattern PORT = Pattern.compile("\"port\":(\\d+)");

    private final Process process;
    private final String endpoint;
    final KinesisClient kinesis;

    private EmbeddedStack(Process process, String endpoint) {
        this.process = process;
        this.endpoint = endpoint;
        this.kinesis = StreamLocation.client(REGION, endpoint);
    }

    static EmbeddedStack start(Path folder) throws IOException {
        Path program = Path.of(System.getProperty("windops.stack"));
        if (!Files.exists(program)) {
            throw new IllegalStateException(program + " is missing: `node scripts/build.mjs` makes it");
        }
        Process process = new ProcessBuilder("node", program.toString(), "--state-dir", folder.toString(), "--port", "0")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output.log").toFile())
                .start();
        try {
            int port = Await.value(Duration.ofSeconds(30), "the stack's port", () -> port(folder, process));
            return new EmbeddedStack(process, "http://127.0.0.1:" + port);
        } catch (RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static Integer port(Path folder, Process process) throws IOException {
        if (!process.isAlive()) {
            throw new IllegalStateException("the stack did not start: " + Files.readString(folder.resolve("output.log")));
        }
        Path state = folder.resolve("stack.json");
        Matcher match = PORT.matcher(Files.exists(state) ? Files.readString(state) : "");
        return match.find() ? Integer.valueOf(match.group(1)) : null;
    }

    StreamLocation stream(String name, int shards) {
        kinesis.createStream(r -> r.streamName(name).shardCount(shards));
        awaitActive(name);
        return StreamLocation.resolve(name, REGION, endpoint);
    }

    void awaitActive(String name) {
        Await.until(Duration.ofSeconds(30), name + " to be active", () -> kinesis.describeStreamSummary(
                                r -> r.streamName(name))
                        .streamDescriptionSummary()
                        .streamStatus()
                == StreamStatus.ACTIVE);
    }

    void awaitGone(String name) {
        Await.until(Duration.ofSeconds(30), name + " to be gone", () -> {
            try {
                return kinesis.listStreams().streamNames().stream().noneMatch(name::equals);
            } catch (LimitExceededException e) {
                // Five calls a second are allowed, and this asks more often.
                return false;
            }
        });
    }

    /** Puts records in this order, each under its key; those that are refused go again. */
    void put(StreamLocation stream, List<PutRecordsRequestEntry> records) {
        for (int from = 0; from < records.size(); from += 500) {
            List<PutRecordsRequestEntry> batch = records.subList(from, Math.min(records.size(), from + 500));
            while (!batch.isEmpty()) {
                List<PutRecordsRequestEntry> sent = batch;
                PutRecordsResponse response = kinesis.putRecords(r -> r.streamARN(stream.arn()).records(sent));
                List<PutRecordsRequestEntry> refused = new ArrayList<>();
                for (int i = 0; i < sent.size(); i++) {
                    if (response.records().get(i).errorCode() != null) {
                        refused.add(sent.get(i));
                    }
                }
                batch = refused;
            }
        }
    }

    static PutRecordsRequestEntry record(String key, byte[] data) {
        return PutRecordsRequestEntry.builder().partitionKey(key).data(SdkBytes.fromByteArray(data)).build();
    }

    /** Everything in a stream, shard after shard. */
    List<Record> everything(StreamLocation stream) {
        List<Record> records = new ArrayList<>();
        for (Shard shard : kinesis.listShards(r -> r.streamARN(stream.arn())).shards()) {
            String iterator = kinesis.getShardIterator(r -> r.streamARN(stream.arn())
                            .shardId(shard.shardId())
                            .shardIteratorType(ShardIteratorType.TRIM_HORIZON))
                    .shardIterator();
            while (iterator != null) {
                String current = iterator;
                GetRecordsResponse response =
                        kinesis.getRecords(r -> r.streamARN(stream.arn()).shardIterator(current));
                records.addAll(response.records());
                boolean atTip = response.millisBehindLatest() == 0 && response.records().isEmpty();
                iterator = atTip ? null : response.nextShardIterator();
            }
        }
        return records;
    }

    @Override
    public void close() {
        kinesis.close();
        process.destroyForcibly();
    }
}
