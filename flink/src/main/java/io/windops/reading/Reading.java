package io.windops.reading;

import java.util.LinkedHashMap;
import java.util.Map;

/** One measurement of one turbine. A POJO to Flink: public fields, no-argument constructor. */
public final class Reading {
    public String turbineId;
    /** Where the turbine stands; null where the record doesn't say. */
    public String location;
    /** Milliseconds since 1970. */
    public long time;
    /** Wind speed in m/s. */
    public double speed;
    /** Further numeric fields, as they came. */
    public Map<String, Double> more = new LinkedHashMap<>();

    public Reading() {}

    public Reading(String turbineId, String location, long time, double speed) {
        this.turbineId = turbineId;
        this.location = location;
        this.time = time;
        this.speed = speed;
    }

    /** A numeric field by its name, NaN where there is none. */
    public double value(String name) {
        return name.equals("speed") ? speed : more.getOrDefault(name, Double.NaN);
    }
}
