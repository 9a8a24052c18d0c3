// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Locale;

/** What the firewall says of a packet that came in by the WAN; each has a counter. */
public enum FirewallVerdict {
    /** Came out of an SA. */
    DECRYPTED(true),
    IKE(true),
    /** ESP and AH, also ESP in UDP. */
    ESP(true),
    /** Belongs to a connection that has been let through, or is an ICMP error about one. */
    ESTABLISHED(true),
    /**
     * Keeps the link alive: other ICMP errors, IPv6 neighbour discovery, DHCP. And the gateway's own multicasts and broadcasts,
     * which the kernel gives back to it.
     */
    LINK(true),
    /** Redirected on purpose by somebody's rule. */
    DNAT(true),
    /** To what the configuration allows. */
    ALLOWED(true),
    /** From the networks that administer the gateway. */
    MANAGEMENT(true),
    /** Came out of an SA, without a mark that lets it in. */
    UNMARKED(false),
    /** In clear, though its connection uses IPsec, or its source is one of ours or nobody's. */
    PRETENDED(false),
    /** In clear, to the gateway itself or to everybody. */
    TO_GATEWAY(false),
    /** In clear, to somebody behind the gateway. */
    TO_LAN(false);

    private final boolean isAccepted;

    FirewallVerdict(boolean isAccepted) {
        this.isAccepted = isAccepted;
    }

    /** Whether the packet comes in whatever the mode is. */
    public boolean isAccepted() {
        return isAccepted;
    }

    /** As status and logs show it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Name of its counter: some of the words alone mean something to nft. */
    String counter() {
        return (isAccepted ? "accepted_" : "refused_") + word();
    }
}
