package io.windops.detect;

import com.amazon.randomcutforest.RandomCutForest;
import com.amazon.randomcutforest.state.RandomCutForestMapper;
import com.amazon.randomcutforest.state.RandomCutForestState;
import io.protostuff.LinkedBuffer;
import io.protostuff.ProtostuffIOUtil;
import io.protostuff.Schema;
import io.protostuff.runtime.RuntimeSchema;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** AWS's own forest. */
final class RcfForest implements Forest {
    private static final Schema<RandomCutForestState> SCHEMA = RuntimeSchema.getSchema(RandomCutForestState.class);
    /** Values are held to ± this, so that sums of side lengths stay finite in single precision. */
    private static final double LARGEST = 1e30;

    private final RandomCutForest forest;
    private final float[] last;
    private boolean seen;

    private RcfForest(RandomCutForest forest, float[] last, boolean seen) {
        this.forest = forest;
        this.last = last;
        this.seen = seen;
    }

    static RcfForest create(DetectorSettings settings) {
        RandomCutForest forest = RandomCutForest.builder()
                .dimensions(settings.dimensions() * settings.shingleSize())
                .shingleSize(settings.shingleSize())
                .internalShinglingEnabled(true)
                .numberOfTrees(settings.numberOfTrees())
                .sampleSize(settings.sampleSize())
                .timeDecay(settings.timeDecay())
                .outputAfter(Math.max(1, settings.outputAfter()))
                .randomSeed(settings.seed())
                .parallelExecutionEnabled(false)
                .build();
        return new RcfForest(forest, new float[settings.dimensions()], false);
    }

    @Override
    public double process(double[] values) {
        if (!complete(values)) {
            return 0;
        }
        double score = forest.getAnomalyScore(last);
        forest.update(last);
        return score;
    }

    private boolean complete(double[] values) {
        int present = 0;
        for (double value : values) {
            present += Double.isFinite(value) ? 1 : 0;
        }
        if (present == 0 || (!seen && present < values.length)) {
            return false;
        }
        for (int i = 0; i < values.length; i++) {
            if (Double.isFinite(values[i])) {
                last[i] = (float) Math.max(-LARGEST, Math.min(LARGEST, values[i]));
            }
        }
        seen = true;
        return true;
    }

    @Override
    public long updates() {
        return forest.getTotalUpdates();
    }

    @Override
    public void write(DataOutput out) throws IOException {
        LinkedBuffer buffer = LinkedBuffer.allocate(1 << 14);
        byte[] state = ProtostuffIOUtil.toByteArray(mapper().toState(forest), SCHEMA, buffer);
        out.writeBoolean(seen);
        for (float value : last) {
            out.writeFloat(value);
        }
        out.writeInt(state.length);
        out.write(state);
    }

    static RcfForest read(DataInput in, DetectorSettings settings) throws IOException {
        boolean seen = in.readBoolean();
        float[] last = new float[settings.dimensions()];
        for (int i = 0; i < last.length; i++) {
            last[i] = in.readFloat();
        }
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        RandomCutForestState state = SCHEMA.newMessage();
        ProtostuffIOUtil.mergeFrom(bytes, state, SCHEMA);
        return new RcfForest(mapper().toModel(state), last, seen);
    }

    /** With the trees themselves: grown anew from the sample they would give other scores than before. */
    private static RandomCutForestMapper mapper() {
        RandomCutForestMapper mapper = new RandomCutForestMapper();
        mapper.setSaveTreeStateEnabled(true);
        mapper.setPartialTreeStateEnabled(true);
        mapper.setSaveExecutorContextEnabled(true);
        return mapper;
    }
}
