package io.windops.kinesis.source;

import java.util.Set;
import org.apache.flink.api.connector.source.SourceEvent;

/** A reader has come to the end of these shards: their children may be read. */
record ShardsFinishedEvent(Set<String> shardIds) implements SourceEvent {}
