package io.windops.detect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Written by test/detect/detector-vectors.test.ts from the detector in TypeScript: steady wind, gust, front, stuck sensor … */
class DetectorVectorsTest {
    /** Both do the same arithmetic; only a logarithm's last bit may differ between their runtimes. */
    private static final double TOLERANCE = 1e-9;

    @Test
    void givesTheSharedVectorsScores() throws IOException {
        Detector detector = null;
        List<String> features = List.of();
        int checked = 0;
        int anomalies = 0;
        for (String line : Files.readAllLines(Path.of(System.getProperty("windops.vectors"), "detector.txt"))) {
            String[] words = line.split(" ");
            if (words[0].equals("#")) {
                features = List.of(words[1].split(","));
                detector = new Detector(new DetectorSettings(
                        features,
                        Integer.parseInt(words[2]),
                        Integer.parseInt(words[3]),
                        Double.parseDouble(words[4]),
                        Integer.parseInt(words[5]),
                        Integer.parseInt(words[6]),
                        Long.parseLong(words[7])));
                continue;
            }
            double[] numbers = Arrays.stream(words).mapToDouble(Double::parseDouble).toArray();
            List<String> names = features;
            Scored scored = detector.next(numbers[0], name -> numbers[1 + names.indexOf(name)]);
            double score = numbers[numbers.length - 2];
            assertEquals(score, scored.score(), TOLERANCE * Math.max(1, score), line);
            assertEquals(numbers[numbers.length - 1], scored.rcfScore(), TOLERANCE, line);
            assertEquals(score >= 2, scored.score() >= 2, line);
            anomalies += score >= 2 ? 1 : 0;
            // Every state on the way is saved and gone on from.
            if (checked % 100 == 99) {
                detector = Detector.restore(detector.save());
            }
            checked++;
        }
        assertEquals(7 * 504, checked);
        assertTrue(anomalies > 10, "anomalies in the vectors: " + anomalies);
    }
}
