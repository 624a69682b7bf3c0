package io.windops.reading;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;

/** Reads the JSON of a reading. */
public final class ReadingParser {
    private static final JsonFactory JSON = new JsonFactory();

    /** As {@code src/local/services/kinesisanalytics/engines/embedded/reading.ts}: seconds may be left out, the zone may not. */
    private static final DateTimeFormatter ISO = new DateTimeFormatterBuilder()
            .parseCaseInsensitive()
            .append(DateTimeFormatter.ISO_LOCAL_DATE_TIME)
            .appendPattern("[XXX][XX][X]")
            .toFormatter(Locale.ROOT);

    private static final long LATEST_MS = 8_640_000_000_000_000L;

    /** A scored reading is a little larger than the reading, and must still fit into a record. */
    static final int LARGEST = 1_000_000;

    private ReadingParser() {}

    /**
     * The reading in these bytes. The minimal record {@code {"location","speed"}} will do: the turbine is then the
     * location and the time that of arrival.
     *
     * @param arrivalTime milliseconds since 1970
     */
    public static Reading parse(byte[] bytes, long arrivalTime) throws MalformedReadingException {
        if (bytes.length > LARGEST) {
            throw new MalformedReadingException("larger than " + LARGEST + " bytes");
        }
        Reading reading = new Reading();
        reading.speed = Double.NaN;
        reading.time = arrivalTime;
        try (JsonParser json = JSON.createParser(bytes)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new MalformedReadingException("not a JSON object");
            }
            while (json.nextToken() != JsonToken.END_OBJECT) {
                field(reading, json);
            }
            if (json.nextToken() != null) {
                throw new MalformedReadingException("more than one JSON value");
            }
        } catch (JsonProcessingException e) {
            throw new MalformedReadingException("not JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new MalformedReadingException("not text: " + e.getMessage());
        }
        if (!Double.isFinite(reading.speed)) {
            throw new MalformedReadingException("no finite speed");
        }
        if (reading.turbineId == null) {
            if (reading.location == null) {
                throw new MalformedReadingException("neither turbineId nor location");
            }
            reading.turbineId = reading.location;
        }
        return reading;
    }

    private static void field(Reading reading, JsonParser json) throws IOException, MalformedReadingException {
        String name = json.currentName();
        JsonToken token = json.nextToken();
        switch (name) {
            case "turbineId" -> reading.turbineId = text(json, token, name);
            case "location" -> reading.location = text(json, token, name);
            case "timestamp" -> reading.time = time(json, token, reading.time);
            case "speed" -> reading.speed = token.isNumeric() ? json.getDoubleValue() : Double.NaN;
            default -> {
                if (token.isNumeric() && Double.isFinite(json.getDoubleValue())) {
                    reading.more.put(name, json.getDoubleValue());
                } else {
                    json.skipChildren();
                }
            }
        }
    }

    private static String text(JsonParser json, JsonToken token, String name)
            throws IOException, MalformedReadingException {
        if (token == JsonToken.VALUE_NULL) {
            return null;
        }
        if (token != JsonToken.VALUE_STRING) {
            throw new MalformedReadingException(name + " is not a text");
        }
        String text = json.getText();
        return text.isBlank() ? null : text;
    }

    private static long time(JsonParser json, JsonToken token, long arrivalTime)
            throws IOException, MalformedReadingException {
        try {
            return switch (token) {
                case VALUE_NULL -> arrivalTime;
                case VALUE_NUMBER_INT -> checked(json.getLongValue());
                case VALUE_STRING -> checked(
                        OffsetDateTime.parse(json.getText(), ISO).toInstant().toEpochMilli());
                default -> throw new MalformedReadingException("timestamp is not an ISO 8601 time");
            };
        } catch (DateTimeException | ArithmeticException e) {
            throw new MalformedReadingException("timestamp is not an ISO 8601 time");
        }
    }

    /** JavaScript's times, which the other implementation takes, end here. */
    private static long checked(long millis) {
        if (Math.abs(millis) > LATEST_MS) {
            throw new DateTimeException("beyond the year 275760");
        }
        return millis;
    }
}
