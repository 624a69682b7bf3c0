package io.windops.scoring;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.flink.metrics.Gauge;

/** How far each turbine's warm-up is, as a JSON object in a gauge; read by the metrics' thread. */
final class WarmUp implements Gauge<String> {
    /** A gauge is no database: beyond so many turbines the rest go unreported. */
    private static final int MOST = 1_000;

    private final Map<String, Double> progress = new ConcurrentHashMap<>();

    void report(String turbineId, double warmup) {
        Double before = progress.get(turbineId);
        if (before == null ? progress.size() < MOST : before < warmup) {
            progress.put(turbineId, warmup);
        }
    }

    void forget(String turbineId) {
        progress.remove(turbineId);
    }

    /** The least of them, 1 where none is known: of several subtasks the least counts. */
    double slowest() {
        return progress.values().stream().mapToDouble(Double::doubleValue).min().orElse(1);
    }

    @Override
    public String getValue() {
        return progress.entrySet().stream()
                .map(entry -> '"' + escaped(entry.getKey()) + "\":" + entry.getValue())
                .collect(Collectors.joining(",", "{", "}"));
    }

    private static String escaped(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\' || c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
