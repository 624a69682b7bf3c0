package io.windops.kinesis.source;

import io.windops.kinesis.KinesisRecord;
import io.windops.kinesis.StreamLocation;
import java.time.Duration;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * A Kinesis stream as a source of the current Source API (FLIP-27): every record of every shard from its start position,
 * parents before children, exactly as far as each checkpoint says.
 */
public final class KinesisSource
        implements Source<KinesisRecord, ShardSplit, ShardsState>, ResultTypeQueryable<KinesisRecord> {
    private static final long serialVersionUID = 1L;

    private final StreamLocation stream;
    private final Long startMillis;
    private final Duration poll;
    private final Duration discovery;

    /**
     * @param stream the stream
     * @param startMillis time (ms since 1970) from which a job without saved state reads; null reads all there is
     * @param poll between two reads of a shard that has nothing new
     * @param discovery between two looks for new shards
     */
    public KinesisSource(StreamLocation stream, Long startMillis, Duration poll, Duration discovery) {
        this.stream = stream;
        this.startMillis = startMillis;
        this.poll = poll;
        this.discovery = discovery;
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SplitEnumerator<ShardSplit, ShardsState> createEnumerator(SplitEnumeratorContext<ShardSplit> context) {
        return restoreEnumerator(context, null);
    }

    @Override
    public SplitEnumerator<ShardSplit, ShardsState> restoreEnumerator(
            SplitEnumeratorContext<ShardSplit> context, ShardsState state) {
        Position start = startMillis == null ? Position.TRIM_HORIZON : Position.at(startMillis);
        return new ShardEnumerator(context, stream.arn(), () -> ShardLister.of(stream), start, discovery, state);
    }

    @Override
    public SourceReader<KinesisRecord, ShardSplit> createReader(SourceReaderContext context) {
        return new ShardSourceReader(context, stream, poll, new ReadLag());
    }

    @Override
    public SimpleVersionedSerializer<ShardSplit> getSplitSerializer() {
        return new ShardSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<ShardsState> getEnumeratorCheckpointSerializer() {
        return new ShardsState.Serializer();
    }

    @Override
    public TypeInformation<KinesisRecord> getProducedType() {
        return TypeInformation.of(KinesisRecord.class);
    }
}
