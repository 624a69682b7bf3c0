package io.windops.kinesis;

import java.math.BigInteger;

/** A shard's part of the hash keys, both ends included. */
public record HashRange(BigInteger from, BigInteger to) {
    public static final HashRange ALL = new HashRange(BigInteger.ZERO, BigInteger.TWO.pow(128).subtract(BigInteger.ONE));

    public static HashRange of(String from, String to) {
        return new HashRange(new BigInteger(from), new BigInteger(to));
    }

    boolean holds(BigInteger hashKey) {
        return hashKey.compareTo(from) >= 0 && hashKey.compareTo(to) <= 0;
    }
}
