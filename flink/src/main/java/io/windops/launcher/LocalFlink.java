package io.windops.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.apache.flink.client.program.PackagedProgram;
import org.apache.flink.client.program.PackagedProgramUtils;
import org.apache.flink.client.program.ProgramInvocationException;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.MetricOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.util.ExceptionUtils;

/**
 * Runs one application's jar on a Flink of its own, as Managed Flink would: RocksDB, incremental checkpoints, the user's
 * classes first, the property groups from a file. Says on stdout, a JSON object a line, where its REST interface is and
 * how the job ended; logs go to stderr. Ends when stdin does, so that it never outlives who started it.
 */
public final class LocalFlink {
    private LocalFlink() {}

    public static void main(String[] args) throws Exception {
        LauncherOptions options = LauncherOptions.parse(args);
        endWithStdin();
        try (MiniCluster cluster = new MiniCluster(cluster(options))) {
            JobGraph job = job(options, cluster.getConfiguration());
            cluster.start();
            URI rest = cluster.getRestAddress().get();
            cluster.submitJob(job).get();
            say("submitted", "\"rest\":" + quoted(rest.toString()) + ",\"jobId\":\"" + job.getJobID() + '"');
            JobResult result = cluster.requestJobResult(job.getJobID()).get();
            String error = result.getSerializedThrowable()
                    .map(thrown -> rootMessage(thrown.deserializeError(LocalFlink.class.getClassLoader())))
                    .orElse(null);
            boolean failed = !result.isSuccess() && error != null;
            say("ended", "\"error\":" + (failed ? quoted(error) : "null"));
            if (failed) {
                System.exit(1);
            }
            // Who stopped it still asks the REST interface for the savepoint, and then ends stdin.
            Thread.currentThread().join();
        } catch (Throwable thrown) {
            say("ended", "\"error\":" + quoted(rootMessage(thrown)));
            thrown.printStackTrace();
            System.exit(1);
        }
    }

    private static void endWithStdin() {
        Thread watch = new Thread(
                () -> {
                    try (InputStream in = System.in) {
                        while (in.read() >= 0) {
                            // Nothing is said to a launcher; it only matters that somebody could.
                        }
                    } catch (IOException e) {
                        // As good as the end.
                    }
                    Runtime.getRuntime().halt(0);
                },
                "stdin");
        watch.setDaemon(true);
        watch.start();
    }

    private static MiniClusterConfiguration cluster(LauncherOptions options) {
        Configuration flink = new Configuration();
        flink.set(RestOptions.BIND_PORT, "0");
        flink.set(RestOptions.ADDRESS, "127.0.0.1");
        flink.set(RestOptions.BIND_ADDRESS, "127.0.0.1");
        flink.set(JobManagerOptions.BIND_HOST, "127.0.0.1");
        flink.set(TaskManagerOptions.BIND_HOST, "127.0.0.1");
        flink.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(256));
        flink.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
        flink.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
        flink.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, options.work().resolve("checkpoints").toUri().toString());
        flink.set(
                CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
                ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        if (options.checkpointMs() > 0) {
            flink.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(options.checkpointMs()));
        }
        flink.set(MetricOptions.METRIC_FETCHER_UPDATE_INTERVAL, Duration.ofSeconds(1));
        return new MiniClusterConfiguration.Builder()
                .setConfiguration(flink)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(options.parallelism())
                .build();
    }

    private static JobGraph job(LauncherOptions options, Configuration flink)
            throws IOException, ProgramInvocationException {
        SavepointRestoreSettings restore = options.restore() == null
                ? SavepointRestoreSettings.none()
                : SavepointRestoreSettings.forPath(options.restore(), options.allowNonRestoredState());
        PackagedProgram program = PackagedProgram.newBuilder()
                .setEntryPointClassName(mainClass(options.jar()))
                // Before the jar, whose runtime library would look in /etc/flink.
                .setUserClassPaths(List.of(propertiesEntry(options), options.jar().toUri().toURL()))
                .setConfiguration(flink)
                .setSavepointRestoreSettings(restore)
                .build();
        return PackagedProgramUtils.createJobGraph(program, flink, options.parallelism(), false);
    }

    private static String mainClass(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            Manifest manifest = file.getManifest();
            Attributes attributes = manifest == null ? new Attributes() : manifest.getMainAttributes();
            String name = attributes.getValue("program-class");
            name = name == null ? attributes.getValue(Attributes.Name.MAIN_CLASS) : name;
            if (name == null) {
                throw new IOException("the jar's manifest names no Main-Class");
            }
            return name;
        }
    }

    /** A folder with the config.properties in which aws-kinesisanalytics-runtime looks for the properties' path. */
    private static URL propertiesEntry(LauncherOptions options) throws IOException {
        Path folder = Files.createDirectories(options.work().resolve("classpath"));
        Properties config = new Properties();
        config.setProperty("application_properties_file", options.properties().toString());
        try (var out = Files.newOutputStream(folder.resolve("config.properties"))) {
            config.store(out, null);
        }
        return folder.toUri().toURL();
    }

    private static String rootMessage(Throwable thrown) {
        Throwable stripped = ExceptionUtils.stripException(thrown, ProgramInvocationException.class);
        Throwable root = stripped;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }

    private static void say(String event, String fields) {
        System.out.println("{\"event\":\"" + event + "\"," + fields + '}');
        System.out.flush();
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\' || c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
