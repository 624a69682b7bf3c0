package io.windops.detect;

/**
 * A forest's parameters.
 *
 * @param dimensions numbers of one reading
 * @param numberOfTrees trees
 * @param sampleSize points that one tree keeps
 * @param timeDecay per reading; a sample's age fades as exp(-timeDecay × age)
 * @param shingleSize consecutive readings that make one point
 * @param outputAfter readings before scores are given
 * @param seed equal seeds and readings give equal scores
 */
record ForestSettings(
        int dimensions,
        int numberOfTrees,
        int sampleSize,
        double timeDecay,
        int shingleSize,
        int outputAfter,
        long seed) {}
