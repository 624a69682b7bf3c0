package io.windops.kinesis.sink;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import org.apache.flink.connector.base.sink.writer.AsyncSinkWriterStateSerializer;

/** A record to be written. A POJO to Flink: public fields, no-argument constructor. */
public final class OutputRecord implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final int LONGEST_KEY = 256;

    public String partitionKey;
    public byte[] data;

    public OutputRecord() {}

    /** @param partitionKey shortened to the 256 characters that Kinesis takes */
    public OutputRecord(String partitionKey, byte[] data) {
        this.partitionKey = partitionKey.length() <= LONGEST_KEY ? partitionKey : partitionKey.substring(0, LONGEST_KEY);
        this.data = data;
    }

    static final class StateSerializer extends AsyncSinkWriterStateSerializer<OutputRecord> {
        @Override
        protected void serializeRequestToStream(OutputRecord record, DataOutputStream out) throws IOException {
            out.writeUTF(record.partitionKey);
            out.writeInt(record.data.length);
            out.write(record.data);
        }

        @Override
        protected OutputRecord deserializeRequestFromStream(long size, DataInputStream in) throws IOException {
            String key = in.readUTF();
            byte[] data = new byte[in.readInt()];
            in.readFully(data);
            return new OutputRecord(key, data);
        }

        @Override
        public int getVersion() {
            return 1;
        }
    }
}
