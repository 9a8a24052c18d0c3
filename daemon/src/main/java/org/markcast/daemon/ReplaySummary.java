// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.markcast.engine.counter.Counter;

/** Counts the {@link Verdict}s of a replay. */
final class ReplaySummary {

    private static final Map<String, String> LABELS = new LinkedHashMap<>();

    static {
        for (final Counter counter : Counter.values()) {
            LABELS.put(Verdict.nameOf(counter), counter.label());
        }
        LABELS.put(Verdict.NOT_IPV4, "not IPv4");
        LABELS.put(Verdict.OUTGOING, "outgoing");
    }

    private final int lanCount;
    private final Map<String, Long> dropped = new TreeMap<>();
    private final Map<String, Long> ignored = new TreeMap<>();
    private long packets;
    private long forwarded;
    private long copiesToSas;
    private long copiesToLan;

    /** @param lanCount LAN interfaces, each of which gets a copy of what goes to the LAN */
    ReplaySummary(int lanCount) {
        this.lanCount = lanCount;
    }

    void add(Verdict verdict) {
        packets++;
        copiesToSas += verdict.copies().size();
        copiesToLan += verdict.toLan() ? lanCount : 0;
        if (verdict.isForwarded()) {
            forwarded++;
        } else {
            (verdict.isIgnored() ? ignored : dropped).merge(verdict.outcome(), 1L, Long::sum);
        }
    }

    String text() {
        return String.format(
                Locale.ROOT,
                "%d %s: %d forwarded (%d %s to SAs, %d to LAN), %s, %s",
                packets,
                packets == 1 ? "packet" : "packets",
                forwarded,
                copiesToSas,
                copiesToSas == 1 ? "copy" : "copies",
                copiesToLan,
                text("dropped", dropped),
                text("ignored", ignored));
    }

    private static String text(String what, Map<String, Long> counts) {
        final long sum = counts.values().stream().mapToLong(Long::longValue).sum();
        final String byReason = counts.entrySet().stream()
                .map(count -> count.getValue() + " " + LABELS.get(count.getKey()))
                .collect(Collectors.joining(", "));
        return sum + " " + what + (byReason.isEmpty() ? "" : " (" + byReason + ")");
    }
}
