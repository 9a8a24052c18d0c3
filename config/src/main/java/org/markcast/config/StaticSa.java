// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * An SA that no IKE daemon reports: one section below {@code static { }}.
 *
 * @param name the section's name
 * @param child the CHILD_SA configuration name that {@code reinject} refers to; the section's name unless configured
 * @param localHost outer address of the gateway, for the rules only
 * @param remoteHost outer address of the peer, for the rules only
 * @param spiIn SPI of the inbound ESP packets, for the rules only
 * @param encap whether ESP is encapsulated in UDP (RFC 3948), for the rules only
 * @param remotePort UDP port that encapsulated ESP comes from, which a NAT may have chosen; for the rules only
 */
public record StaticSa(
        String name,
        String child,
        Mode mode,
        Mark markIn,
        Mark markOut,
        List<TrafficSelector> localTs,
        List<TrafficSelector> remoteTs,
        Optional<InetAddress> localHost,
        Optional<InetAddress> remoteHost,
        OptionalInt spiIn,
        boolean encap,
        int remotePort) {

    private static final Pattern SECTION_NAME = Pattern.compile("[^,{}=\"#\\x00-\\x20]+");

    public StaticSa {
        localTs = List.copyOf(localTs);
        remoteTs = List.copyOf(remoteTs);
        if (!SECTION_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name + "' cannot be the name of a section");
        }
        if (markIn.value() == 0 || markOut.value() == 0) {
            throw new IllegalArgumentException("SA " + name + " has mark 0, which every unmarked packet has");
        }
        if (localTs.isEmpty() || remoteTs.isEmpty()) {
            throw new IllegalArgumentException("SA " + name + " has no traffic selectors on one side");
        }
    }

    /** IPsec mode (RFC 4301, section 4.1). */
    public enum Mode {
        TUNNEL,
        TRANSPORT
    }
}
