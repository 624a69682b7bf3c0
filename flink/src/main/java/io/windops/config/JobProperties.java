package io.windops.config;

import com.amazonaws.services.kinesisanalytics.runtime.KinesisAnalyticsRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;

/** Finds the application's property group, on AWS and elsewhere. */
public final class JobProperties {
    /** The property group that windops configures. */
    public static final String GROUP = "project";

    /** System property that names the properties file where no Managed Flink provides one. */
    public static final String FILE_PROPERTY = "windops.application.properties";

    private JobProperties() {}

    /**
     * The group {@value #GROUP}, from Managed Flink's own file; where that isn't, from the file that the system property
     * {@value #FILE_PROPERTY} names (same format: a JSON array of {@code {"PropertyGroupId","PropertyMap"}}).
     *
     * @throws JobConfigurationException if there is no such group
     */
    public static Properties load() {
        Map<String, Properties> groups = read();
        Properties group = groups.get(GROUP);
        if (group == null) {
            throw new JobConfigurationException(
                    "the application has no property group \"" + GROUP + "\" (it has: "
                            + (groups.isEmpty() ? "none" : String.join(", ", groups.keySet())) + ")",
                    "add it, or run `windops configure-flink`; outside of Managed Flink name a file with -D"
                            + FILE_PROPERTY + "=<application_properties.json>");
        }
        return group;
    }

    private static Map<String, Properties> read() {
        try {
            Map<String, Properties> groups = KinesisAnalyticsRuntime.getApplicationProperties();
            String file = System.getProperty(FILE_PROPERTY);
            if (!groups.isEmpty() || file == null) {
                return groups;
            }
            if (!Files.isReadable(Path.of(file))) {
                throw new JobConfigurationException(
                        "cannot read the properties file " + file, "check the system property " + FILE_PROPERTY);
            }
            return KinesisAnalyticsRuntime.getApplicationProperties(file);
        } catch (IOException e) {
            throw new JobConfigurationException(
                    "the application's properties cannot be read: " + e.getMessage(),
                    "they are a JSON array of {\"PropertyGroupId\",\"PropertyMap\"}");
        }
    }
}
