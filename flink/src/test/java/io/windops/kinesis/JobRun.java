package io.windops.kinesis;

import io.windops.AnomalyDetectionJob;
import io.windops.detect.DetectorSettings;
import io.windops.kinesis.sink.KinesisSink;
import io.windops.kinesis.source.KinesisSource;
import io.windops.test.Await;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The job between two streams, on a Flink in this process. */
final class JobRun implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final MiniCluster cluster;
    private final JobID job;

    private JobRun(MiniCluster cluster, JobID job) {
        this.cluster = cluster;
        this.job = job;
    }

    /** @param savepoint where to go on from, or null */
    static JobRun start(
            StreamLocation input,
            StreamLocation output,
            DetectorSettings settings,
            int parallelism,
            Path folder,
            String savepoint)
            throws Exception {
        Configuration flink = new Configuration();
        flink.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
        flink.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
        flink.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, folder.resolve("checkpoints").toUri().toString());
        flink.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(300));
        flink.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
        flink.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 10);
        flink.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(100));
        MiniCluster cluster = new MiniCluster(new MiniClusterConfiguration.Builder()
                .setConfiguration(flink)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(parallelism)
                .withRandomPorts()
                .build());
        cluster.start();
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(parallelism, flink);
        AnomalyDetectionJob.build(
                env,
                new KinesisSource(input, null, Duration.ofMillis(200), Duration.ofMillis(500)),
                new KinesisSink(output, 50),
                settings,
                Duration.ofDays(1));
        JobGraph graph = env.getStreamGraph().getJobGraph();
        if (savepoint != null) {
            graph.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(savepoint));
        }
        cluster.submitJob(graph).get();
        return new JobRun(cluster, graph.getJobID());
    }

    void awaitRunning() {
        Await.until(PATIENCE, "the job to run", () -> cluster.getJobStatus(job).get() == JobStatus.RUNNING);
    }

    /** A checkpoint that began after this call is complete. */
    void checkpoint() throws Exception {
        cluster.triggerCheckpoint(job).get();
    }

    /** Takes the machine away under the running tasks, and gives another. */
    void loseTaskManager() throws Exception {
        cluster.terminateTaskManager(0).get();
        cluster.startTaskManager();
    }

    String stopWithSavepoint(Path folder) throws Exception {
        return cluster.stopWithSavepoint(job, folder.toUri().toString(), false, SavepointFormatType.NATIVE).get();
    }

    @Override
    public void close() throws Exception {
        cluster.close();
    }
}
