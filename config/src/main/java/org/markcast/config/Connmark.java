// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

/**
 * The {@code connmark} section: how connections find back to the transport-mode SA that they came from.
 *
 * @param enabled whether the conntrack mark of a connection remembers its SA
 * @param tcpMss the largest TCP segment that clients are to be sent, in bytes; 0: what TCP finds out by itself
 * @param l2tp whether clients that all use UDP port 1701 are told apart too
 * @param l2tpPorts the ports at which the L2TP daemon sees the clients, a port for each client behind one NAT
 * @param l2tpZones the conntrack zones that clients are given, one each
 */
public record Connmark(boolean enabled, int tcpMss, boolean l2tp, NumberRange l2tpPorts, NumberRange l2tpZones) {

    /** What every host must be able to take (RFC 9293, section 3.7.1). */
    static final int MIN_TCP_MSS = 536;

    static final int MAX_TCP_MSS = 65_495;

    static final int MAX_PORT = 0xffff;

    /** Zone 0 is that of everybody else; a zone has 16 bits (struct nf_conntrack_zone). */
    static final int MAX_ZONE = 0xffff;
}
