package io.windops.kinesis.source;

import io.windops.kinesis.StreamLocation;
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
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ListShardsRequest;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.Shard;

/** Finds the stream's shards, also after resharding, and gives each to a reader once its parents have been read. */
final class ShardEnumerator implements SplitEnumerator<ShardSplit, ShardsState> {
    private static final Logger LOG = LoggerFactory.getLogger(ShardEnumerator.class);

    private final SplitEnumeratorContext<ShardSplit> context;
    private final StreamLocation stream;
    private final Position start;
    private final Duration discovery;
    private final Map<String, ShardSplit> waiting = new TreeMap<>();
    private final Set<String> known = new HashSet<>();
    private final Set<String> finished = new HashSet<>();
    private final Map<Integer, Integer> load = new HashMap<>();
    private KinesisClient client;

    ShardEnumerator(
            SplitEnumeratorContext<ShardSplit> context,
            StreamLocation stream,
            Position start,
            Duration discovery,
            ShardsState restored) {
        this.context = context;
        this.stream = stream;
        this.start = start;
        this.discovery = discovery;
        if (restored != null) {
            restored.waiting().forEach(split -> waiting.put(split.shardId(), split));
            known.addAll(restored.known());
            finished.addAll(restored.finished());
        }
    }

    @Override
    public void start() {
        client = stream.client();
        context.callAsync(this::listShards, this::onShards, 0, discovery.toMillis());
    }

    private List<Shard> listShards() {
        return listShards(client, stream.arn());
    }

    /** All shards that the stream still keeps. */
    static List<Shard> listShards(KinesisClient client, String streamArn) {
        List<Shard> shards = new ArrayList<>();
        // With a token ListShards takes no stream.
        ListShardsRequest request = ListShardsRequest.builder().streamARN(streamArn).build();
        while (true) {
            ListShardsResponse page = client.listShards(request);
            shards.addAll(page.shards());
            if (page.nextToken() == null) {
                return shards;
            }
            request = ListShardsRequest.builder().nextToken(page.nextToken()).build();
        }
    }

    private void onShards(List<Shard> shards, Throwable error) {
        if (error != null) {
            if (known.isEmpty()) {
                throw new IllegalStateException("cannot list the shards of " + stream.arn(), error);
            }
            LOG.warn("cannot list the shards of {}; asking again in {}", stream.arn(), discovery, error);
            return;
        }
        // The first look decides where reading starts; what appears later is a child, read from its beginning.
        Position from = known.isEmpty() ? start : Position.TRIM_HORIZON;
        for (Shard shard : shards) {
            if (known.add(shard.shardId())) {
                LOG.info("shard {} of {}", shard.shardId(), stream.arn());
                waiting.put(shard.shardId(), new ShardSplit(shard.shardId(), parents(shard), from, false));
            }
        }
        Set<String> listed = new HashSet<>();
        shards.forEach(shard -> listed.add(shard.shardId()));
        known.retainAll(listed);
        finished.retainAll(listed);
        assign();
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
            done.shardIds().stream().filter(known::contains).forEach(finished::add);
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
        splits.forEach(split -> waiting.put(split.shardId(), split));
    }

    @Override
    public void addReader(int subtask) {
        assign();
    }

    @Override
    public ShardsState snapshotState(long checkpointId) {
        return new ShardsState(List.copyOf(waiting.values()), Set.copyOf(known), Set.copyOf(finished));
    }

    @Override
    public void close() {
        if (client != null) {
            client.close();
        }
    }
}
