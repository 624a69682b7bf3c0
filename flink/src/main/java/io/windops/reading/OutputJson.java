package io.windops.reading;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.windops.detect.Scored;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/** The JSON that goes on: scored readings, and what wasn't one. */
public final class OutputJson {
    private static final JsonFactory JSON = new JsonFactory();

    /** Bytes that fit into a record beside the partition key. */
    private static final int LARGEST = 1_040_000;

    /** Bytes of noise that fit in base64. */
    private static final int PART = 720_000;

    private OutputJson() {}

    /** The reading's fields, {@code rcfScore} and {@code score}. */
    public static byte[] scored(Reading reading, Scored scored) {
        return write(json -> {
            json.writeStringField("turbineId", reading.turbineId);
            if (reading.location != null) {
                json.writeStringField("location", reading.location);
            }
            number(json, "speed", reading.speed);
            json.writeStringField("timestamp", iso(reading.time));
            for (Map.Entry<String, Double> field : reading.more.entrySet()) {
                number(json, field.getKey(), field.getValue());
            }
            number(json, "rcfScore", scored.rcfScore());
            number(json, "score", scored.score());
        });
    }

    /**
     * {@code {"error","raw"}}: the record whole. Where it isn't text it is in base64, where it would not fit into a record
     * it is compressed before, and {@code encoding} says so; noise of nearly a record's largest size goes in two parts.
     */
    public static List<byte[]> malformed(String error, byte[] raw) {
        String text = text(raw);
        byte[] plain = text == null ? malformed(error, base64(raw), "base64") : malformed(error, text, null);
        if (plain.length <= LARGEST) {
            return List.of(plain);
        }
        byte[] packed = malformed(error, base64(gzip(raw)), "gzip+base64");
        if (packed.length <= LARGEST) {
            return List.of(packed);
        }
        int count = (raw.length + PART - 1) / PART;
        List<byte[]> parts = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            byte[] part = Arrays.copyOfRange(raw, i * PART, Math.min(raw.length, (i + 1) * PART));
            parts.add(malformed(error + "; part " + (i + 1) + " of " + count, base64(part), "base64"));
        }
        return parts;
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static byte[] malformed(String error, String raw, String encoding) {
        return write(json -> {
            json.writeStringField("error", error);
            json.writeStringField("raw", raw);
            if (encoding != null) {
                json.writeStringField("encoding", encoding);
            }
        });
    }

    private static String text(byte[] raw) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    private static byte[] gzip(byte[] raw) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(raw);
        } catch (IOException e) {
            throw new UncheckedIOException("bytes could not be compressed in memory", e);
        }
        return bytes.toByteArray();
    }

    private interface Fields {
        void write(JsonGenerator json) throws IOException;
    }

    private static byte[] write(Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            fields.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("JSON could not be written to memory", e);
        }
        return bytes.toByteArray();
    }

    /** As JavaScript writes it: UTC, three digits of milliseconds. */
    private static String iso(long millis) {
        String text = Instant.ofEpochMilli(millis).toString();
        return millis % 1000 == 0 ? text.substring(0, text.length() - 1) + ".000Z" : text;
    }

    /** Whole numbers without a fraction, as JavaScript writes them. */
    private static void number(JsonGenerator json, String name, double value) throws IOException {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            json.writeNumberField(name, (long) value);
        } else {
            json.writeNumberField(name, value);
        }
    }
}
