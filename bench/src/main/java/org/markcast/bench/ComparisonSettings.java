// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.Set;

/**
 * How much of the matrix is measured, and how long.
 *
 * @param lengths bytes of the packets of {@link Part#COPIES}, IP header included
 * @param rounds turns of half a second of every contender in a heat
 * @param sustainSeconds how long 90 % of the maximum is offered
 */
record ComparisonSettings(Set<Part> parts, int[] lengths, int rounds, long warmUpMs, int sustainSeconds) {

    /** What the other parts send: the length of an mDNS answer or an SSDP announcement. */
    static final int USUAL_LENGTH = 328;

    /** The tables. */
    enum Part {
        /** Copies a second, beside the ceiling and the plugin's way. */
        COPIES,
        /** Few of many SAs match. */
        FEW,
        /** One forwarder and two. */
        FORWARDERS,
        /** Idle, losses, latency. */
        SERVICE
    }

    static ComparisonSettings full(Set<Part> parts) {
        return new ComparisonSettings(parts, new int[] {64, USUAL_LENGTH, 1400}, 8, 3_000, 60);
    }

    /** A first look. */
    static ComparisonSettings quick(Set<Part> parts) {
        return new ComparisonSettings(parts, new int[] {USUAL_LENGTH}, 3, 1_500, 5);
    }

    boolean has(Part part) {
        return parts.contains(part);
    }
}
