package io.windops.kinesis.sink;

import io.windops.kinesis.StreamLocation;
import java.util.Collection;
import java.util.List;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.connector.base.sink.AsyncSinkBase;
import org.apache.flink.connector.base.sink.writer.BufferedRequestState;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** A Kinesis stream as a sink: at least once, batched, failed records of a batch sent again. */
public final class KinesisSink extends AsyncSinkBase<OutputRecord, OutputRecord> {
    private static final long serialVersionUID = 1L;

    // PutRecords takes 500 records, 5 MiB together, 1 MiB each with its key.
    private static final int BATCH = 500;
    private static final long BATCH_BYTES = 5 << 20;
    private static final long RECORD_BYTES = 1 << 20;
    // One request at a time keeps a turbine's readings in order.
    private static final int IN_FLIGHT = 1;
    private static final int BUFFER = 10_000;

    private final StreamLocation stream;

    /**
     * @param stream the stream
     * @param lingerMs how long a record waits for others to make a batch
     */
    public KinesisSink(StreamLocation stream, long lingerMs) {
        super((record, context) -> record, BATCH, IN_FLIGHT, BUFFER, BATCH_BYTES, lingerMs, RECORD_BYTES);
        this.stream = stream;
    }

    @Override
    public StatefulSinkWriter<OutputRecord, BufferedRequestState<OutputRecord>> createWriter(WriterInitContext context) {
        return restoreWriter(context, List.of());
    }

    @Override
    public StatefulSinkWriter<OutputRecord, BufferedRequestState<OutputRecord>> restoreWriter(
            WriterInitContext context, Collection<BufferedRequestState<OutputRecord>> states) {
        return new KinesisSinkWriter(
                getElementConverter(), context, stream, getMaxTimeInBufferMS(), BATCH, IN_FLIGHT, BUFFER, BATCH_BYTES,
                RECORD_BYTES, states);
    }

    @Override
    public SimpleVersionedSerializer<BufferedRequestState<OutputRecord>> getWriterStateSerializer() {
        return new OutputRecord.StateSerializer();
    }
}
