package io.windops.kinesis.source;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.metrics.Gauge;

/** How far a reader is behind the tip of its shards: the worst of them, in milliseconds; -1 before it knows. */
final class ReadLag implements Gauge<Long> {
    private final Map<String, Long> millisBehind = new ConcurrentHashMap<>();

    void report(String shardId, Long millis) {
        if (millis != null) {
            millisBehind.put(shardId, millis);
        }
    }

    void ended(String shardId) {
        millisBehind.remove(shardId);
    }

    @Override
    public Long getValue() {
        return millisBehind.values().stream().mapToLong(Long::longValue).max().orElse(-1);
    }
}
