// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

/**
 * The {@code connmark} section: how connections find back to the transport-mode SA that they came from.
 *
 * @param enabled whether the conntrack mark of a connection remembers its SA
 * @param l2tp whether clients that all use UDP port 1701 are told apart too
 * @param l2tpPorts the ports at which the L2TP daemon sees the clients, a port for each client behind one NAT
 * @param l2tpZones the conntrack zones that clients are given, one each
 */
public record Connmark(boolean enabled, boolean l2tp, NumberRange l2tpPorts, NumberRange l2tpZones) {

    static final int MAX_PORT = 0xffff;

    /** Zone 0 is that of everybody else; a zone has 16 bits (struct nf_conntrack_zone). */
    static final int MAX_ZONE = 0xffff;
}
