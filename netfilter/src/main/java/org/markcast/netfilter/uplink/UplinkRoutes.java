// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.linux.RouteNetlink.Address;
import org.markcast.linux.RouteNetlink.Link;
import org.markcast.linux.RoutingTables.Route;
import org.markcast.netfilter.NumberedUplink;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an uplink's routing table has to hold: the main table without other uplinks, because what this machine itself says of a
 * connection, such as an ICMP error, goes back to the LAN with the connection's mark; the uplink's own default route; and behind it
 * the end, because elsewhere packets would have the wrong source.
 */
final class UplinkRoutes {

    private static final Logger LOG = LoggerFactory.getLogger(UplinkRoutes.class);

    private static final int LAST_METRIC = 0xffff_ffff;

    private final NumberedUplink numbered;

    private OptionalInt gateway = OptionalInt.empty();

    /** The addresses that there were when the gateway was known for sure. */
    private List<Address> learnedWith = List.of();

    private boolean isGatewayMissed;

    UplinkRoutes(NumberedUplink numbered) {
        this.numbered = numbered;
    }

    /** Takes over what is known of the gateway. */
    void inherit(UplinkRoutes former) {
        if (former.numbered.uplink().gateway().isEmpty()) {
            gateway = former.gateway;
            learnedWith = former.learnedWith;
        }
    }

    /** The next hop, 0 if none is needed; empty while it is not known. */
    OptionalInt gateway() {
        return gateway;
    }

    /** While the uplink cannot be used. */
    List<Route> down(List<Route> main, OptionalInt interfaceIndex) {
        final List<Route> routes = new ArrayList<>();
        networks(main).stream()
                .filter(route -> route.interfaceIndex() != interfaceIndex.orElse(0))
                .forEach(routes::add);
        routes.add(unreachable());
        return routes;
    }

    /** While it can be used. */
    List<Route> up(Link link, List<Address> addresses, List<Route> main, List<Route> present) {
        final List<Route> routes = networks(main);
        gateway = findGateway(link, addresses, main, present);
        warnOfMissingGateway();
        gateway.ifPresent(hop -> routes.add(
                new Route(numbered.table(), 0, 0, link.index(), hop, 0, 0, hop != 0 && !isNeighbour(hop, addresses))));
        routes.add(unreachable());
        return routes;
    }

    private List<Route> networks(List<Route> main) {
        final List<Route> networks = new ArrayList<>();
        main.stream()
                .filter(route -> route.prefixLength() > 1) // halves of everything stand for a default route
                .sorted(Comparator.comparing(route -> route.gateway() != 0)) // those first that gateways are in
                .forEach(route -> networks.add(inOwnTable(route)));
        return networks;
    }

    private Route inOwnTable(Route route) {
        return new Route(
                numbered.table(),
                route.network(),
                route.prefixLength(),
                route.interfaceIndex(),
                route.gateway(),
                route.source(),
                route.metric(),
                route.isOnLink());
    }

    private Route unreachable() {
        return new Route(numbered.table(), 0, 0, 0, 0, 0, LAST_METRIC, false);
    }

    private OptionalInt findGateway(Link link, List<Address> addresses, List<Route> main, List<Route> present) {
        if (numbered.uplink().gateway().isPresent()) {
            return OptionalInt.of(Ipv4Address.of(numbered.uplink().gateway().get()));
        }
        if (link.isPointToPoint()) {
            return OptionalInt.of(0);
        }
        final Optional<Route> found = defaultRoute(main, link);
        if (found.isPresent()) {
            learnedWith = addresses;
            return OptionalInt.of(found.get().gateway());
        }
        // It may be gone for good: what it said once is kept, by an earlier run too.
        if (gateway.isPresent() && isStillRight(gateway.getAsInt(), addresses)) {
            return gateway;
        }
        final Optional<Route> own = defaultRoute(inOwnTable(present), link);
        return own.isPresent() && isStillRight(own.get().gateway(), addresses)
                ? OptionalInt.of(own.get().gateway())
                : OptionalInt.empty();
    }

    private boolean isStillRight(int hop, List<Address> addresses) {
        return hop == 0
                || isNeighbour(hop, addresses)
                || gateway.equals(OptionalInt.of(hop)) && addresses.equals(learnedWith);
    }

    private List<Route> inOwnTable(List<Route> routes) {
        return routes.stream()
                .filter(route -> route.table() == numbered.table())
                .toList();
    }

    private static Optional<Route> defaultRoute(List<Route> routes, Link link) {
        return routes.stream()
                .filter(route -> route.prefixLength() == 0 && route.interfaceIndex() == link.index())
                .min(Comparator.comparing(Route::metric, Integer::compareUnsigned));
    }

    private static boolean isNeighbour(int host, List<Address> addresses) {
        return addresses.stream().anyMatch(address -> isNeighbour(host, address));
    }

    /** Whether a host is in the network of an address. */
    static boolean isNeighbour(int host, Address address) {
        final int mask = address.prefixLength() == 0 ? 0 : -1 << Integer.SIZE - address.prefixLength();
        return ((host ^ address.address()) & mask) == 0;
    }

    private void warnOfMissingGateway() {
        if (gateway.isEmpty() && !isGatewayMissed) {
            LOG.warn(
                    "uplink {}: no default route leaves by {}, so its gateway is not known: write gateway = ADDRESS",
                    numbered.uplink().name(),
                    numbered.uplink().interfaceName());
        }
        isGatewayMissed = gateway.isEmpty();
    }
}
