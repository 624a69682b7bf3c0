package io.windops.kinesis.source;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * What the enumerator remembers: the rest is with the readers.
 *
 * @param waiting shards that no reader has
 * @param known every shard seen and still listed
 * @param finished those read to their end
 * @param created when the stream was made, ms since 1970; 0 if not known
 */
record ShardsState(List<ShardSplit> waiting, Set<String> known, Set<String> finished, long created) {
    static final class Serializer implements SimpleVersionedSerializer<ShardsState> {
        @Override
        public int getVersion() {
            return 2;
        }

        @Override
        public byte[] serialize(ShardsState state) throws IOException {
            DataOutputSerializer out = new DataOutputSerializer(256);
            out.writeInt(state.waiting.size());
            for (ShardSplit split : state.waiting) {
                ShardSplitSerializer.write(split, out);
            }
            writeIds(state.known, out);
            writeIds(state.finished, out);
            out.writeLong(state.created);
            return out.getCopyOfBuffer();
        }

        @Override
        public ShardsState deserialize(int version, byte[] bytes) throws IOException {
            if (version > getVersion()) {
                throw new IOException("a stream's state of version " + version + "; this job reads up to " + getVersion());
            }
            DataInputDeserializer in = new DataInputDeserializer(bytes);
            int count = in.readInt();
            List<ShardSplit> waiting = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                waiting.add(ShardSplitSerializer.read(in));
            }
            return new ShardsState(waiting, readIds(in), readIds(in), version > 1 ? in.readLong() : 0);
        }

        private static void writeIds(Set<String> ids, DataOutputSerializer out) throws IOException {
            out.writeInt(ids.size());
            for (String id : ids) {
                out.writeUTF(id);
            }
        }

        private static Set<String> readIds(DataInputDeserializer in) throws IOException {
            int count = in.readInt();
            Set<String> ids = new HashSet<>();
            for (int i = 0; i < count; i++) {
                ids.add(in.readUTF());
            }
            return ids;
        }
    }
}
