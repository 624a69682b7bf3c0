package io.windops.bench;

import com.amazon.randomcutforest.config.ForestMode;
import com.amazon.randomcutforest.config.TransformMethod;
import com.amazon.randomcutforest.parkservices.AnomalyDescriptor;
import com.amazon.randomcutforest.parkservices.ThresholdedRandomCutForest;

/** Arguments: file shingleSize trees sampleSize seed. Prints the numbers of the readings whose anomaly grade is above 0. */
public final class ThresholdedAlarms {
    private ThresholdedAlarms() {}

    public static void main(String[] args) throws Exception {
        float[][] points = Points.read(args[0], 1);
        int shingleSize = Integer.parseInt(args[1]);
        int sampleSize = Integer.parseInt(args[3]);
        ThresholdedRandomCutForest forest = ThresholdedRandomCutForest.builder()
                .dimensions(shingleSize)
                .shingleSize(shingleSize)
                .numberOfTrees(Integer.parseInt(args[2]))
                .sampleSize(sampleSize)
                .timeDecay(1.0 / (10 * sampleSize))
                .outputAfter(32)
                .randomSeed(Long.parseLong(args[4]))
                .parallelExecutionEnabled(false)
                .forestMode(ForestMode.STANDARD)
                .transformMethod(TransformMethod.NORMALIZE)
                .build();
        StringBuilder alarms = new StringBuilder();
        for (int i = 0; i < points.length; i++) {
            AnomalyDescriptor descriptor = forest.process(new double[] {points[i][0]}, i);
            if (descriptor.getAnomalyGrade() > 0) {
                alarms.append(i).append(' ');
            }
        }
        System.out.println(alarms);
    }
}
