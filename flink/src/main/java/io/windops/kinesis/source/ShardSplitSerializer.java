package io.windops.kinesis.source;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/** Shards in checkpoints. */
final class ShardSplitSerializer implements SimpleVersionedSerializer<ShardSplit> {
    private static final int VERSION = 1;

    @Override
    public int getVersion() {
        return VERSION;
    }

    @Override
    public byte[] serialize(ShardSplit split) throws IOException {
        DataOutputSerializer out = new DataOutputSerializer(128);
        write(split, out);
        return out.getCopyOfBuffer();
    }

    @Override
    public ShardSplit deserialize(int version, byte[] bytes) throws IOException {
        check(version);
        return read(new DataInputDeserializer(bytes));
    }

    static void check(int version) throws IOException {
        if (version != VERSION) {
            throw new IOException("a shard's state of version " + version + "; this job reads version " + VERSION);
        }
    }

    static void write(ShardSplit split, DataOutput out) throws IOException {
        out.writeUTF(split.shardId());
        out.writeByte(split.parents().size());
        for (String parent : split.parents()) {
            out.writeUTF(parent);
        }
        out.writeUTF(split.position().type().toString());
        out.writeUTF(split.position().value() == null ? "" : split.position().value());
        out.writeBoolean(split.finished());
    }

    static ShardSplit read(DataInput in) throws IOException {
        String shardId = in.readUTF();
        int count = in.readByte();
        List<String> parents = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            parents.add(in.readUTF());
        }
        ShardIteratorType type = ShardIteratorType.fromValue(in.readUTF());
        String value = in.readUTF();
        Position position = new Position(type, value.isEmpty() ? null : value);
        return new ShardSplit(shardId, List.copyOf(parents), position, in.readBoolean());
    }
}
