package io.windops.kinesis;

/** A record as it stands in a shard. A POJO to Flink: public fields, no-argument constructor. */
public final class KinesisRecord {
    public byte[] data;
    /** When Kinesis took it, in milliseconds since 1970. */
    public long arrivalTime;
    public String shardId;
    public String sequenceNumber;

    public KinesisRecord() {}

    public KinesisRecord(byte[] data, long arrivalTime, String shardId, String sequenceNumber) {
        this.data = data;
        this.arrivalTime = arrivalTime;
        this.shardId = shardId;
        this.sequenceNumber = sequenceNumber;
    }
}
