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
        return switch (counter) {
            case CAPTURED -> count("packets", "captured");
            case FORWARDED -> count("packets", "forwarded");
            case COPIES_QUEUED -> count("copies", "queued");
            case COPIES_SENT -> count("copies", "sent");
            default -> countByReason(counter);
        };
    }

    private long countByReason(Counter counter) {
        final String name = counter.name().toLowerCase(Locale.ROOT);
        return switch (counter.kind()) {
            case OUTCOME -> count("packets", "dropped", name.substring("dropped_".length()));
            case COPY_OUTCOME -> count("copies", "failed", name.substring("copies_".length()));
            default -> count("events", name);
        };
    }

    private long count(String... path) {
        JsonElement element = json;
        for (final String key : path) {
            element = member(element.getAsJsonObject(), key);
        }
        return element.getAsLong();
    }

    /** What it says of a LAN interface. */
    public JsonObject lan(String name) {
        return named("interfaces", name);
    }

    /** What it says of an uplink. */
    public JsonObject uplink(String name) {
        return named("uplinks", name);
    }

    /** What it says of an SA. */
    public JsonObject sa(String name) {
        return named("sas", name);
    }

    private JsonObject named(String list, String name) {
        for (final JsonElement element : member(json, list).getAsJsonArray()) {
            if (member(element.getAsJsonObject(), "name").getAsString().equals(name)) {
                return element.getAsJsonObject();
            }
        }
        throw new IllegalStateException("no " + name + " among the " + list + " of the service's status: " + json);
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
