// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Set;
import org.markcast.config.TrafficSelector;

/**
 * What a remote selector lets us mark without marking packets that its policy does not match: those would leave in clear with a
 * mark that is not theirs.
 */
enum Reach {
    /** Every packet to a prefix. */
    SUBNET,
    /** Every packet to one address. */
    ADDRESS,
    /** One protocol to one address. */
    PROTOCOL,
    /** One port of one protocol of one address. */
    PORT,
    /**
     * Nothing: a protocol or ports limit a whole prefix, or the limit is a range of ports, ports of any protocol, or an ICMP
     * type. No map that stays cheap at thousands of SAs can hold those, so such traffic gets no mark.
     */
    NONE;

    /** Protocols whose header starts with source and destination port: TCP, UDP, DCCP, SCTP, UDP-Lite. */
    private static final Set<Integer> WITH_PORTS = Set.of(6, 17, 33, 132, 136);

    static Reach of(TrafficSelector selector) {
        final boolean isAddress = selector.prefix().length() == Integer.SIZE;
        if (selector.protocol() == 0 && selector.isAnyPort()) {
            return isAddress ? ADDRESS : SUBNET;
        }
        if (!isAddress) {
            return NONE;
        }
        if (selector.isAnyPort()) {
            return PROTOCOL;
        }
        final boolean isOnePort = selector.firstPort() == selector.lastPort();
        return isOnePort && WITH_PORTS.contains(selector.protocol()) ? PORT : NONE;
    }
}
