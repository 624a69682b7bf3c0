package io.windops.kinesis.source;

import io.windops.config.PublishedMetrics;
import io.windops.kinesis.KinesisRecord;
import io.windops.kinesis.StreamLocation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.connector.base.source.reader.SingleThreadMultiplexSourceReaderBase;

/**
 * Hands records on and keeps each shard's position.
 *
 * <p>A finished shard stays in this reader's state until a checkpoint is complete: the enumerator's part of a checkpoint
 * is taken before the readers', so that a shard which ends in between would else be in neither, and its children never
 * read after a restore.
 */
final class ShardSourceReader
        extends SingleThreadMultiplexSourceReaderBase<
                ShardSplitReader.Fetched, KinesisRecord, ShardSplit, ShardSourceReader.Progress> {
    private final Map<String, ShardSplit> ended = new TreeMap<>();
    private final TreeMap<Long, Set<String>> endedByCheckpoint = new TreeMap<>();

    /** A shard's split with the position of the last record handed on. */
    static final class Progress {
        private ShardSplit split;

        Progress(ShardSplit split) {
            this.split = split;
        }
    }

    ShardSourceReader(SourceReaderContext context, StreamLocation stream, Duration poll, ReadLag lag) {
        super(
                () -> new ShardSplitReader(stream, poll, lag),
                (fetched, output, progress) -> {
                    // No checkpoint comes in between: it has all of an aggregated record or nothing.
                    fetched.records().forEach(record -> output.collect(record, record.arrivalTime));
                    progress.split = progress.split.at(Position.after(fetched.sequenceNumber()));
                },
                context.getConfiguration(),
                context);
        PublishedMetrics.of(context.metricGroup()).gauge("millisBehindLatest", lag);
    }

    @Override
    public void addSplits(List<ShardSplit> splits) {
        List<ShardSplit> open = new ArrayList<>();
        Set<String> done = new HashSet<>();
        for (ShardSplit split : splits) {
            if (split.finished()) {
                ended.put(split.shardId(), split);
                done.add(split.shardId());
            } else {
                open.add(split);
            }
        }
        if (!done.isEmpty()) {
            context.sendSourceEventToCoordinator(new ShardsFinishedEvent(done));
        }
        super.addSplits(open);
    }

    @Override
    protected void onSplitFinished(Map<String, Progress> finished) {
        finished.forEach((shardId, progress) -> ended.put(shardId, progress.split.done()));
        context.sendSourceEventToCoordinator(new ShardsFinishedEvent(Set.copyOf(finished.keySet())));
    }

    @Override
    public List<ShardSplit> snapshotState(long checkpointId) {
        List<ShardSplit> splits = new ArrayList<>(super.snapshotState(checkpointId));
        splits.addAll(ended.values());
        endedByCheckpoint.put(checkpointId, Set.copyOf(ended.keySet()));
        return splits;
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) throws Exception {
        super.notifyCheckpointComplete(checkpointId);
        // In this checkpoint the shard is still the reader's; the enumerator's part of the next one has it finished.
        Map<Long, Set<String>> before = endedByCheckpoint.headMap(checkpointId, true);
        before.values().forEach(ended.keySet()::removeAll);
        before.clear();
    }

    @Override
    protected Progress initializedState(ShardSplit split) {
        return new Progress(split);
    }

    @Override
    protected ShardSplit toSplitType(String shardId, Progress progress) {
        return progress.split;
    }
}
