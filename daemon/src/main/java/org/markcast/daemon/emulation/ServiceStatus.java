// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.Counter.Kind;

/**
 * What the service answers to {@code status json}: {@code state}, {@code reloads}, and below {@code counters} one number for
 * each {@link Counter} under its name in lower case, all forwarders summed up.
 */
public record ServiceStatus(JsonObject json) {

    public String state() {
        return member(json, "state").getAsString();
    }

    /** How often the configuration was read again with success. */
    public long reloads() {
        return member(json, "reloads").getAsLong();
    }

    public long counter(Counter counter) {
        return member(member(json, "counters").getAsJsonObject(), counter.name().toLowerCase(Locale.ROOT))
                .getAsLong();
    }

    /** Whether each packet and each copy is accounted for: captured = forwarded + dropped, queued = sent + failed. */
    public boolean isBalanced() {
        return sum(Kind.INTAKE) == sum(Kind.OUTCOME) && sum(Kind.COPY_INTAKE) == sum(Kind.COPY_OUTCOME);
    }

    public long sum(Kind kind) {
        long sum = 0;
        for (final Counter counter : Counter.values()) {
            sum += counter.kind() == kind ? counter(counter) : 0;
        }
        return sum;
    }

    /** All counters that are not 0, for messages. */
    public Map<Counter, Long> counters() {
        final Map<Counter, Long> counters = new EnumMap<>(Counter.class);
        for (final Counter counter : Counter.values()) {
            if (counter(counter) != 0) {
                counters.put(counter, counter(counter));
            }
        }
        return counters;
    }

    private static JsonElement member(JsonObject object, String key) {
        final JsonElement member = object.get(key);
        if (member == null) {
            throw new IllegalStateException("the service's status has no " + key + ": " + object);
        }
        return member;
    }
}
