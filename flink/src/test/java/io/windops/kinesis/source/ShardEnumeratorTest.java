package io.windops.kinesis.source;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import org.apache.flink.api.connector.source.ReaderInfo;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SplitsAssignment;
import org.apache.flink.metrics.groups.SplitEnumeratorMetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kinesis.model.Shard;

/** Which shards are given to readers, and when: across resharding, failures, restores and streams made anew. */
class ShardEnumeratorTest {
    private final List<Shard> shards = new ArrayList<>();
    private long created = 1_000;
    private final Context context = new Context();

    private static Shard shard(String id, String... parents) {
        Shard.Builder shard = Shard.builder().shardId(id);
        if (parents.length > 0) {
            shard.parentShardId(parents[0]);
        }
        if (parents.length > 1) {
            shard.adjacentParentShardId(parents[1]);
        }
        return shard.build();
    }

    private ShardEnumerator enumerator(Position start, ShardsState restored) {
        ShardLister lister = new ShardLister() {
            @Override
            public Listing list() {
                return new Listing(created, List.copyOf(shards));
            }

            @Override
            public void close() {}
        };
        ShardEnumerator enumerator =
                new ShardEnumerator(context, "stream", () -> lister, start, Duration.ofSeconds(1), restored);
        enumerator.start();
        return enumerator;
    }

    private ShardEnumerator started(Shard... first) {
        shards.addAll(List.of(first));
        ShardEnumerator enumerator = enumerator(Position.TRIM_HORIZON, null);
        context.look();
        return enumerator;
    }

    private static void finish(ShardEnumerator enumerator, int reader, String... ids) {
        enumerator.handleSourceEvent(reader, new ShardsFinishedEvent(Set.of(ids)));
    }

    @Test
    void givesChildrenOnlyWhenAllTheirParentsAreFinished() {
        ShardEnumerator enumerator = started(shard("a"), shard("b"), shard("ab", "a", "b"));
        assertEquals(List.of("a", "b"), context.given());
        finish(enumerator, 0, "a");
        assertEquals(List.of(), context.given());
        finish(enumerator, 1, "b");
        assertEquals(List.of("ab"), context.given());
    }

    @Test
    void beginsAtTheStartPositionAndReadsWhatAppearsLaterFromItsBeginning() {
        shards.add(shard("a"));
        ShardEnumerator enumerator = enumerator(Position.at(5), null);
        context.look();
        shards.add(shard("aa", "a"));
        context.look();
        finish(enumerator, 0, "a");
        assertEquals(Map.of("a", Position.at(5), "aa", Position.TRIM_HORIZON), context.positions);
    }

    @Test
    void keepsChildrenBackWhenAReaderThatFailedReadsTheirParentAgain() {
        ShardEnumerator enumerator = started(shard("a"));
        enumerator.snapshotState(1);
        enumerator.notifyCheckpointComplete(1);
        shards.add(shard("aa", "a"));
        context.look();
        finish(enumerator, 0, "a");
        assertEquals(List.of("a", "aa"), context.given());
        // Back to checkpoint 1, in which reader 0 has "a" and nobody has "aa".
        enumerator.addSplitsBack(List.of(new ShardSplit("aa", List.of("a"), Position.TRIM_HORIZON, false)), 0);
        enumerator.addReader(0);
        assertEquals(List.of(), context.given());
        finish(enumerator, 0, "a");
        assertEquals(List.of("aa"), context.given());
    }

    @Test
    void knowsAParentAsFinishedOnceACheckpointHoldsThat() {
        ShardEnumerator enumerator = started(shard("a"), shard("aa", "a"));
        context.given();
        finish(enumerator, 0, "a");
        assertEquals(List.of("aa"), context.given());
        enumerator.snapshotState(1);
        enumerator.notifyCheckpointComplete(1);
        enumerator.addSplitsBack(List.of(new ShardSplit("aa", List.of("a"), Position.TRIM_HORIZON, false)), 0);
        enumerator.addReader(0);
        assertEquals(List.of("aa"), context.given());
    }

    @Test
    void readsAStreamThatWasMadeAnewUnderTheSameName() throws Exception {
        ShardEnumerator enumerator = started(shard("a"), shard("b"), shard("aa", "a"));
        finish(enumerator, 0, "a");
        context.given();
        ShardsState.Serializer serializer = new ShardsState.Serializer();
        ShardsState saved = serializer.deserialize(2, serializer.serialize(enumerator.snapshotState(1)));
        // The new stream has shards of the same ids: "a" was finished, "b" is a reader's, in its own state.
        shards.clear();
        shards.addAll(List.of(shard("a"), shard("b")));
        created = 2_000;
        enumerator(Position.at(5), saved);
        context.look();
        assertEquals(List.of("a"), context.given());
        assertEquals(Position.TRIM_HORIZON, context.positions.get("a"));
    }

    @Test
    void readsNothingTwiceAfterARestore() throws Exception {
        ShardEnumerator enumerator = started(shard("a"), shard("aa", "a"), shard("ab", "a"));
        context.given();
        ShardsState saved = enumerator.snapshotState(1);
        ShardEnumerator restored = enumerator(Position.TRIM_HORIZON, saved);
        context.look();
        assertEquals(List.of(), context.given());
        finish(restored, 0, "a");
        assertEquals(List.of("aa", "ab"), context.given());
    }

    /** Two readers, and looks at the stream when the test wants them. */
    private static final class Context implements SplitEnumeratorContext<ShardSplit> {
        final Map<String, Position> positions = new HashMap<>();
        private final List<String> given = new ArrayList<>();
        private Runnable look = () -> {};

        void look() {
            look.run();
        }

        /** Shards given to readers since the last time. */
        List<String> given() {
            List<String> since = List.copyOf(given);
            given.clear();
            return since;
        }

        @Override
        public void assignSplits(SplitsAssignment<ShardSplit> assignment) {
            assignment.assignment().values().forEach(splits -> splits.forEach(split -> {
                given.add(split.shardId());
                positions.put(split.shardId(), split.position());
            }));
        }

        @Override
        public <T> void callAsync(Callable<T> call, BiConsumer<T, Throwable> handler, long delay, long period) {
            look = () -> {
                try {
                    handler.accept(call.call(), null);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            };
        }

        @Override
        public Map<Integer, ReaderInfo> registeredReaders() {
            return Map.of(0, new ReaderInfo(0, "here"), 1, new ReaderInfo(1, "here"));
        }

        @Override
        public int currentParallelism() {
            return 2;
        }

        @Override
        public SplitEnumeratorMetricGroup metricGroup() {
            return UnregisteredMetricsGroup.createSplitEnumeratorMetricGroup();
        }

        @Override
        public void sendEventToSourceReader(int subtask, SourceEvent event) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void signalNoMoreSplits(int subtask) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <T> void callAsync(Callable<T> call, BiConsumer<T, Throwable> handler) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void runInCoordinatorThread(Runnable runnable) {
            runnable.run();
        }
    }
}
