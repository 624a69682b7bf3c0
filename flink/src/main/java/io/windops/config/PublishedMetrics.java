package io.windops.config;

import org.apache.flink.metrics.MetricGroup;

/** Where an application's own metrics have to be for Managed Flink to hand them to CloudWatch. */
public final class PublishedMetrics {
    private PublishedMetrics() {}

    /**
     * The group whose counters and gauges are published; those of any other group stay inside of Flink.
     *
     * @see <a href="https://docs.aws.amazon.com/managed-flink/latest/java/monitoring-metrics-custom.html">custom metrics</a>
     */
    public static MetricGroup of(MetricGroup group) {
        return group.addGroup("KinesisAnalytics");
    }
}
