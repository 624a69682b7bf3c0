package io.windops.kinesis.sink;

import io.windops.kinesis.Backoff;
import io.windops.kinesis.StreamLocation;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.connector.base.sink.writer.AsyncSinkWriter;
import org.apache.flink.connector.base.sink.writer.BufferedRequestState;
import org.apache.flink.connector.base.sink.writer.ElementConverter;
import org.apache.flink.connector.base.sink.writer.ResultHandler;
import org.apache.flink.connector.base.sink.writer.config.AsyncSinkWriterConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;

/** PutRecords, matched by index: it answers 200 with some records refused, and only those go again. */
final class KinesisSinkWriter extends AsyncSinkWriter<OutputRecord, OutputRecord> {
    private static final Logger LOG = LoggerFactory.getLogger(KinesisSinkWriter.class);

    private static final long BACKOFF_FIRST_MS = 100;
    /** A checkpoint waits for the request under way, and so for this. */
    private static final long BACKOFF_MOST_MS = 2_000;

    private final KinesisClient client;
    private final String streamArn;
    private final Backoff backoff = new Backoff(BACKOFF_FIRST_MS, BACKOFF_MOST_MS);
    private final ExecutorService sender =
            Executors.newSingleThreadExecutor(task -> {
                Thread thread = new Thread(task, "kinesis-sink");
                thread.setDaemon(true);
                return thread;
            });

    KinesisSinkWriter(
            ElementConverter<OutputRecord, OutputRecord> converter,
            WriterInitContext context,
            StreamLocation stream,
            long lingerMs,
            int batch,
            int inFlight,
            int buffer,
            long batchBytes,
            long recordBytes,
            Collection<BufferedRequestState<OutputRecord>> states) {
        super(
                converter,
                context,
                AsyncSinkWriterConfiguration.builder()
                        .setMaxBatchSize(batch)
                        .setMaxBatchSizeInBytes(batchBytes)
                        .setMaxInFlightRequests(inFlight)
                        .setMaxBufferedRequests(buffer)
                        .setMaxTimeInBufferMS(lingerMs)
                        .setMaxRecordSizeInBytes(recordBytes)
                        .build(),
                states);
        this.client = stream.client();
        this.streamArn = stream.arn();
    }

    @Override
    protected void submitRequestEntries(List<OutputRecord> records, ResultHandler<OutputRecord> handler) {
        sender.execute(() -> {
            try {
                List<OutputRecord> refused = send(records);
                if (refused.isEmpty()) {
                    if (backoff.worked()) {
                        LOG.info("{} takes records again", streamArn);
                    }
                    handler.complete();
                } else {
                    again(refused, handler, refused.size() + " of " + records.size() + " records were refused");
                }
            } catch (SdkServiceException e) {
                if (e.isThrottlingException() || e.statusCode() >= 500) {
                    again(records, handler, e.getMessage());
                } else {
                    handler.completeExceptionally(e);
                }
            } catch (SdkClientException e) {
                again(records, handler, e.getMessage());
            } catch (RuntimeException e) {
                handler.completeExceptionally(e);
            }
        });
    }

    /** The records go again after a while: at once they would be refused again, and a stream that is full gets no emptier by that. */
    private void again(List<OutputRecord> records, ResultHandler<OutputRecord> handler, String why) {
        long wait = backoff.failed();
        if (backoff.isNews()) {
            LOG.warn("{} takes not all now, the rest is sent again: {}", streamArn, why);
        }
        try {
            Thread.sleep(wait);
        } catch (InterruptedException e) {
            // The writer is being closed; what isn't sent is in its last checkpoint, or is read again.
            Thread.currentThread().interrupt();
        }
        handler.retryForEntries(records);
    }

    private List<OutputRecord> send(List<OutputRecord> records) {
        PutRecordsResponse response = client.putRecords(request -> request.streamARN(streamArn)
                .records(records.stream()
                        .map(record -> PutRecordsRequestEntry.builder()
                                .partitionKey(record.partitionKey)
                                .data(SdkBytes.fromByteArrayUnsafe(record.data))
                                .build())
                        .toList()));
        List<OutputRecord> refused = new ArrayList<>();
        if (response.failedRecordCount() != null && response.failedRecordCount() > 0) {
            for (int i = 0; i < records.size(); i++) {
                if (response.records().get(i).errorCode() != null) {
                    refused.add(records.get(i));
                }
            }
        }
        return refused;
    }

    @Override
    protected long getSizeInBytes(OutputRecord record) {
        return record.data.length + (long) record.partitionKey.length();
    }

    @Override
    public void close() {
        super.close();
        sender.shutdownNow();
        client.close();
    }
}
