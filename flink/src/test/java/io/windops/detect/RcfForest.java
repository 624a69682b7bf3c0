package io.windops.detect;

import com.amazon.randomcutforest.RandomCutForest;
import java.io.DataOutput;

/** AWS's own forest, the oracle: readings are completed as ours completes them. */
final class RcfForest implements Forest {
    /** Values are held to ± this, so that sums of side lengths stay finite in single precision. */
    private static final double LARGEST = 1e30;

    private final RandomCutForest forest;
    private final float[] last;
    private boolean seen;

    private RcfForest(RandomCutForest forest, float[] last) {
        this.forest = forest;
        this.last = last;
    }

    static RcfForest create(ForestSettings settings) {
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
        return new RcfForest(forest, new float[settings.dimensions()]);
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

    @Override
    public double score(double[] values) {
        throw new UnsupportedOperationException("the oracle only processes");
    }

    @Override
    public void update(double[] values) {
        throw new UnsupportedOperationException("the oracle only processes");
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
    public void write(DataOutput out) {
        throw new UnsupportedOperationException("the oracle isn't saved");
    }
}
