package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/** The streaming anomaly detector of one turbine: {@code src/detect/detector.ts} on the JVM, after docs/detector.md. */
public final class Detector {
    private static final int VERSION = 3;
    /** Weight of the level where the forest's memory covers this long (s): days, so that it knows the daily cycle. */
    private static final double LEVEL_WEIGHT = 0.7;
    private static final double LEVEL_MEMORY = 3 * 86_400;
    private static final double LN_2 = StrictMath.log(2);

    private final DetectorSettings settings;
    private final Forest forest;
    private final Calibration calibration;
    private final Clock clock;
    private final InputFeatures[] inputs;
    private final double[] values;
    private final double[] seen;
    private final double[] learnt;
    private long count;
    private Scored latest = new Scored(0, 0, 0);

    public Detector(DetectorSettings settings) {
        this(
                settings,
                CutForest.create(settings.forest()),
                new Calibration(),
                new Clock(),
                new InputFeatures[settings.features().size()]);
        Arrays.setAll(inputs, i -> new InputFeatures());
    }

    private Detector(
            DetectorSettings settings, Forest forest, Calibration calibration, Clock clock, InputFeatures[] inputs) {
        this.settings = settings;
        this.forest = forest;
        this.calibration = calibration;
        this.clock = clock;
        this.inputs = inputs;
        this.values = new double[inputs.length];
        this.seen = new double[inputs.length * InputFeatures.COUNT];
        this.learnt = new double[seen.length];
        Arrays.fill(values, Double.NaN);
    }

    public DetectorSettings settings() {
        return settings;
    }

    /**
     * Scores a reading against what came before, then learns it. Readings of one turbine, in order of time; a reading that
     * repeats the last one, time and all, gets the same answer again and isn't learnt twice.
     *
     * @param timestampMs milliseconds since 1970, NaN if unknown
     * @param value a feature's value by its name, NaN where the reading has none
     */
    public Scored next(double timestampMs, ToDoubleFunction<String> value) {
        boolean repeats = timestampMs == clock.last();
        boolean present = false;
        for (int i = 0; i < values.length; i++) {
            double now = value.applyAsDouble(settings.features().get(i));
            // As Object.is: two missing values are the same, 0 and -0 are not.
            repeats &= Double.compare(now, values[i]) == 0;
            present |= Double.isFinite(now);
            values[i] = now;
        }
        return repeats ? latest : learn(timestampMs, present);
    }

    private Scored learn(double timestampMs, boolean present) {
        double steps = clock.next(timestampMs);
        double memory = clock.interval() * (settings.timeDecay() > 0 ? 1 / settings.timeDecay() : count);
        double levelWeight = LEVEL_WEIGHT * Math.min(1, memory / LEVEL_MEMORY);
        for (int i = 0; i < values.length; i++) {
            inputs[i].next(values[i], steps, levelWeight, seen, i * InputFeatures.COUNT);
        }
        count += present ? 1 : 0;
        double score = 0;
        double rcfScore = 0;
        if (present && count > InputFeatures.SETTLE) {
            long mass = Math.min(settings.sampleSize(), forest.updates() - settings.shingleSize() + 1);
            rcfScore = process();
            if (count > settings.outputAfter() && mass > 0) {
                score = calibration.next(rcfScore, StrictMath.log(mass + 1) / LN_2, count, clock.interval());
            }
        }
        latest = new Scored(score, rcfScore, Math.min(1, (double) count / settings.outputAfter()));
        return latest;
    }

    private double process() {
        boolean held = false;
        for (int i = 0; i < inputs.length; i++) {
            held |= inputs[i].hold(seen, learnt, i * InputFeatures.COUNT);
        }
        if (!held) {
            return forest.process(seen);
        }
        double score = forest.score(seen);
        forest.update(learnt);
        return score;
    }

    /** The whole state: a restored detector goes on exactly as this one would. */
    public byte[] save() {
        DataOutputSerializer out = new DataOutputSerializer(1 << 16);
        try {
            out.writeByte(VERSION);
            writeSettings(out);
            out.writeLong(count);
            out.writeDouble(latest.score());
            out.writeDouble(latest.rcfScore());
            out.writeDouble(latest.warmup());
            clock.write(out);
            calibration.write(out);
            for (int i = 0; i < values.length; i++) {
                out.writeDouble(values[i]);
                inputs[i].write(out);
            }
            forest.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException("a detector could not be saved", e);
        }
        return out.getCopyOfBuffer();
    }

    /** Goes on from what {@link #save} gave. */
    public static Detector restore(byte[] bytes) {
        DataInputDeserializer in = new DataInputDeserializer(bytes);
        try {
            int version = in.readByte();
            if (version != VERSION) {
                throw new IllegalStateException("a saved detector of version " + version + ", expected " + VERSION);
            }
            DetectorSettings settings = readSettings(in);
            long count = in.readLong();
            Scored latest = new Scored(in.readDouble(), in.readDouble(), in.readDouble());
            Clock clock = Clock.read(in);
            Calibration calibration = Calibration.read(in);
            InputFeatures[] inputs = new InputFeatures[settings.features().size()];
            double[] values = new double[inputs.length];
            for (int i = 0; i < inputs.length; i++) {
                values[i] = in.readDouble();
                inputs[i] = InputFeatures.read(in);
            }
            Forest forest = CutForest.read(in, settings.forest());
            Detector detector = new Detector(settings, forest, calibration, clock, inputs);
            System.arraycopy(values, 0, detector.values, 0, values.length);
            detector.count = count;
            detector.latest = latest;
            return detector;
        } catch (IOException e) {
            throw new UncheckedIOException("not a saved detector", e);
        }
    }

    private void writeSettings(DataOutput out) throws IOException {
        out.writeShort(settings.features().size());
        for (String feature : settings.features()) {
            out.writeUTF(feature);
        }
        out.writeInt(settings.numberOfTrees());
        out.writeInt(settings.sampleSize());
        out.writeDouble(settings.timeDecay());
        out.writeInt(settings.shingleSize());
        out.writeInt(settings.outputAfter());
        out.writeLong(settings.seed());
    }

    private static DetectorSettings readSettings(DataInput in) throws IOException {
        int count = in.readShort();
        List<String> features = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            features.add(in.readUTF());
        }
        return new DetectorSettings(
                features, in.readInt(), in.readInt(), in.readDouble(), in.readInt(), in.readInt(), in.readLong());
    }
}
