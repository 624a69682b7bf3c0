package io.windops.detect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * The shared vectors' readings under 20 seeds: mean and quantiles of the scores as in distributions.txt, which
 * test/detect/detector-vectors.test.ts writes from the detector in TypeScript, and the same readings as anomalies.
 */
class DetectorDistributionTest {
    private static final int SEEDS = 20;
    private static final double[] QUANTILES = {0.5, 0.9, 0.99, 0.999};
    private static final double TOLERANCE = 0.05;

    private record Case(String name, DetectorSettings settings, List<double[]> readings) {
        Detector detector(long seed) {
            return new Detector(new DetectorSettings(
                    settings.features(),
                    settings.numberOfTrees(),
                    settings.sampleSize(),
                    settings.timeDecay(),
                    settings.shingleSize(),
                    settings.outputAfter(),
                    seed));
        }
    }

    private static List<String> lines(String file) throws IOException {
        return Files.readAllLines(Path.of(System.getProperty("windops.vectors"), file));
    }

    private static List<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        for (String line : lines("detector.txt")) {
            String[] words = line.split(" ", 9);
            if (words[0].equals("#")) {
                DetectorSettings settings = new DetectorSettings(
                        List.of(words[1].split(",")),
                        Integer.parseInt(words[2]),
                        Integer.parseInt(words[3]),
                        Double.parseDouble(words[4]),
                        Integer.parseInt(words[5]),
                        Integer.parseInt(words[6]),
                        Long.parseLong(words[7]));
                cases.add(new Case(words[8], settings, new ArrayList<>()));
            } else {
                double[] numbers = numbers(line);
                cases.get(cases.size() - 1).readings.add(Arrays.copyOf(numbers, numbers.length - 2));
            }
        }
        return cases;
    }

    private static double[] numbers(String line) {
        return line.isEmpty()
                ? new double[0]
                : Arrays.stream(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
    }

    private static double[] distribution(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double[] found = new double[1 + QUANTILES.length];
        found[0] = Arrays.stream(sorted).average().orElseThrow();
        for (int q = 0; q < QUANTILES.length; q++) {
            found[1 + q] = sorted[(int) Math.ceil(QUANTILES[q] * sorted.length) - 1];
        }
        return found;
    }

    private static void assertClose(double[] expected, double[] found, String what) {
        assertEquals(expected.length, found.length, what);
        for (int i = 0; i < found.length; i++) {
            String which = what + (i == 0 ? ", mean" : ", quantile " + QUANTILES[i - 1]);
            assertEquals(expected[i], found[i], TOLERANCE * expected[i], which);
        }
    }

    @Test
    void scoresAreDistributedAsThoseOfTheOtherImplementation() throws IOException {
        Iterator<String> expected = lines("distributions.txt").iterator();
        int anomaliesInAll = 0;
        for (Case each : cases()) {
            int count = each.readings.size();
            double[] scores = new double[SEEDS * count];
            double[] raw = new double[SEEDS * count];
            int[] anomalies = new int[count];
            for (int seed = 1; seed <= SEEDS; seed++) {
                Detector detector = each.detector(seed);
                List<String> names = each.settings.features();
                for (int i = 0; i < count; i++) {
                    double[] reading = each.readings.get(i);
                    Scored scored = detector.next(reading[0], name -> reading[1 + names.indexOf(name)]);
                    scores[(seed - 1) * count + i] = scored.score();
                    raw[(seed - 1) * count + i] = scored.rcfScore();
                    anomalies[i] += scored.score() >= 2 ? 1 : 0;
                }
            }
            assertEquals("# " + each.name, expected.next());
            assertClose(numbers(expected.next()), distribution(scores), each.name + ", scores");
            assertClose(numbers(expected.next()), distribution(raw), each.name + ", raw scores");
            String most = IntStream.range(0, count)
                    .filter(i -> anomalies[i] > SEEDS / 2)
                    .mapToObj(Integer::toString)
                    .collect(Collectors.joining(" "));
            assertEquals(expected.next(), most, each.name + ", anomalies");
            anomaliesInAll += most.isEmpty() ? 0 : most.split(" ").length;
        }
        assertTrue(anomaliesInAll > 10, "anomalies in the vectors: " + anomaliesInAll);
    }
}
