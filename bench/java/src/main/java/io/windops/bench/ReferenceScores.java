package io.windops.bench;

import com.amazon.randomcutforest.RandomCutForest;

/** Arguments: file dimensions shingleSize trees sampleSize seeds. Prints a line for each of the seeds 1 to n: all readings' scores. */
public final class ReferenceScores {
    private ReferenceScores() {}

    public static void main(String[] args) throws Exception {
        int dimensions = Integer.parseInt(args[1]);
        float[][] points = Points.read(args[0], dimensions);
        int seeds = Integer.parseInt(args[5]);
        double[][] scores = new double[seeds][points.length];
        for (int s = 0; s < seeds; s++) {
            RandomCutForest forest = Points.forest(dimensions, Integer.parseInt(args[2]), Integer.parseInt(args[3]),
                    Integer.parseInt(args[4]), s + 1);
            for (int i = 0; i < points.length; i++) {
                scores[s][i] = forest.getAnomalyScore(points[i]);
                forest.update(points[i]);
            }
        }
        for (double[] of : scores) {
            StringBuilder line = new StringBuilder();
            for (double score : of) {
                line.append(score).append(' ');
            }
            System.out.println(line);
        }
    }
}
