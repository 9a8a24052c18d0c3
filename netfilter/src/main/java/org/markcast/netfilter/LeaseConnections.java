// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;
import org.markcast.linux.ConntrackTuple;

/**
 * The connections that hold IKE, ESP and AH of some leases: from the clients, and from their servers to the addresses. The latter
 * are there if a server sent something before the address was its client's, and then hold what the client's connection needs.
 */
final class LeaseConnections implements Predicate<ConntrackTuple> {

    static final int UDP = 17;
    static final int ESP = 50;
    static final int AH = 51;
    static final int IKE_PORT = 500;
    static final int NAT_TRAVERSAL_PORT = 4500;

    private final Set<Long> outbound = new HashSet<>();
    private final Set<Long> inbound = new HashSet<>();

    LeaseConnections(Collection<Lease> leases) {
        for (final Lease lease : leases) {
            final Peers peers = lease.peers();
            outbound.add(hosts(peers.client(), peers.server()));
            if (lease.isGranted()) {
                inbound.add(hosts(peers.server(), lease.address()));
            }
        }
    }

    private static long hosts(int source, int destination) {
        return (long) source << Integer.SIZE | Integer.toUnsignedLong(destination);
    }

    @Override
    public boolean test(ConntrackTuple connection) {
        final int source = connection.source();
        final int destination = connection.destination();
        return switch (connection.protocol()) {
            case ESP, AH -> isOutbound(source, destination) || isInbound(source, destination);
            case UDP ->
                isServerPort(connection.destinationPort()) && isOutbound(source, destination)
                        || isServerPort(connection.sourcePort()) && isInbound(source, destination);
            default -> false;
        };
    }

    private boolean isOutbound(int source, int destination) {
        return outbound.contains(hosts(source, destination)) || outbound.contains(hosts(source, Peers.ANY));
    }

    private boolean isInbound(int source, int destination) {
        return inbound.contains(hosts(source, destination)) || inbound.contains(hosts(Peers.ANY, destination));
    }

    private static boolean isServerPort(int port) {
        return port == IKE_PORT || port == NAT_TRAVERSAL_PORT;
    }
}
