package io.windops.reading;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.windops.detect.Scored;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReadingParserTest {
    private static final long ARRIVAL = 1_795_428_000_000L;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String scored(String json) throws MalformedReadingException {
        Reading reading = ReadingParser.parse(bytes(json), ARRIVAL);
        return new String(OutputJson.scored(reading, new Scored(1.5, 0.75, 1)), StandardCharsets.UTF_8);
    }

    @Test
    void passesOnEveryNumericField() throws Exception {
        assertEquals(
                "{\"turbineId\":\"oak-ridge-07\",\"location\":\"Oak Ridge\",\"speed\":12.4,"
                        + "\"timestamp\":\"2026-11-23T10:00:00.000Z\",\"power\":2100,\"pitch\":-1.25,"
                        + "\"rcfScore\":0.75,\"score\":1.5}",
                scored("{\"turbineId\":\"oak-ridge-07\",\"location\":\"Oak Ridge\",\"speed\":12.4,\"power\":2100,"
                        + "\"note\":\"calm\",\"nested\":{\"speed\":99},\"pitch\":-1.25,"
                        + "\"timestamp\":\"2026-11-23T11:00:00+01:00\"}"));
    }

    @Test
    void takesTheMinimalRecordOfOlderProducers() throws Exception {
        assertEquals(
                "{\"turbineId\":\"Oak Ridge\",\"location\":\"Oak Ridge\",\"speed\":12,"
                        + "\"timestamp\":\"2026-11-23T10:00:00.000Z\",\"rcfScore\":0.75,\"score\":1.5}",
                scored("{\"location\":\"Oak Ridge\",\"speed\":12}"));
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-23T10:00:00.5Z, 2026-11-23T10:00:00.500Z",
        "2026-11-23t10:00z, 2026-11-23T10:00:00.000Z",
        "2026-11-23T11:00:00+01:00, 2026-11-23T10:00:00.000Z",
        "2026-11-23T11:00:00.123456+0100, 2026-11-23T10:00:00.123Z",
        "2026-11-23T11:00:00+01, 2026-11-23T10:00:00.000Z",
    })
    void takesIsoTimes(String given, String utc) throws Exception {
        byte[] json = bytes("{\"turbineId\":\"a\",\"speed\":1,\"timestamp\":\"" + given + "\"}");
        assertEquals(Instant.parse(utc).toEpochMilli(), ReadingParser.parse(json, ARRIVAL).time);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "^^                                                | not a JSON object",
                "[1]                                               | not a JSON object",
                "{\"location\":\"a\",\"speed\":1                   | not JSON",
                "{\"location\":\"a\",\"speed\":1} {}               | more than one JSON value",
                "{\"location\":\"a\"}                              | no finite speed",
                "{\"location\":\"a\",\"speed\":\"12\"}             | no finite speed",
                "{\"location\":\"a\",\"speed\":null}               | no finite speed",
                "{\"location\":\"a\",\"speed\":1e999}              | no finite speed",
                "{\"location\":\"a\",\"speed\":NaN}                | not JSON",
                "{\"speed\":1}                                     | neither turbineId nor location",
                "{\"turbineId\":7,\"speed\":1}                     | turbineId is not a text",
                "{\"turbineId\":\"a\",\"speed\":1,\"timestamp\":\"yesterday\"} | timestamp",
                "{\"turbineId\":\"a\",\"speed\":1,\"timestamp\":\"+999999999-01-01T00:00:00Z\"} | timestamp",
            })
    void saysWhatIsWrong(String json, String why) {
        MalformedReadingException error =
                assertThrows(MalformedReadingException.class, () -> ReadingParser.parse(bytes(json), ARRIVAL));
        assertTrue(error.getMessage().contains(why), error.getMessage());
    }

    @Test
    void keepsWhatCouldNotBeReadWhole() {
        assertEquals(
                "{\"error\":\"not JSON\",\"raw\":\"{\\\"speed\\\":\\u0000\"}",
                only(OutputJson.malformed("not JSON", bytes("{\"speed\":\0"))));
        assertEquals(
                "{\"error\":\"not JSON\",\"raw\":\"/w==\",\"encoding\":\"base64\"}",
                only(OutputJson.malformed("not JSON", new byte[] {(byte) 0xff})));
    }

    private static String only(List<byte[]> records) {
        assertEquals(1, records.size());
        return new String(records.get(0), StandardCharsets.UTF_8);
    }

    @Test
    void fitsAnyRecordIntoARecord() {
        byte[] zeros = new byte[1 << 20];
        assertTrue(only(OutputJson.malformed("not JSON", zeros)).contains("\"encoding\":\"gzip+base64\""));
        byte[] noise = new byte[1 << 20];
        new Random(1).nextBytes(noise);
        List<byte[]> parts = OutputJson.malformed("not JSON", noise);
        assertEquals(2, parts.size());
        parts.forEach(part -> assertTrue(part.length < 1 << 20));
        assertThrows(MalformedReadingException.class, () -> ReadingParser.parse(zeros, ARRIVAL));
    }

    @Test
    void neverThrowsAnythingElse() {
        Random random = new Random(7);
        byte[] good = bytes("{\"turbineId\":\"a\",\"speed\":1.5,\"timestamp\":\"2026-11-23T10:00:00.000Z\",\"x\":[1,{}]}");
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = good.clone();
            for (int flips = random.nextInt(4); flips >= 0; flips--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            try {
                assertTrue(Double.isFinite(ReadingParser.parse(bad, ARRIVAL).speed));
            } catch (MalformedReadingException e) {
                assertTrue(only(OutputJson.malformed(e.getMessage(), bad)).length() > bad.length);
            }
        }
    }
}
