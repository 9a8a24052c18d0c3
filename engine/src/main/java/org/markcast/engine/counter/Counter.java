// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.counter;

/**
 * Everything a forwarder counts. At every quiet moment INTAKE equals the sum of the OUTCOMEs, and COPY_INTAKE the sum of the
 * COPY_OUTCOMEs; EVENTs are free.
 */
public enum Counter {
    /** Packets that the sources handed over. */
    CAPTURED(Kind.INTAKE, "packets captured"),
    /** Packets of which at least one copy was queued, by any forwarder. */
    FORWARDED(Kind.OUTCOME, "packets forwarded"),
    /** Not IPv4, inconsistent lengths, or a source that is no unicast address. */
    DROPPED_MALFORMED(Kind.OUTCOME, "malformed"),
    /** Cut off by the capture. */
    DROPPED_TRUNCATED(Kind.OUTCOME, "truncated"),
    /** Neither multicast nor a broadcast address of a LAN interface now. */
    DROPPED_UNICAST(Kind.OUTCOME, "neither multicast nor broadcast"),
    /** DHCP or BOOTP: its answers belong to the network that asked. */
    DROPPED_DHCP(Kind.OUTCOME, "DHCP"),
    /** A multicast group outside {@code groups}, with {@code strict_groups}. */
    DROPPED_GROUP(Kind.OUTCOME, "group not configured"),
    /** Not from a LAN interface, and no SA has the mark that it carries (or, without marks, may use its source). */
    DROPPED_UNKNOWN_MARK(Kind.OUTCOME, "mark of no SA"),
    /** From a tunnel, with a source outside the remote selectors of its SA. */
    DROPPED_SPOOFED(Kind.OUTCOME, "spoofed source"),
    /** Our own frame came back from the LAN. */
    DROPPED_LOOP(Kind.OUTCOME, "loop"),
    /** The same packet arrived on another LAN interface just before. */
    DROPPED_DUPLICATE(Kind.OUTCOME, "duplicate"),
    /** Nobody but the origin could be sent it. */
    DROPPED_NO_TARGET(Kind.OUTCOME, "no tunnel matches"),
    /** An exception; the error handler was given it. */
    DROPPED_FAILED(Kind.OUTCOME, "internal error"),

    COPIES_QUEUED(Kind.COPY_INTAKE, "copies queued"),
    COPIES_SENT(Kind.COPY_OUTCOME, "copies sent"),
    /** Larger than the egress MTU, and the Don't Fragment flag is set. */
    COPIES_TOO_BIG(Kind.COPY_OUTCOME, "larger than the MTU with DF"),
    /** EAGAIN, ENOBUFS: a socket buffer or a device queue is full. */
    COPIES_NO_BUFFER(Kind.COPY_OUTCOME, "no buffer space"),
    /** EPERM: a firewall rule, the leak guard, or a blocking policy. */
    COPIES_REFUSED(Kind.COPY_OUTCOME, "refused by a rule or policy"),
    /** ENETUNREACH, EHOSTUNREACH, ENETDOWN, ENODEV, ENXIO: no way out. */
    COPIES_UNREACHABLE(Kind.COPY_OUTCOME, "no route or interface down"),
    COPIES_FAILED(Kind.COPY_OUTCOME, "other send errors"),

    /** Copies that left as fragments. */
    FRAGMENTED(Kind.EVENT, "copies fragmented"),
    CHECKSUMS_COMPLETED(Kind.EVENT, "checksums completed"),
    FLOW_CACHE_MISSES(Kind.EVENT, "flow cache misses");

    /** What a counter is in the balance. */
    public enum Kind {
        INTAKE,
        OUTCOME,
        COPY_INTAKE,
        COPY_OUTCOME,
        EVENT
    }

    private final Kind kind;
    private final String label;

    Counter(Kind kind, String label) {
        this.kind = kind;
        this.label = label;
    }

    public Kind kind() {
        return kind;
    }

    /** What {@code status} prints. */
    public String label() {
        return label;
    }
}
