// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import java.util.Locale;
import java.util.Map;

/**
 * What a link-layer header says.
 *
 * @param length bytes before the network header
 * @param etherType what follows (IANA, IEEE 802 Numbers); in Ethernet below 0x600 a length instead
 * @param isBroadcast whether the link-layer destination is everybody
 * @param isOutgoing whether the capturing machine sent it
 * @param interfaceIndex interface on the capturing machine, 0 if unknown
 * @param sourceMac hardware address in the low 48 bits, 0 if there is none
 */
record LinkHeader(
        int length, int etherType, boolean isBroadcast, boolean isOutgoing, int interfaceIndex, long sourceMac) {

    static final int IPV4 = 0x0800;
    static final int IPV6 = 0x86dd;
    /** Stands for whatever is neither, where the link layer has no EtherTypes. */
    static final int OTHER = -1;

    private static final int FIRST_ETHERTYPE = 0x0600;

    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(OTHER, "neither IPv4 nor IPv6"),
            Map.entry(IPV6, "IPv6"),
            Map.entry(0x0806, "ARP"),
            Map.entry(0x0842, "Wake-on-LAN"),
            Map.entry(0x8035, "RARP"),
            Map.entry(0x8847, "MPLS"),
            Map.entry(0x8863, "PPPoE discovery"),
            Map.entry(0x8864, "PPPoE session"),
            Map.entry(0x888e, "EAPOL"),
            Map.entry(0x88cc, "LLDP"),
            Map.entry(0x88e5, "MACsec"),
            Map.entry(0x88f7, "PTP"),
            Map.entry(0x9000, "loopback test"));

    /** A header without addresses. */
    static LinkHeader bare(int length, int etherType) {
        return new LinkHeader(length, etherType, false, false, 0, 0);
    }

    boolean isIpv4() {
        return etherType == IPV4;
    }

    /** Name of what follows. */
    String content() {
        if (0 <= etherType && etherType < FIRST_ETHERTYPE) {
            return "IEEE 802.2 LLC";
        }
        return NAMES.getOrDefault(etherType, String.format(Locale.ROOT, "EtherType 0x%04x", etherType));
    }
}
