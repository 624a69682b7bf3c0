package io.windops.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** The random numbers of {@code src/detect/forest/random.ts}, bit for bit: sfc32, and a logarithm of IEEE operations only. */
final class SeededRandom {
    private int a;
    private int b;
    private int c;
    private int counter;

    SeededRandom(long seed) {
        a = (int) seed;
        b = (int) (seed >>> 32);
        c = 0x9e3779b9;
        counter = 1;
        for (int i = 0; i < 16; i++) {
            word();
        }
    }

    private SeededRandom() {}

    private int word() {
        int t = a + b + counter;
        counter++;
        a = b ^ (b >>> 9);
        b = c + (c << 3);
        c = Integer.rotateLeft(c, 21) + t;
        return t;
    }

    /** Uniform in the open interval (0, 1), 32 bits fine. */
    double uniform() {
        return (Integer.toUnsignedLong(word()) + 0.5) * 0x1p-32;
    }

    /** Exponential with mean 1. */
    double exponential() {
        return -log(uniform());
    }

    /** Natural logarithm of a positive normal number; Math.log may differ in the last bit between machines. */
    static double log(double x) {
        long bits = Double.doubleToRawLongBits(x);
        int exponent = (int) (bits >>> 52) - 1023;
        double m = Double.longBitsToDouble((bits & 0x000fffffffffffffL) | 0x3ff0000000000000L);
        if (m > 1.4142135623730951) {
            m *= 0.5;
            exponent++;
        }
        double s = (m - 1) / (m + 1);
        double z = s * s;
        double series = 1.0 / 19;
        for (int k = 17; k >= 1; k -= 2) {
            series = series * z + 1.0 / k;
        }
        return exponent * 0.6931471805599453 + 2 * s * series;
    }

    /** e to the power of x, for 0 ≤ x ≤ 1. */
    static double exp(double x) {
        double sum = 1;
        for (int k = 24; k >= 1; k--) {
            sum = 1 + sum * x / k;
        }
        return sum;
    }

    void write(DataOutput out) throws IOException {
        out.writeInt(a);
        out.writeInt(b);
        out.writeInt(c);
        out.writeInt(counter);
    }

    static SeededRandom read(DataInput in) throws IOException {
        SeededRandom random = new SeededRandom();
        random.a = in.readInt();
        random.b = in.readInt();
        random.c = in.readInt();
        random.counter = in.readInt();
        return random;
    }
}
