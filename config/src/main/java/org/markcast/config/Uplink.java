// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.net.Inet4Address;
import java.util.Optional;

/**
 * One way to the outside, a section below {@code uplinks { }}.
 *
 * @param name of the section
 * @param interfaceName of the interface, which may come and go
 * @param mark its value below {@link Uplinks#mask()}; empty: allocated
 * @param table the routing table of its own; empty: allocated
 * @param gateway the next hop; empty: that of the default route through the interface, and none on a point-to-point link
 * @param masquerade whether what leaves by it gets its address as source
 */
public record Uplink(
        String name,
        String interfaceName,
        Optional<Integer> mark,
        Optional<Integer> table,
        Optional<Inet4Address> gateway,
        boolean masquerade) {}
