// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.net.Inet4Address;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * All that the operator can set; see {@code config/reference.conf} for every key.
 *
 * @param interfaces LAN interfaces by name; empty: the first usable broadcast interface
 * @param groups multicast groups to join on every LAN interface
 * @param reinject names of children whose clients' packets go to the other tunnels too
 * @param forward whether packets are captured and sent at all
 * @param strictGroups whether only {@code groups} are forwarded, instead of every multicast that arrives
 * @param forwarders number of forwarder threads, 1 or more ({@code auto} has become a number)
 * @param rules whether markcast manages the nftables tables
 * @param leakGuard whether copies that would leave without IPsec are dropped by a rule
 * @param sources where SAs come from
 * @param viciSocket path of charon's VICI socket
 * @param staticSas the SAs of the {@code static} section
 */
public record Config(
        List<String> interfaces,
        List<Inet4Address> groups,
        Set<String> reinject,
        boolean forward,
        boolean strictGroups,
        int forwarders,
        boolean rules,
        boolean leakGuard,
        Set<Source> sources,
        Path viciSocket,
        List<StaticSa> staticSas) {

    /** The effective configuration, itself valid input. */
    public String render() {
        return "markcast {\n    forwarders = " + forwarders + "\n}\n";
    }

    /** Where SAs come from. */
    public enum Source {
        VICI,
        STATIC
    }
}
