package io.windops.launcher;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * What the launcher is to run.
 *
 * @param jar the application
 * @param properties its application_properties.json
 * @param work folder for what the launcher makes: checkpoints, and the classpath entry that names the properties
 * @param parallelism parallel subtasks
 * @param checkpointMs between checkpoints, 0 for none
 * @param restore savepoint or checkpoint to begin from, or null
 * @param allowNonRestoredState state of operators that the application no longer has is dropped
 */
record LauncherOptions(
        Path jar,
        Path properties,
        Path work,
        int parallelism,
        long checkpointMs,
        String restore,
        boolean allowNonRestoredState) {

    /** Pairs of {@code --name value}. */
    static LauncherOptions parse(String[] args) {
        Map<String, String> given = new HashMap<>();
        if (args.length % 2 != 0) {
            throw new IllegalArgumentException("expected pairs of --name value");
        }
        for (int i = 0; i < args.length; i += 2) {
            given.put(args[i], args[i + 1]);
        }
        return new LauncherOptions(
                Path.of(needed(given, "--jar")).toAbsolutePath(),
                Path.of(needed(given, "--properties")).toAbsolutePath(),
                Path.of(needed(given, "--work")).toAbsolutePath(),
                Integer.parseInt(given.getOrDefault("--parallelism", "1")),
                Long.parseLong(given.getOrDefault("--checkpoint-ms", "0")),
                given.get("--restore"),
                Boolean.parseBoolean(given.getOrDefault("--allow-non-restored-state", "false")));
    }

    private static String needed(Map<String, String> given, String name) {
        String value = given.get(name);
        if (value == null) {
            throw new IllegalArgumentException(name + " is missing");
        }
        return value;
    }
}
