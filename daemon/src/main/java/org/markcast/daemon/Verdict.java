// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializer;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.markcast.engine.counter.Counter;

/**
 * What the service would do with one packet of a capture, as {@code replay --json} prints it: field names become snake_case, a
 * value that there is none of is left out.
 *
 * @param number of the frame in the capture, from 1
 * @param time when it was captured
 * @param length bytes of the IP packet; of what follows the link-layer header if that is no IPv4 packet
 * @param protocol IP protocol number
 * @param fragment whether it is one of several fragments, the first one included
 * @param sourcePort where a header with ports was captured
 * @param origin {@code LAN name} or {@code SA name}, if it matters
 * @param outcome name of the counter that the service would count it by, in lower case; {@link #NOT_IPV4} or {@link #OUTGOING}
 *     for what it would never see
 * @param reason the outcome in words
 * @param toLan whether every LAN interface gets a copy
 * @param copies what the tunnels get
 */
record Verdict(
        long number,
        Instant time,
        long length,
        String source,
        String destination,
        Integer protocol,
        boolean fragment,
        Integer sourcePort,
        Integer destinationPort,
        String origin,
        String outcome,
        String reason,
        boolean toLan,
        List<Copy> copies) {

    static final String NOT_IPV4 = "not_ipv4";
    static final String OUTGOING = "outgoing";

    private static final String FORWARDED = nameOf(Counter.FORWARDED);

    private static final Gson GSON = new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .registerTypeAdapter(Instant.class, (JsonSerializer<Instant>)
                    (time, type, context) -> new JsonPrimitive(time.toString()))
            .disableHtmlEscaping()
            .create();

    /** A copy to a tunnel, with its SA's outbound mark. */
    record Copy(String sa, String markOut) {}

    static String nameOf(Counter outcome) {
        return outcome.name().toLowerCase(Locale.ROOT);
    }

    boolean isForwarded() {
        return outcome.equals(FORWARDED);
    }

    /** Whether it is nothing that the service captures. */
    boolean isIgnored() {
        return outcome.equals(NOT_IPV4) || outcome.equals(OUTGOING);
    }

    String json() {
        return GSON.toJson(this);
    }
}
