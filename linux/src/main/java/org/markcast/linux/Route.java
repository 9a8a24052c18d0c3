// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.net.Inet6Address;
import java.util.List;
import java.util.Set;

/**
 * Where packets to an IPv4 network go (ip-route(8)). Addresses are in host order, 0 is none.
 *
 * @param tos only packets with this type of service count; 0: all
 * @param metric of routes to the same network and type of service the one with the smallest counts
 * @param source address that packets of this machine's own get
 * @param scope how far away the network is (rtnetlink(7), rtm_scope)
 * @param nextHopId of the next-hop object (ip-nexthop(8)) that the hops are of; 0: none
 * @param hops the ways that packets can take; none unless packets are forwarded, or if the kernel does not tell the object's
 * @param attributes of the path, such as its MTU, as words of RTA_METRICS as the kernel has them
 */
public record Route(
        int table,
        Kind kind,
        int network,
        int prefixLength,
        int tos,
        int metric,
        int source,
        int scope,
        int nextHopId,
        List<Hop> hops,
        List<Integer> attributes) {

    private static final int SCOPE_UNIVERSE = 0;
    private static final int SCOPE_LINK = 253;

    /** What becomes of packets; the numbers are those of rtm_type. */
    public enum Kind {
        UNICAST(1),
        BLACKHOLE(6),
        UNREACHABLE(7),
        PROHIBIT(8),
        THROW(9);

        final int type;

        Kind(int type) {
            this.type = type;
        }
    }

    /**
     * One way.
     *
     * @param gateway the next router, 0 if it has an IPv6 address or none is needed
     * @param gateway6 the next router if it has an IPv6 address, else null
     * @param isOnLink whether the gateway need not lie in a network of the interface
     * @param weight which part of several ways goes this one, from 1; of a single one always 1
     * @param realm of packets, 0 for none
     */
    public record Hop(int interfaceIndex, int gateway, Inet6Address gateway6, boolean isOnLink, int weight, int realm) {

        /** Whether there is a router. */
        public boolean hasGateway() {
            return gateway != 0 || gateway6 != null;
        }

        private Hop alone() {
            return new Hop(interfaceIndex, gateway, gateway6, isOnLink, 1, realm);
        }
    }

    public Route {
        final boolean isForwarding = kind == Kind.UNICAST;
        nextHopId = isForwarding ? nextHopId : 0;
        hops = isForwarding ? List.copyOf(hops) : List.of();
        if (hops.size() == 1) {
            hops = List.of(hops.get(0).alone());
        }
        attributes = List.copyOf(attributes);
    }

    /** The default route. */
    public static Route toAll(int table, Hop hop, List<Integer> attributes) {
        final int scope = hop.hasGateway() ? SCOPE_UNIVERSE : SCOPE_LINK;
        return new Route(table, Kind.UNICAST, 0, 0, 0, 0, 0, scope, 0, List.of(hop), attributes);
    }

    /** The route of a table's that counts when no other one does: the sender is told that the network is unreachable. */
    public static Route unreachable(int table) {
        return new Route(table, Kind.UNREACHABLE, 0, 0, 0, -1, 0, SCOPE_UNIVERSE, 0, List.of(), List.of());
    }

    /** The same in another table. */
    public Route in(int other) {
        return new Route(other, kind, network, prefixLength, tos, metric, source, scope, nextHopId, hops, attributes);
    }

    /** What is left without some interfaces; null if nothing is. */
    public Route without(Set<Integer> interfaces) {
        final List<Hop> left = hops.stream()
                .filter(hop -> !interfaces.contains(hop.interfaceIndex()))
                .toList();
        if (left.size() == hops.size()) {
            return this;
        }
        return left.isEmpty()
                ? null
                : new Route(table, kind, network, prefixLength, tos, metric, source, scope, 0, left, attributes);
    }

    /** What a table can have one route for. */
    public Place place() {
        return new Place(table, network, prefixLength, tos, metric);
    }

    /** Where a route stands in the tables. */
    public record Place(int table, int network, int prefixLength, int tos, int metric) {}
}
