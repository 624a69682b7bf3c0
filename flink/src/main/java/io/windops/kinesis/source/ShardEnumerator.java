package io.windops.kinesis.source;

import io.windops.kinesis.source.ShardLister.Listing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.kinesis.model.Shard;

/** Finds the stream's shards, also after resharding, and gives each to a reader once its parents have been read. */
final class ShardEnumerator implements SplitEnumerator<ShardSplit, ShardsState> {
    private static final Logger LOG = LoggerFactory.getLogger(ShardEnumerator.class);

    private final SplitEnumeratorContext<ShardSplit> context;
    private final String stream;
    private final Supplier<ShardLister> connect;
    private final Position start;
    private final Duration discovery;
    private final Map<String, ShardSplit> waiting = new TreeMap<>();
    private final Set<String> known = new HashSet<>();
    private final Set<String> finished = new HashSet<>();
    private final Map<Integer, Integer> load = new HashMap<>();
    /** Shards finished by which reader since the last complete checkpoint: a reader that fails reads them again. */
    private final Map<String, Integer> recent = new HashMap<>();
    private final TreeMap<Long, Set<String>> recentByCheckpoint = new TreeMap<>();
    private ShardLister lister;
    /** When the stream that this state is of was made; 0 if not known yet. */
    private long created;

    /**
     * @param stream the stream's name in messages
     * @param connect what lists its shards, called where the enumerator runs
     * @param restored the state to go on from, or null
     */
    ShardEnumerator(
            SplitEnumeratorContext<ShardSplit> context,
            String stream,
            Supplier<ShardLister> connect,
            Position start,
            Duration discovery,
            ShardsState restored) {
        this.context = context;
        this.stream = stream;
        this.connect = connect;
        this.start = start;
        this.discovery = discovery;
        if (restored != null) {
            restored.waiting().forEach(split -> waiting.put(split.shardId(), split));
            known.addAll(restored.known());
            finished.addAll(restored.finished());
            created = restored.created();
        }
    }

    @Override
    public void start() {
        lister = connect.get();
        context.callAsync(lister::list, this::onShards, 0, discovery.toMillis());
    }

    private void onShards(Listing listing, Throwable error) {
        if (error != null) {
            if (known.isEmpty()) {
                throw new IllegalStateException("cannot list the shards of " + stream, error);
            }
            LOG.warn("cannot list the shards of {}; asking again in {}", stream, discovery, error);
            return;
        }
        // The first look decides where reading starts; what appears later is a child, read from its beginning.
        Position from = known.isEmpty() && created == 0 ? start : Position.TRIM_HORIZON;
        if (created != 0 && created != listing.created()) {
            forgetAllButTheReaders();
        }
        created = listing.created();
        for (Shard shard : listing.shards()) {
            if (known.add(shard.shardId())) {
                LOG.info("shard {} of {}", shard.shardId(), stream);
                waiting.put(shard.shardId(), new ShardSplit(shard.shardId(), parents(shard), from, false));
            }
        }
        Set<String> listed = new HashSet<>();
        listing.shards().forEach(shard -> listed.add(shard.shardId()));
        known.retainAll(listed);
        finished.retainAll(listed);
        assign();
    }

    /**
     * A stream of the same name was made anew: its shards have the ids of the old one's, and what was read of those says nothing of
     * these. Shards that readers have they go on reading, from the beginning.
     */
    private void forgetAllButTheReaders() {
        LOG.warn("{} was made anew since the state was saved: it is read from its beginning", stream);
        known.removeAll(finished);
        known.removeAll(waiting.keySet());
        finished.clear();
        waiting.clear();
        recent.clear();
    }

    private static List<String> parents(Shard shard) {
        List<String> parents = new ArrayList<>(2);
        if (shard.parentShardId() != null) {
            parents.add(shard.parentShardId());
        }
        if (shard.adjacentParentShardId() != null) {
            parents.add(shard.adjacentParentShardId());
        }
        return List.copyOf(parents);
    }

    /** A parent that is no longer listed has nothing left to read. */
    private boolean ready(ShardSplit split) {
        return split.parents().stream().allMatch(parent -> finished.contains(parent) || !known.contains(parent));
    }

    private void assign() {
        Set<Integer> readers = context.registeredReaders().keySet();
        if (readers.size() < context.currentParallelism()) {
            return;
        }
        for (Iterator<ShardSplit> it = waiting.values().iterator(); it.hasNext(); ) {
            ShardSplit split = it.next();
            if (ready(split)) {
                int reader = readers.stream()
                        .min(Comparator.<Integer>comparingInt(r -> load.getOrDefault(r, 0)).thenComparing(r -> r))
                        .orElseThrow();
                load.merge(reader, 1, Integer::sum);
                context.assignSplit(split, reader);
                it.remove();
            }
        }
    }

    @Override
    public void handleSourceEvent(int subtask, SourceEvent event) {
        if (event instanceof ShardsFinishedEvent done) {
            for (String shardId : done.shardIds()) {
                if (known.contains(shardId) && finished.add(shardId)) {
                    recent.put(shardId, subtask);
                }
            }
            load.computeIfPresent(subtask, (reader, shards) -> Math.max(0, shards - done.shardIds().size()));
            assign();
        }
    }

    @Override
    public void handleSplitRequest(int subtask, String host) {
        // Readers don't ask: shards are given to them.
    }

    @Override
    public void addSplitsBack(List<ShardSplit> splits, int subtask) {
        load.remove(subtask);
        // It goes on from the last complete checkpoint, and so reads again what it has finished since: children have to wait.
        recent.entrySet().removeIf(entry -> entry.getValue() == subtask && finished.remove(entry.getKey()));
        splits.forEach(split -> waiting.put(split.shardId(), split));
    }

    @Override
    public void addReader(int subtask) {
        assign();
    }

    @Override
    public ShardsState snapshotState(long checkpointId) {
        recentByCheckpoint.put(checkpointId, Set.copyOf(recent.keySet()));
        return new ShardsState(List.copyOf(waiting.values()), Set.copyOf(known), Set.copyOf(finished), created);
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) {
        Map<Long, Set<String>> before = recentByCheckpoint.headMap(checkpointId, true);
        before.values().forEach(recent.keySet()::removeAll);
        before.clear();
    }

    @Override
    public void close() {
        if (lister != null) {
            lister.close();
        }
    }
}
