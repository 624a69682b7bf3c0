package io.windops.kinesis.source;

import io.windops.kinesis.StreamLocation;
import java.io.Serializable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ListShardsRequest;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.Shard;

/** Lists a stream's shards, open and closed, as long as the service keeps them. */
interface ShardLister extends AutoCloseable {
    /**
     * @param created when the stream was made (ms since 1970): another time is another stream of the same name
     */
    record Listing(long created, List<Shard> shards) implements Serializable {}

    Listing list();

    @Override
    void close();

    static ShardLister of(StreamLocation stream) {
        KinesisClient client = stream.client();
        return new ShardLister() {
            @Override
            public Listing list() {
                Instant created = client.describeStreamSummary(r -> r.streamARN(stream.arn()))
                        .streamDescriptionSummary()
                        .streamCreationTimestamp();
                return new Listing(created.toEpochMilli(), shards(client, stream.arn()));
            }

            @Override
            public void close() {
                client.close();
            }
        };
    }

    /** All shards that the stream still keeps. */
    static List<Shard> shards(KinesisClient client, String streamArn) {
        List<Shard> shards = new ArrayList<>();
        // With a token ListShards takes no stream.
        ListShardsRequest request = ListShardsRequest.builder().streamARN(streamArn).build();
        while (true) {
            ListShardsResponse page = client.listShards(request);
            shards.addAll(page.shards());
            if (page.nextToken() == null) {
                return shards;
            }
            request = ListShardsRequest.builder().nextToken(page.nextToken()).build();
        }
    }
}
