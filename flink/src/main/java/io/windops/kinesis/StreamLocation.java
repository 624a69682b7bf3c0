package io.windops.kinesis;

import java.io.Serializable;
import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.KinesisClientBuilder;

/**
 * Where a stream is.
 *
 * @param arn the stream's ARN
 * @param region its region
 * @param endpoint another endpoint than the region's own, or null
 */
public record StreamLocation(String arn, String region, String endpoint) implements Serializable {
    private static final Duration CALL = Duration.ofSeconds(30);
    private static final Duration CONNECT = Duration.ofSeconds(5);

    public KinesisClient client() {
        return client(region, endpoint);
    }

    /** A client with time limits on every call: one that hangs must not stop a shard for good. */
    public static KinesisClient client(String region, String endpoint) {
        KinesisClientBuilder builder = KinesisClient.builder()
                .region(Region.of(region))
                .httpClientBuilder(UrlConnectionHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(CALL))
                .overrideConfiguration(ClientOverrideConfiguration.builder().apiCallAttemptTimeout(CALL).build());
        if (endpoint != null) {
            builder.endpointOverride(URI.create(endpoint));
        }
        return builder.build();
    }

    /**
     * The stream of this name.
     *
     * @param nameOrArn name, or the ARN itself
     */
    public static StreamLocation resolve(String nameOrArn, String region, String endpoint) {
        if (nameOrArn.startsWith("arn:")) {
            return new StreamLocation(nameOrArn, region, endpoint);
        }
        try (KinesisClient client = client(region, endpoint)) {
            String arn = client.describeStreamSummary(r -> r.streamName(nameOrArn)).streamDescriptionSummary().streamARN();
            return new StreamLocation(arn, region, endpoint);
        }
    }
}
