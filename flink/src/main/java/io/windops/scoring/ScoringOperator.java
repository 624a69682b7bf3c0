package io.windops.scoring;

import io.windops.config.PublishedMetrics;
import io.windops.detect.Detector;
import io.windops.detect.DetectorSettings;
import io.windops.detect.Scored;
import io.windops.kinesis.sink.OutputRecord;
import io.windops.reading.OutputJson;
import io.windops.reading.Reading;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.InternalTimer;
import org.apache.flink.streaming.api.operators.InternalTimerService;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.Triggerable;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Scores readings with one detector a turbine, on the heap.
 *
 * <p>Managed Flink keeps keyed state in RocksDB, where reading a forest for every record would deserialise it for every
 * record. So detectors live here, and only those that changed since the last checkpoint are written to keyed state when
 * the next one is taken. From there Flink restores and rescales them by key; a turbine's detector is read back when its
 * first reading comes. It takes an operator, not a function, to set the key while a checkpoint is taken.
 */
public final class ScoringOperator extends AbstractStreamOperator<OutputRecord>
        implements OneInputStreamOperator<Reading, OutputRecord>, Triggerable<String, VoidNamespace> {
    private static final long serialVersionUID = 1L;

    private final DetectorSettings settings;
    private final long expiryMs;

    private transient Map<String, Turbine> turbines;
    private transient ValueState<byte[]> savedDetector;
    private transient ValueState<Long> savedLastSeen;
    private transient InternalTimerService<VoidNamespace> timers;
    private transient WarmUp warmUp;
    private transient Counter expired;

    private static final class Turbine {
        final Detector detector;
        /** Processing time, ms. */
        long lastSeen;
        boolean changed;

        Turbine(Detector detector) {
            this.detector = detector;
        }
    }

    /**
     * @param settings parameters of new detectors
     * @param expiryMs processing time without a reading after which a turbine is forgotten
     */
    public ScoringOperator(DetectorSettings settings, long expiryMs) {
        this.settings = settings;
        this.expiryMs = expiryMs;
    }

    @Override
    public void open() throws Exception {
        super.open();
        turbines = new HashMap<>();
        savedDetector = getRuntimeContext()
                .getState(new ValueStateDescriptor<>("detector", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
        savedLastSeen = getRuntimeContext().getState(new ValueStateDescriptor<>("last-seen", Types.LONG));
        timers = getInternalTimerService("expiry", VoidNamespaceSerializer.INSTANCE, this);
        warmUp = new WarmUp();
        getMetricGroup().gauge("warmUp", warmUp);
        MetricGroup published = PublishedMetrics.of(getMetricGroup());
        published.gauge("slowestWarmUp", warmUp::slowest);
        published.gauge("turbinesInMemory", () -> turbines.size());
        expired = published.counter("expiredTurbines");
    }

    @Override
    public void processElement(StreamRecord<Reading> element) throws Exception {
        Reading reading = element.getValue();
        Turbine turbine = turbines.get(reading.turbineId);
        if (turbine == null) {
            turbine = load(reading.turbineId);
        }
        turbine.lastSeen = timers.currentProcessingTime();
        turbine.changed = true;
        Scored scored = turbine.detector.next(reading.time, reading::value);
        warmUp.report(reading.turbineId, scored.warmup());
        output.collect(element.replace(new OutputRecord(reading.turbineId, OutputJson.scored(reading, scored))));
    }

    /** The current key's detector: its saved one, or a new one for a new turbine or where the parameters have changed. */
    private Turbine load(String turbineId) throws Exception {
        byte[] saved = savedDetector.value();
        Detector detector = null;
        if (saved == null) {
            timers.registerProcessingTimeTimer(VoidNamespace.INSTANCE, timers.currentProcessingTime() + expiryMs);
        } else {
            detector = Detector.restore(saved);
            if (!detector.settings().equals(settings)) {
                LOG.warn("the detector's parameters have changed: {} warms up anew", turbineId);
                detector = null;
            }
        }
        Turbine turbine = new Turbine(detector == null ? new Detector(settings) : detector);
        turbines.put(turbineId, turbine);
        return turbine;
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        for (Map.Entry<String, Turbine> entry : turbines.entrySet()) {
            Turbine turbine = entry.getValue();
            if (turbine.changed) {
                setCurrentKey(entry.getKey());
                savedDetector.update(turbine.detector.save());
                savedLastSeen.update(turbine.lastSeen);
                turbine.changed = false;
            }
        }
        super.snapshotState(context);
    }

    /** One timer a turbine: when it fires, it moves on to where it has to be, so that a reading costs no timer. */
    @Override
    public void onProcessingTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
        String turbineId = timer.getKey();
        Turbine turbine = turbines.get(turbineId);
        Long saved = savedLastSeen.value();
        long lastSeen = turbine != null ? turbine.lastSeen : saved != null ? saved : Long.MIN_VALUE / 2;
        if (lastSeen + expiryMs > timer.getTimestamp()) {
            timers.registerProcessingTimeTimer(VoidNamespace.INSTANCE, lastSeen + expiryMs);
            return;
        }
        turbines.remove(turbineId);
        savedDetector.clear();
        savedLastSeen.clear();
        warmUp.forget(turbineId);
        expired.inc();
    }

    @Override
    public void onEventTime(InternalTimer<String, VoidNamespace> timer) {
        // Only processing-time timers are registered: a silent turbine brings no event time.
    }
}
