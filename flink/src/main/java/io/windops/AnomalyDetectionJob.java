package io.windops;

import io.windops.config.JobProperties;
import io.windops.config.PropertyReader;
import io.windops.detect.DetectorSettings;
import io.windops.kinesis.KinesisRecord;
import io.windops.kinesis.StreamLocation;
import io.windops.kinesis.sink.KinesisSink;
import io.windops.kinesis.sink.OutputRecord;
import io.windops.kinesis.source.KinesisSource;
import io.windops.reading.Reading;
import io.windops.scoring.ParseReadings;
import io.windops.scoring.ScoringOperator;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Readings from one Kinesis stream, scored by a Random Cut Forest a turbine, to another. */
public final class AnomalyDetectionJob {
    private static final String NAME = "windops anomaly detection";

    private AnomalyDetectionJob() {}

    public static void main(String[] args) throws Exception {
        PropertyReader properties = new PropertyReader(JobProperties.load());
        String region = properties.required("region");
        String endpoint = properties.text("endpoint", null);
        // The second spelling is that of older jars of this pipeline, and of the applications configured for them.
        String input = properties.required("inputStreamName");
        String output = properties.required("outputStreamName", "ouputStreamName");
        DetectorSettings settings = DetectorSettings.from(properties);
        Duration expiry = properties.duration("turbineExpiry", Duration.ofDays(7));

        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        KinesisSource source = new KinesisSource(
                StreamLocation.resolve(input, region, endpoint),
                startMillis(properties),
                properties.duration("pollInterval", Duration.ofSeconds(1)),
                properties.duration("shardDiscovery", Duration.ofSeconds(10)));
        KinesisSink sink = new KinesisSink(
                StreamLocation.resolve(output, region, endpoint),
                properties.duration("sinkLinger", Duration.ofMillis(200)).toMillis());
        build(env, source, sink, settings, expiry);
        env.execute(NAME);
    }

    /** Where a job without saved state begins: everything that the stream holds, unless told LATEST. */
    private static Long startMillis(PropertyReader properties) {
        String position = properties.text("initialPosition", "TRIM_HORIZON");
        return switch (position) {
            case "TRIM_HORIZON" -> null;
            case "LATEST" -> System.currentTimeMillis();
            default -> throw PropertyReader.wrong("initialPosition", position, "TRIM_HORIZON or LATEST");
        };
    }

    /** The job, between any source and sink. The uids are the names of the saved state: they must stay. */
    public static void build(
            StreamExecutionEnvironment env,
            Source<KinesisRecord, ?, ?> source,
            Sink<OutputRecord> sink,
            DetectorSettings settings,
            Duration expiry) {
        // Nothing in this job holds on to a record that it has passed on.
        env.getConfig().enableObjectReuse();
        SingleOutputStreamOperator<Reading> readings = env.fromSource(source, WatermarkStrategy.noWatermarks(), "readings")
                .uid("readings")
                .process(new ParseReadings())
                .uid("parse")
                .name("parse");
        DataStream<OutputRecord> scored = readings.keyBy(reading -> reading.turbineId)
                .transform(
                        "score",
                        TypeInformation.of(OutputRecord.class),
                        new ScoringOperator(settings, expiry.toMillis()))
                .uid("score");
        scored.union(readings.getSideOutput(ParseReadings.MALFORMED))
                .sinkTo(sink)
                .uid("scored")
                .name("scored");
    }
}
