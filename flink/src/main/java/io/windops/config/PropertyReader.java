package io.windops.config;

import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import java.util.function.DoublePredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Typed reading of a property group; every failure names the property. */
public final class PropertyReader {
    private static final Pattern DURATION = Pattern.compile("(\\d+)(ms|s|m|h|d)");

    private final Properties properties;

    public PropertyReader(Properties properties) {
        this.properties = properties;
    }

    /** The first of these names that is set. */
    public String required(String... names) {
        for (String name : names) {
            String value = text(name, "");
            if (!value.isEmpty()) {
                return value;
            }
        }
        throw new JobConfigurationException(
                "the property \"" + names[0] + "\" is missing from the group \"" + JobProperties.GROUP + "\"",
                "set it in the application's environment properties (`windops configure-flink` does)");
    }

    public String text(String name, String fallback) {
        String value = properties.getProperty(name, "").trim();
        return value.isEmpty() ? fallback : value;
    }

    public int integer(String name, int fallback, int least, int most) {
        return (int) number(name, fallback, v -> v == Math.rint(v) && v >= least && v <= most,
                "a whole number from " + least + " to " + most);
    }

    public long whole(String name, long fallback) {
        String value = text(name, Long.toString(fallback));
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw wrong(name, value, "a whole number");
        }
    }

    public double number(String name, double fallback, DoublePredicate valid, String expected) {
        String value = text(name, "");
        if (value.isEmpty()) {
            return fallback;
        }
        try {
            double parsed = Double.parseDouble(value);
            if (valid.test(parsed)) {
                return parsed;
            }
        } catch (NumberFormatException e) {
            // Said below, as for any other wrong value.
        }
        throw wrong(name, value, expected);
    }

    /** A number and one of ms, s, m, h, d: {@code 90s}, {@code 7d}. */
    public Duration duration(String name, Duration fallback) {
        String value = text(name, "");
        if (value.isEmpty()) {
            return fallback;
        }
        Matcher match = DURATION.matcher(value.toLowerCase(Locale.ROOT));
        if (!match.matches()) {
            throw wrong(name, value, "a duration such as 500ms, 30s, 15m, 24h or 7d");
        }
        long count = Long.parseLong(match.group(1));
        return switch (match.group(2)) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> Duration.ofDays(count);
        };
    }

    /** A wrong value of a property, said so that it can be put right. */
    public static JobConfigurationException wrong(String name, String value, String expected) {
        return new JobConfigurationException(
                "the property \"" + name + "\" is \"" + value + "\"", "expected " + expected);
    }
}
