// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.markcast.linux.ConntrackTuple;

/**
 * The connections that hold IKE, ESP and AH of some leases: from the clients, and from their servers to the addresses. The latter
 * are there if a server sent something before the address was its client's, and then hold what the client's connection needs.
 */
final class LeaseConnections {

    static final int UDP = 17;
    static final int ESP = 50;
    static final int AH = 51;
    static final int IKE_PORT = 500;
    static final int NAT_TRAVERSAL_PORT = 4500;

    private final Map<Long, Integer> outbound = new HashMap<>(); // to the address
    private final Set<Long> inbound = new HashSet<>();

    /** @param leases that are granted */
    LeaseConnections(Collection<Lease> leases) {
        for (final Lease lease : leases) {
            final Peers peers = lease.peers();
            outbound.put(hosts(peers.client(), peers.server()), lease.address());
            inbound.add(hosts(peers.server(), lease.address()));
        }
    }

    private static long hosts(int source, int destination) {
        return (long) source << Integer.SIZE | Integer.toUnsignedLong(destination);
    }

    /** Whether there is one that sends this. */
    boolean hold(ConntrackTuple sent) {
        final int source = sent.source();
        final int destination = sent.destination();
        return switch (sent.protocol()) {
            case ESP, AH -> isOutbound(source, destination) || isInbound(source, destination);
            case UDP ->
                isServerPort(sent.destinationPort()) && isOutbound(source, destination)
                        || isServerPort(sent.sourcePort()) && isInbound(source, destination);
            default -> false;
        };
    }

    /**
     * Whether there is one that sends this, and is translated otherwise than its lease says: by another address, or not at all, as what
     * a server has sent to the gateway itself. Of two leases for the same packets only the one that the rules heed must be there.
     */
    boolean holdMistranslated(ConntrackTuple sent, ConntrackTuple answer) {
        return hold(sent) && !isTranslated(sent, answer) && !isTranslated(answer, sent);
    }

    private boolean isTranslated(ConntrackTuple byClient, ConntrackTuple byServer) {
        final Integer address = address(byClient.source(), byClient.destination());
        return address != null && byServer.source() == byClient.destination() && byServer.destination() == address;
    }

    private boolean isOutbound(int source, int destination) {
        return address(source, destination) != null;
    }

    /** Null if the lease is none of these; that of one server goes before that of all. */
    private Integer address(int client, int server) {
        final Integer own = outbound.get(hosts(client, server));
        return own == null ? outbound.get(hosts(client, Peers.ANY)) : own;
    }

    private boolean isInbound(int source, int destination) {
        return inbound.contains(hosts(source, destination)) || inbound.contains(hosts(Peers.ANY, destination));
    }

    private static boolean isServerPort(int port) {
        return port == IKE_PORT || port == NAT_TRAVERSAL_PORT;
    }
}
