package io.windops.kinesis;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Many user records in one Kinesis record, as the Kinesis Producer Library writes them: four bytes of magic, a protobuf
 * message (1: partition keys, 2: explicit hash keys, 3: records of 1: key index, 2: hash key index, 3: data), its MD5.
 *
 * @see <a href="https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md">the format</a>
 */
public final class AggregatedRecord {
    private static final byte[] MAGIC = {(byte) 0xf3, (byte) 0x89, (byte) 0x9a, (byte) 0xc2};
    private static final int MD5_BYTES = 16;

    private final List<String> keys = new ArrayList<>();
    private final List<String> hashKeys = new ArrayList<>();
    private final List<Part> parts = new ArrayList<>();

    private static final class Part {
        private int key = -1;
        private int hashKey = -1;
        private byte[] data;
    }

    private AggregatedRecord() {}

    /** Whether it begins as one: cheap, and rules out what people write. */
    public static boolean looksLikeOne(byte[] data) {
        return data.length > MAGIC.length + MD5_BYTES
                && Arrays.equals(data, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    /**
     * The user records that belong to the shard they were found in, in their order. A producer that knew of a reshard too
     * late has put some into a shard that isn't theirs, and sends those again.
     *
     * @return null for every other record: without the magic, with a wrong MD5, or whose message isn't one. Like the
     *     Kinesis Client Library this leaves such a record to be read as it is.
     */
    public static List<byte[]> partsOf(byte[] data, HashRange shard) {
        if (!looksLikeOne(data)) {
            return null;
        }
        int end = data.length - MD5_BYTES;
        MessageDigest md5 = md5();
        md5.update(data, MAGIC.length, end - MAGIC.length);
        if (!Arrays.equals(md5.digest(), Arrays.copyOfRange(data, end, data.length))) {
            return null;
        }
        AggregatedRecord record = new AggregatedRecord();
        try {
            record.read(CodedInputStream.newInstance(data, MAGIC.length, end - MAGIC.length));
            return record.within(shard);
        } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
            return null;
        }
    }

    private void read(CodedInputStream in) throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case 1 -> keys.add(in.readString());
                case 2 -> hashKeys.add(in.readString());
                case 3 -> parts.add(part(in));
                default -> in.skipField(tag);
            }
        }
    }

    private static Part part(CodedInputStream in) throws IOException {
        Part part = new Part();
        int outside = in.pushLimit(in.readRawVarint32());
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case 1 -> part.key = Math.toIntExact(in.readUInt64());
                case 2 -> part.hashKey = Math.toIntExact(in.readUInt64());
                case 3 -> part.data = in.readByteArray();
                default -> in.skipField(tag);
            }
        }
        in.popLimit(outside);
        return part;
    }

    private List<byte[]> within(HashRange shard) {
        if (parts.isEmpty()) {
            return null;
        }
        List<byte[]> found = new ArrayList<>(parts.size());
        MessageDigest md5 = md5();
        BigInteger[] places = new BigInteger[keys.size()];
        for (Part part : parts) {
            String key = keys.get(part.key);
            if (part.data == null) {
                return null;
            }
            BigInteger place = places[part.key];
            if (part.hashKey >= 0) {
                place = new BigInteger(hashKeys.get(part.hashKey));
            } else if (place == null) {
                place = new BigInteger(1, md5.digest(key.getBytes(StandardCharsets.UTF_8)));
                places[part.key] = place;
            }
            if (shard.holds(place)) {
                found.add(part.data);
            }
        }
        return found;
    }

    private static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
