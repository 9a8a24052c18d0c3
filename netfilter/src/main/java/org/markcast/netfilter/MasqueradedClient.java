// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Optional;
import org.markcast.engine.packet.Ipv4Address;

/**
 * An inside host that has an external address towards a server, or waits for one, for whoever wants to know.
 *
 * @param server empty: all that have no entry of their own
 * @param address external; empty while it waits
 * @param isFixed whether the configuration gives it the address
 * @param sinceMs since when, milliseconds since 1970
 * @param lastPacketMs of its last packet as far as one has looked, 0 if there was none
 */
public record MasqueradedClient(
        String client,
        Optional<String> server,
        Optional<String> address,
        boolean isFixed,
        long sinceMs,
        long lastPacketMs,
        long packetsOut,
        long bytesOut,
        long packetsIn,
        long bytesIn) {

    static MasqueradedClient of(Lease lease) {
        final int server = lease.peers().server();
        return new MasqueradedClient(
                Ipv4Address.text(lease.peers().client()),
                server == Peers.ANY ? Optional.empty() : Optional.of(Ipv4Address.text(server)),
                lease.isGranted() ? Optional.of(Ipv4Address.text(lease.address())) : Optional.empty(),
                lease.isFixed(),
                lease.sinceMs(),
                lease.lastPacketMs(),
                lease.packetsOut(),
                lease.bytesOut(),
                lease.packetsIn(),
                lease.bytesIn());
    }
}
