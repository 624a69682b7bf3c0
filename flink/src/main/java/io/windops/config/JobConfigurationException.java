package io.windops.config;

/** A setting of the job is missing or wrong: says what, and how to put it right. */
public final class JobConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public JobConfigurationException(String message, String hint) {
        super(message + ": " + hint);
    }
}
