package io.windops.detect;

/**
 * A reading's scores.
 *
 * @param score calibrated: about 1 at the edge of ordinary, 2 and more for an anomaly, 0 during warm-up
 * @param rcfScore the forest's raw score; its scale depends on the forest's settings
 * @param warmup 0 to 1: how much of the warm-up is done
 */
public record Scored(double score, double rcfScore, double warmup) {}
