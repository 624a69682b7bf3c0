package io.windops.kinesis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AggregatedRecordTest {
    private static final HashRange LAST = new HashRange(HashRange.ALL.to(), HashRange.ALL.to());

    /** Five readings, the fifth with the highest explicit hash key, by aws-kinesis-agg 4.2.8. */
    private static byte[] vector() throws Exception {
        return Base64.getDecoder()
                .decode(Files.readAllLines(Path.of("../test/vectors/aggregated-record.txt")).get(1));
    }

    private static List<String> texts(byte[] data, HashRange shard) {
        List<byte[]> parts = AggregatedRecord.partsOf(data, shard);
        return parts == null ? null : parts.stream().map(p -> new String(p, StandardCharsets.UTF_8)).toList();
    }

    private static String reading(int i) {
        return "{\"turbineId\":\"oak-ridge-0" + i % 3 + "\",\"location\":\"Gjøvik\",\"speed\":" + (i == 0 ? "9" : "9." + i)
                + ",\"timestamp\":\"2026-11-23T10:00:0" + i + ".000Z\"}";
    }

    static byte[] sealed(byte[] message) throws Exception {
        byte[] whole = Arrays.copyOf(new byte[] {(byte) 0xf3, (byte) 0x89, (byte) 0x9a, (byte) 0xc2}, message.length + 20);
        System.arraycopy(message, 0, whole, 4, message.length);
        System.arraycopy(MessageDigest.getInstance("MD5").digest(message), 0, whole, message.length + 4, 16);
        return whole;
    }

    @Test
    void readsWhatAwssOwnAggregatorWrites() throws Exception {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            all.add(reading(i));
        }
        assertEquals(all, texts(vector(), HashRange.ALL));
    }

    @Test
    void keepsToTheShard() throws Exception {
        BigInteger half = BigInteger.TWO.pow(127);
        List<String> low = texts(vector(), new HashRange(BigInteger.ZERO, half.subtract(BigInteger.ONE)));
        List<String> high = texts(vector(), new HashRange(half, HashRange.ALL.to()));
        assertEquals(5, low.size() + high.size());
        assertEquals(List.of(reading(4)), texts(vector(), LAST));
    }

    @Test
    void leavesOtherRecordsAlone() throws Exception {
        byte[] flipped = vector();
        flipped[60] ^= 1;
        for (byte[] other : List.of(
                new byte[0],
                reading(1).getBytes(StandardCharsets.UTF_8),
                flipped,
                Arrays.copyOf(vector(), vector().length - 1),
                sealed(new byte[0]),
                sealed("hello, this is no protobuf at all".getBytes(StandardCharsets.UTF_8)),
                sealed(new byte[] {10, 1, 'a'}),
                sealed(new byte[] {10, 1, 'a', 26, 5, 8, 5, 26, 1, 'o'}),
                sealed(new byte[] {10, 1, 'a', 26, 2, 8, 0}),
                sealed(new byte[] {10, 1, 'a', 26, 127, 8, 0, 26, 1, 'o'}),
                sealed(new byte[] {10, 1, 'a', 18, 1, 'x', 26, 7, 8, 0, 16, 0, 26, 1, 'o'}))) {
            assertNull(texts(other, HashRange.ALL), Arrays.toString(other));
        }
    }

    @Test
    void neverThrowsOnADamagedMessage() throws Exception {
        byte[] whole = vector();
        Random random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            byte[] message = Arrays.copyOfRange(whole, 4, whole.length - 16 - random.nextInt(20));
            message[random.nextInt(message.length)] = (byte) random.nextInt();
            texts(sealed(message), HashRange.ALL);
        }
    }
}
