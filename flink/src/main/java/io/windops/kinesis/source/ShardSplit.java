package io.windops.kinesis.source;

import java.util.List;
import org.apache.flink.api.connector.source.SourceSplit;

/**
 * A shard as a piece of work.
 *
 * @param shardId its id
 * @param parents shards that must be read to their end before this one (none, one, or two after a merge)
 * @param position where reading goes on
 * @param finished read to its end; kept until a checkpoint holds that the enumerator knows
 */
public record ShardSplit(String shardId, List<String> parents, Position position, boolean finished)
        implements SourceSplit {
    @Override
    public String splitId() {
        return shardId;
    }

    ShardSplit at(Position next) {
        return new ShardSplit(shardId, parents, next, finished);
    }

    ShardSplit done() {
        return new ShardSplit(shardId, parents, position, true);
    }
}
