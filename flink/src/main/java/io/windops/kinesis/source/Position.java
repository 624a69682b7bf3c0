package io.windops.kinesis.source;

import java.time.Instant;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/**
 * Where reading of a shard goes on.
 *
 * @param type TRIM_HORIZON, AT_TIMESTAMP or AFTER_SEQUENCE_NUMBER; never LATEST, which would skip what comes between two
 *     openings
 * @param value the sequence number, or the time in milliseconds since 1970; null with TRIM_HORIZON
 */
public record Position(ShardIteratorType type, String value) {
    public static final Position TRIM_HORIZON = new Position(ShardIteratorType.TRIM_HORIZON, null);

    public static Position at(long millis) {
        return new Position(ShardIteratorType.AT_TIMESTAMP, Long.toString(millis));
    }

    public static Position after(String sequenceNumber) {
        return new Position(ShardIteratorType.AFTER_SEQUENCE_NUMBER, sequenceNumber);
    }

    GetShardIteratorRequest.Builder request() {
        GetShardIteratorRequest.Builder request = GetShardIteratorRequest.builder().shardIteratorType(type);
        return switch (type) {
            case AT_TIMESTAMP -> request.timestamp(Instant.ofEpochMilli(Long.parseLong(value)));
            case AFTER_SEQUENCE_NUMBER -> request.startingSequenceNumber(value);
            default -> request;
        };
    }
}
