package io.windops.bench;

import com.amazon.randomcutforest.RandomCutForest;
import io.windops.AnomalyDetectionJob;
import io.windops.detect.Detector;
import io.windops.kinesis.KinesisRecord;
import io.windops.reading.Reading;
import io.windops.scoring.ParseReadings;
import java.time.Duration;
import java.util.Arrays;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * Records a second through the whole job but Kinesis (JSON in, keys, scores, JSON out), against the forest library's own
 * loop over the same numbers, in turn. Arguments: what to run (library, detector, job, naive), parallelism, turbines, readings of
 * each, rounds.
 */
final class Throughput {
    private static final int DIMENSIONS = 5;

    private static KinesisRecord[] records;

    private Throughput() {}

    public static void main(String[] args) throws Exception {
        String[] what = args[0].split(",");
        int parallelism = Integer.parseInt(args[1]);
        Workload workload = Workload.of(Integer.parseInt(args[2]), Integer.parseInt(args[3]));
        int rounds = Integer.parseInt(args[4]);
        records = workload.records();
        Meter[][] found = new Meter[what.length][rounds];
        for (int round = -1; round < rounds; round++) {
            for (int i = 0; i < what.length; i++) {
                Meter meter = measure(what[i], workload, parallelism);
                if (round >= 0) {
                    found[i][round] = meter;
                }
            }
        }
        for (int i = 0; i < what.length; i++) {
            System.out.println("{\"what\":\"" + what[i] + "\",\"parallelism\":" + parallelism + ",\"rates\":"
                    + Meter.median(found[i]).json() + '}');
        }
        System.exit(0);
    }

    private static Meter measure(String what, Workload workload, int parallelism) throws Exception {
        return switch (what) {
            case "library" -> {
                double[][] speeds = workload.speeds();
                yield Meter.of(workload.size(), () -> library(workload, speeds));
            }
            case "detector" -> {
                double[][] speeds = workload.speeds();
                yield Meter.of(workload.size(), () -> detectors(workload, speeds));
            }
            case "job" -> Meter.of(workload.size(), () -> job(workload, parallelism));
            case "naive" -> Meter.of(workload.size(), () -> naive(workload, parallelism));
            default -> throw new IllegalArgumentException(what);
        };
    }

    /** The library's loop: score, then update. */
    private static void library(Workload workload, double[][] speeds) {
        // As many numbers a reading as the detector makes of it: lags of the speed stand for them.
        int dimensions = DIMENSIONS;
        RandomCutForest[] forests = new RandomCutForest[speeds.length];
        for (int t = 0; t < forests.length; t++) {
            forests[t] = RandomCutForest.builder()
                    .dimensions(dimensions * Workload.SETTINGS.shingleSize())
                    .shingleSize(Workload.SETTINGS.shingleSize())
                    .internalShinglingEnabled(true)
                    .numberOfTrees(Workload.SETTINGS.numberOfTrees())
                    .sampleSize(Workload.SETTINGS.sampleSize())
                    .timeDecay(Workload.SETTINGS.timeDecay())
                    .outputAfter(Math.max(1, Workload.SETTINGS.outputAfter()))
                    .randomSeed(Workload.SETTINGS.seed())
                    .build();
        }
        float[] point = new float[dimensions];
        double sum = 0;
        for (int n = 0; n < workload.each(); n++) {
            for (int t = 0; t < forests.length; t++) {
                for (int d = 0; d < dimensions; d++) {
                    point[d] = (float) speeds[t][Math.max(0, n - d)];
                }
                sum += forests[t].getAnomalyScore(point);
                forests[t].update(point);
            }
        }
        if (Double.isNaN(sum)) {
            throw new IllegalStateException("no scores");
        }
    }

    /** The job's own detectors, without Flink. */
    private static void detectors(Workload workload, double[][] speeds) {
        Detector[] detectors = new Detector[speeds.length];
        Arrays.setAll(detectors, t -> new Detector(Workload.SETTINGS));
        double sum = 0;
        for (int n = 0; n < workload.each(); n++) {
            for (int t = 0; t < detectors.length; t++) {
                double speed = speeds[t][n];
                sum += detectors[t].next(n * 1000.0, name -> speed).score();
            }
        }
        if (Double.isNaN(sum)) {
            throw new IllegalStateException("no scores");
        }
    }

    private static void job(Workload workload, int parallelism) throws Exception {
        StreamExecutionEnvironment env = environment(parallelism);
        AnomalyDetectionJob.build(
                env, source(workload), new DiscardingSink<>(), Workload.SETTINGS, Duration.ofDays(1));
        env.execute();
    }

    private static void naive(Workload workload, int parallelism) throws Exception {
        StreamExecutionEnvironment env = environment(parallelism);
        env.fromSource(source(workload), WatermarkStrategy.noWatermarks(), "readings")
                .process(new ParseReadings())
                .keyBy((Reading reading) -> reading.turbineId)
                .process(new NaiveScoring(Workload.SETTINGS))
                .sinkTo(new DiscardingSink<>());
        env.execute();
    }

    private static StreamExecutionEnvironment environment(int parallelism) {
        Configuration flink = new Configuration();
        flink.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(parallelism, flink);
        env.getConfig().enableObjectReuse();
        return env;
    }

    private static DataGeneratorSource<KinesisRecord> source(Workload workload) {
        return new DataGeneratorSource<>(
                index -> records[index.intValue()], workload.size(), TypeInformation.of(KinesisRecord.class));
    }
}
