package io.windops.detect;

import io.windops.config.PropertyReader;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * The detector's parameters, with the names and defaults of {@code src/detect}.
 *
 * @param features numeric fields of a reading that the forest looks at
 * @param numberOfTrees trees in a forest
 * @param sampleSize points that one tree keeps
 * @param timeDecay per reading; a sample's age fades as exp(-timeDecay × age)
 * @param shingleSize consecutive readings that make one point of the forest
 * @param outputAfter readings before scores are given, at least 9
 * @param seed equal seeds and readings give equal scores
 */
public record DetectorSettings(
        List<String> features,
        int numberOfTrees,
        int sampleSize,
        double timeDecay,
        int shingleSize,
        int outputAfter,
        long seed)
        implements Serializable {
    public static final DetectorSettings DEFAULTS =
            new DetectorSettings(List.of("speed"), 50, 256, 1.0 / 2560, 1, 32, 42);

    public DetectorSettings {
        features = List.copyOf(features);
    }

    /** The forest's own: it sees {@link InputFeatures#COUNT} numbers of each feature, and nothing of the first readings. */
    ForestSettings forest() {
        int dimensions = features.size() * InputFeatures.COUNT;
        int after = outputAfter - InputFeatures.SETTLE;
        return new ForestSettings(dimensions, numberOfTrees, sampleSize, timeDecay, shingleSize, after, seed);
    }

    /** What the properties say, the defaults for the rest. */
    public static DetectorSettings from(PropertyReader properties) {
        String names = properties.text("features", String.join(",", DEFAULTS.features));
        List<String> features =
                Arrays.stream(names.split(",")).map(String::trim).filter(name -> !name.isEmpty()).toList();
        if (features.isEmpty()) {
            throw PropertyReader.wrong("features", names, "names of numeric fields, with commas between");
        }
        return new DetectorSettings(
                features,
                properties.integer("numberOfTrees", DEFAULTS.numberOfTrees, 1, 10_000),
                properties.integer("sampleSize", DEFAULTS.sampleSize, 2, 32_000),
                properties.number("timeDecay", DEFAULTS.timeDecay, d -> d >= 0 && d <= 1, "a number from 0 to 1"),
                properties.integer("shingleSize", DEFAULTS.shingleSize, 1, 1000),
                properties.integer("outputAfter", DEFAULTS.outputAfter, InputFeatures.SETTLE + 1, Integer.MAX_VALUE),
                properties.whole("seed", DEFAULTS.seed));
    }
}
