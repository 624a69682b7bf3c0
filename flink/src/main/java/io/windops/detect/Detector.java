package io.windops.detect;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The streaming anomaly detector of one turbine: {@code src/detect/detector.ts} on the JVM. */
public final class Detector {
    private static final int VERSION = 1;

    private final DetectorSettings settings;
    private final Forest forest;
    private final Calibration calibration;
    private final double[] values;
    private final double[] last;

    public Detector(DetectorSettings settings) {
        this(settings, CutForest.create(settings), new Calibration(), new double[settings.features().size()]);
        Arrays.fill(last, Double.NaN);
    }

    private Detector(DetectorSettings settings, Forest forest, Calibration calibration, double[] last) {
        this.settings = settings;
        this.forest = forest;
        this.calibration = calibration;
        this.last = last;
        this.values = new double[settings.dimensions()];
    }

    public DetectorSettings settings() {
        return settings;
    }

    /**
     * Scores a reading against what came before, then learns it. Readings of one turbine, in order of time.
     *
     * @param value a feature's value by its name, NaN where the reading has none
     */
    public Scored next(ToDoubleFunction<String> value) {
        for (int i = 0; i < last.length; i++) {
            double now = value.applyAsDouble(settings.features().get(i));
            values[2 * i] = now;
            values[2 * i + 1] = Double.isNaN(last[i]) ? 0 : now - last[i];
            if (Double.isFinite(now)) {
                last[i] = now;
            }
        }
        long before = forest.updates();
        double rcfScore = forest.process(values);
        double warmup = settings.outputAfter() == 0 ? 1 : Math.min(1, (double) forest.updates() / settings.outputAfter());
        if (before < settings.outputAfter() || forest.updates() == before) {
            return new Scored(0, rcfScore, warmup);
        }
        double score = calibration.score(rcfScore);
        calibration.update(rcfScore);
        return new Scored(score, rcfScore, warmup);
    }

    /** The whole state: a restored detector goes on exactly as this one would. */
    public byte[] save() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 16);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            writeSettings(out);
            calibration.write(out);
            for (double value : last) {
                out.writeDouble(value);
            }
            forest.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException("a detector could not be saved", e);
        }
        return bytes.toByteArray();
    }

    /** Goes on from what {@link #save} gave. */
    public static Detector restore(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int version = in.readByte();
            if (version != VERSION) {
                throw new IllegalStateException("a saved detector of version " + version + ", expected " + VERSION);
            }
            DetectorSettings settings = readSettings(in);
            Calibration calibration = Calibration.read(in);
            double[] last = new double[settings.features().size()];
            for (int i = 0; i < last.length; i++) {
                last[i] = in.readDouble();
            }
            return new Detector(settings, CutForest.read(in, settings), calibration, last);
        } catch (IOException e) {
            throw new UncheckedIOException("not a saved detector", e);
        }
    }

    private void writeSettings(DataOutputStream out) throws IOException {
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

    private static DetectorSettings readSettings(DataInputStream in) throws IOException {
        int count = in.readShort();
        List<String> features = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            features.add(in.readUTF());
        }
        return new DetectorSettings(
                features, in.readInt(), in.readInt(), in.readDouble(), in.readInt(), in.readInt(), in.readLong());
    }
}
