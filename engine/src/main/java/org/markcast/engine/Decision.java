// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import org.markcast.engine.counter.Counter;
import org.markcast.engine.packet.Ipv4Flyweight;

/** What is to be done with one packet. Reusable; filled by a {@link ForwardingRule}, valid until it decides again. */
public final class Decision {

    /** Origin of a packet that was captured on a LAN interface. */
    public static final int ORIGIN_LAN = -1;
    /** Origin of a packet that was dropped before its origin was known, or that has none. */
    public static final int ORIGIN_UNKNOWN = -2;

    private final Ipv4Flyweight ip = new Ipv4Flyweight();
    private Counter outcome;
    private int origin;
    private boolean isToLan;
    private int[] targets;
    private int firstTarget;
    private int targetCount;

    void clear() {
        outcome = null;
        origin = ORIGIN_UNKNOWN;
        isToLan = false;
        targetCount = 0;
    }

    void outcome(Counter outcome) {
        this.outcome = outcome;
    }

    void origin(int origin) {
        this.origin = origin;
    }

    void toLan() {
        isToLan = true;
    }

    void targets(int[] targets, int first, int count) {
        this.targets = targets;
        firstTarget = first;
        targetCount = count;
    }

    /** The packet; not moved to it if that was malformed. */
    public Ipv4Flyweight ip() {
        return ip;
    }

    /** FORWARDED or the DROPPED that says why not: the same for every forwarder, whatever its share of the targets is. */
    public Counter outcome() {
        return outcome;
    }

    public boolean isForwarded() {
        return outcome == Counter.FORWARDED;
    }

    /** Index of the SA it came from, or {@link #ORIGIN_LAN} or {@link #ORIGIN_UNKNOWN}. */
    public int origin() {
        return origin;
    }

    public boolean isFromSa() {
        return origin >= 0;
    }

    /** Whether it goes to every LAN interface. */
    public boolean isToLan() {
        return isToLan;
    }

    /** Number of SAs it goes to, among those that belong to the rule's forwarder. */
    public int targetCount() {
        return targetCount;
    }

    /** Index of an SA it goes to. */
    public int target(int position) {
        return targets[firstTarget + position];
    }
}
