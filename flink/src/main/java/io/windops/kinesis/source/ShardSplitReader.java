package io.windops.kinesis.source;

import io.windops.kinesis.AggregatedRecord;
import io.windops.kinesis.Backoff;
import io.windops.kinesis.HashRange;
import io.windops.kinesis.KinesisRecord;
import io.windops.kinesis.StreamLocation;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsAddition;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.LimitExceededException;
import software.amazon.awssdk.services.kinesis.model.ProvisionedThroughputExceededException;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;

/** Polls this reader's shards in turn. A shard allows five reads a second, shared with every other consumer. */
final class ShardSplitReader implements SplitReader<ShardSplitReader.Fetched, ShardSplit> {
    private static final Logger LOG = LoggerFactory.getLogger(ShardSplitReader.class);

    /** Between reads of a shard that has more to give. */
    private static final long BEHIND_MS = 250;

    private static final int LIMIT = 10_000;

    /** After failures that pass: throttled, unreachable, the service's own fault. */
    private static final long BACKOFF_FIRST_MS = 1_000;
    private static final long BACKOFF_MOST_MS = 30_000;

    private final KinesisClient client;
    private final String streamArn;
    private final long pollMs;
    private final Map<String, Cursor> cursors = new LinkedHashMap<>();
    private final Object signal = new Object();
    private final ReadLag lag;
    private final Map<String, HashRange> ranges = new HashMap<>();
    private boolean wokenUp;

    /** A record of the shard and the readings in it: several where the producer aggregates. */
    record Fetched(String sequenceNumber, List<KinesisRecord> records) {}

    private static final class Cursor {
        Position position;
        String iterator;
        long due;
        boolean paused;
        final Backoff backoff = new Backoff(BACKOFF_FIRST_MS, BACKOFF_MOST_MS);

        Cursor(Position position) {
            this.position = position;
        }
    }

    ShardSplitReader(StreamLocation stream, Duration poll, ReadLag lag) {
        this.lag = lag;
        this.client = stream.client();
        this.streamArn = stream.arn();
        this.pollMs = poll.toMillis();
    }

    @Override
    public RecordsWithSplitIds<Fetched> fetch() {
        String next = awaitDue();
        return next == null ? nothing() : read(next, cursors.get(next));
    }

    /** The shard whose turn has come, or null when woken up before. */
    private String awaitDue() {
        synchronized (signal) {
            while (!wokenUp) {
                String first = null;
                long due = Long.MAX_VALUE;
                for (Map.Entry<String, Cursor> entry : cursors.entrySet()) {
                    if (!entry.getValue().paused && entry.getValue().due < due) {
                        first = entry.getKey();
                        due = entry.getValue().due;
                    }
                }
                long wait = first == null ? 1_000 : due - now();
                if (wait <= 0) {
                    return first;
                }
                try {
                    signal.wait(wait);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return null;
                }
            }
            wokenUp = false;
            return null;
        }
    }

    private RecordsWithSplitIds<Fetched> read(String shardId, Cursor cursor) {
        GetRecordsResponse response;
        List<Fetched> records;
        try {
            if (cursor.iterator == null) {
                cursor.iterator = client.getShardIterator(
                                cursor.position.request().streamARN(streamArn).shardId(shardId).build())
                        .shardIterator();
            }
            response = client.getRecords(r -> r.streamARN(streamArn).shardIterator(cursor.iterator).limit(LIMIT));
            records = response.records().stream().map(record -> fetched(record, shardId)).toList();
        } catch (InvalidArgumentException e) {
            if (cursor.iterator != null || cursor.position.equals(Position.TRIM_HORIZON)) {
                throw e;
            }
            // A stream of the same name was made anew since the state was saved.
            LOG.warn("{} of {} is read from its beginning: {}", shardId, streamArn, e.getMessage());
            cursor.position = Position.TRIM_HORIZON;
            return nothing();
        } catch (ExpiredIteratorException e) {
            // Iterators live for five minutes; the position outlives them.
            cursor.iterator = null;
            return nothing();
        } catch (ResourceNotFoundException e) {
            // Throws if it is the stream that isn't there.
            client.describeStreamSummary(r -> r.streamARN(streamArn));
            LOG.warn("{} of {} is gone with all its records: {}", shardId, streamArn, e.getMessage());
            return ended(shardId, Map.of());
        } catch (SdkException e) {
            if (!passes(e)) {
                throw e;
            }
            cursor.due = now() + Math.max(pollMs, cursor.backoff.failed());
            if (cursor.backoff.isNews() && !throttled(e)) {
                LOG.warn("{} of {} can't be read now, and is tried again: {}", shardId, streamArn, e.getMessage());
            }
            return nothing();
        }
        cursor.backoff.worked();
        if (!records.isEmpty()) {
            cursor.position = Position.after(records.get(records.size() - 1).sequenceNumber());
        }
        cursor.iterator = response.nextShardIterator();
        Long behind = response.millisBehindLatest();
        lag.report(shardId, behind);
        cursor.due = now() + (behind != null && behind > 0 ? Math.min(BEHIND_MS, pollMs) : pollMs);
        Map<String, Collection<Fetched>> found = records.isEmpty() ? Map.of() : Map.of(shardId, records);
        return cursor.iterator == null ? ended(shardId, found) : new RecordsBySplits<>(found, Set.of());
    }

    private RecordsWithSplitIds<Fetched> ended(String shardId, Map<String, Collection<Fetched>> last) {
        cursors.remove(shardId);
        lag.ended(shardId);
        return new RecordsBySplits<>(last, Set.of(shardId));
    }

    /** The service or the way to it is at fault: a job that gave up for that would only begin again at its last checkpoint. */
    private static boolean passes(SdkException e) {
        return e instanceof SdkClientException
                || throttled(e)
                || e instanceof SdkServiceException service && service.statusCode() >= 500;
    }

    private static boolean throttled(SdkException e) {
        return e instanceof SdkServiceException service && service.isThrottlingException()
                || e instanceof ProvisionedThroughputExceededException
                || e instanceof LimitExceededException;
    }

    private Fetched fetched(Record record, String shardId) {
        byte[] data = record.data().asByteArray();
        List<byte[]> parts = AggregatedRecord.looksLikeOne(data)
                ? AggregatedRecord.partsOf(data, ranges.computeIfAbsent(shardId, this::range))
                : null;
        long arrival = record.approximateArrivalTimestamp().toEpochMilli();
        String number = record.sequenceNumber();
        return new Fetched(
                number,
                (parts == null ? List.of(data) : parts)
                        .stream().map(part -> new KinesisRecord(part, arrival, shardId, number)).toList());
    }

    /** Asked for only where a producer aggregates. */
    private HashRange range(String shardId) {
        return ShardLister.shards(client, streamArn).stream()
                .filter(shard -> shard.shardId().equals(shardId))
                .findFirst()
                .map(shard -> HashRange.of(shard.hashKeyRange().startingHashKey(), shard.hashKeyRange().endingHashKey()))
                .orElse(HashRange.ALL);
    }

    private static RecordsWithSplitIds<Fetched> nothing() {
        return new RecordsBySplits<>(Map.of(), Set.of());
    }

    private static long now() {
        return System.nanoTime() / 1_000_000;
    }

    @Override
    public void handleSplitsChanges(SplitsChange<ShardSplit> change) {
        if (!(change instanceof SplitsAddition)) {
            throw new UnsupportedOperationException("shards are only ever added: " + change.getClass());
        }
        for (ShardSplit split : change.splits()) {
            Cursor cursor = new Cursor(split.position());
            cursor.due = now();
            cursors.put(split.shardId(), cursor);
        }
    }

    @Override
    public void pauseOrResumeSplits(Collection<ShardSplit> pause, Collection<ShardSplit> resume) {
        pause.forEach(split -> cursors.get(split.shardId()).paused = true);
        resume.forEach(split -> cursors.get(split.shardId()).paused = false);
    }

    @Override
    public void wakeUp() {
        synchronized (signal) {
            wokenUp = true;
            signal.notifyAll();
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
