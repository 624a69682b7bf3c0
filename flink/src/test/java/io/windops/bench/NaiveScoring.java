package io.windops.bench;

import io.windops.detect.Detector;
import io.windops.detect.DetectorSettings;
import io.windops.kinesis.sink.OutputRecord;
import io.windops.reading.OutputJson;
import io.windops.reading.Reading;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** What the job would do without forests on the heap: each record reads its turbine's from keyed state and writes it back. */
final class NaiveScoring extends KeyedProcessFunction<String, Reading, OutputRecord> {
    private static final long serialVersionUID = 1L;

    private final DetectorSettings settings;
    private transient ValueState<byte[]> saved;

    NaiveScoring(DetectorSettings settings) {
        this.settings = settings;
    }

    @Override
    public void open(OpenContext context) {
        saved = getRuntimeContext()
                .getState(new ValueStateDescriptor<>("detector", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
    }

    @Override
    public void processElement(Reading reading, Context context, Collector<OutputRecord> out) throws Exception {
        byte[] bytes = saved.value();
        Detector detector = bytes == null ? new Detector(settings) : Detector.restore(bytes);
        out.collect(new OutputRecord(reading.turbineId, OutputJson.scored(reading, detector.next(reading.time, reading::value))));
        saved.update(detector.save());
    }
}
