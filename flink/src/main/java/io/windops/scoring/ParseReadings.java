package io.windops.scoring;

import io.windops.config.PublishedMetrics;
import io.windops.kinesis.KinesisRecord;
import io.windops.kinesis.sink.OutputRecord;
import io.windops.reading.MalformedReadingException;
import io.windops.reading.OutputJson;
import io.windops.reading.Reading;
import io.windops.reading.ReadingParser;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/** Records to readings; what isn't one leaves by the side, whole. */
public final class ParseReadings extends ProcessFunction<KinesisRecord, Reading> {
    private static final long serialVersionUID = 1L;

    public static final OutputTag<OutputRecord> MALFORMED = new OutputTag<>("malformed") {
        private static final long serialVersionUID = 1L;
    };

    private transient Counter rejected;

    @Override
    public void open(OpenContext context) {
        rejected = PublishedMetrics.of(getRuntimeContext().getMetricGroup()).counter("rejected");
    }

    @Override
    public void processElement(KinesisRecord record, Context context, Collector<Reading> out) {
        Reading reading;
        try {
            reading = ReadingParser.parse(record.data, record.arrivalTime);
        } catch (MalformedReadingException e) {
            rejected.inc();
            // The sequence number spreads bad records over the shards.
            for (byte[] json : OutputJson.malformed(e.getMessage(), record.data)) {
                context.output(MALFORMED, new OutputRecord(record.sequenceNumber, json));
            }
            return;
        }
        out.collect(reading);
    }
}
