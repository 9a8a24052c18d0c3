// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import org.markcast.engine.packet.Ipv4Address;

/**
 * An inside host and the outside server of its tunnel; addresses in host order.
 *
 * @param server {@link #ANY} for all that have no address of their own
 */
record Peers(int client, int server) {

    static final int ANY = 0;

    @Override
    public String toString() {
        return Ipv4Address.text(client) + (server == ANY ? "" : " to " + Ipv4Address.text(server));
    }
}
