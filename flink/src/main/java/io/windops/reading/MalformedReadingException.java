package io.windops.reading;

/** A record isn't a reading; the message says why. */
public final class MalformedReadingException extends Exception {
    private static final long serialVersionUID = 1L;

    public MalformedReadingException(String message) {
        // Thrown for data, perhaps for every record of a bad producer: the stack says nothing and costs much.
        super(message, null, false, false);
    }
}
