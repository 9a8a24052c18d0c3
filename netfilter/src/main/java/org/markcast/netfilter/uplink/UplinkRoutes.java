// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.linux.LinuxException;
import org.markcast.linux.Route;
import org.markcast.linux.Route.Hop;
import org.markcast.linux.RouteNetlink.Address;
import org.markcast.linux.RouteNetlink.Link;
import org.markcast.netfilter.NumberedUplink;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An uplink's routing table, and what it has to hold: all routes of the main table without the ways by other uplinks, because what
 * this machine itself says of a connection, such as an ICMP error, goes back to the LAN with the connection's mark; the uplink's own
 * default route; and behind it the end, because elsewhere packets would have the wrong source.
 */
final class UplinkRoutes {

    private static final Logger LOG = LoggerFactory.getLogger(UplinkRoutes.class);

    private final NumberedUplink numbered;

    /** What its default route says; null while that is not known. */
    private Way way;

    /** The addresses that there were when the way was known for sure. */
    private List<Address> learnedWith = List.of();

    private boolean isGatewayMissed;

    /** Copies that the kernel has not taken. */
    private Set<Route> refused = Set.of();

    /**
     * To everywhere.
     *
     * @param hop its interface may be another one by now
     * @param attributes of the path, see {@link Route}
     */
    private record Way(Hop hop, List<Integer> attributes) {}

    UplinkRoutes(NumberedUplink numbered) {
        this.numbered = numbered;
    }

    /** Takes over what is known of the gateway. */
    void inherit(UplinkRoutes former) {
        if (former.numbered.uplink().gateway().isEmpty()) {
            way = former.way;
            learnedWith = former.learnedWith;
        }
    }

    /** The next hop, 0 if none is needed or it has an IPv6 address; empty while it is not known. */
    OptionalInt gateway() {
        return way == null ? OptionalInt.empty() : OptionalInt.of(way.hop.gateway());
    }

    /** How many routes of the main table the kernel has not taken. */
    int refused() {
        return refused.size();
    }

    /**
     * Puts routes into its table, and takes all other ones of ours out. A copy that the kernel does not take must not keep us from the
     * rest.
     *
     * @param present our routes, of all tables, that are there
     */
    void put(List<Route> wanted, List<Route> present, UplinkKernel kernel, Trouble trouble) {
        final Set<Route> gone = new HashSet<>(inOwnTable(present));
        final List<Route> come =
                wanted.stream().filter(route -> !gone.remove(route)).toList();
        gone.forEach(route -> trouble.attempt(() -> kernel.delete(route)));
        final Set<Route> missing = new HashSet<>();
        for (final Route route : come) {
            final Optional<String> reason = add(route, kernel);
            if (reason.isPresent() && route.prefixLength() == 0) {
                trouble.note(reason.get());
            } else if (reason.isPresent()) {
                missing.add(route);
                warnOfMissing(route, reason.get());
            }
        }
        refused = missing;
    }

    /** Why the kernel does not take it; empty if it does. */
    private static Optional<String> add(Route route, UplinkKernel kernel) {
        try {
            return kernel.add(route)
                    ? Optional.empty()
                    : Optional.of("somebody else's route to " + destination(route) + " stands in routing table "
                            + Integer.toUnsignedString(route.table()));
        } catch (LinuxException e) {
            return Optional.of(e.getMessage());
        }
    }

    private void warnOfMissing(Route route, String reason) {
        if (!refused.contains(route)) {
            LOG.warn(
                    "uplink {}: routing table {} does not get the route to {}: {}",
                    numbered.uplink().name(),
                    Integer.toUnsignedString(route.table()),
                    destination(route),
                    reason);
        }
    }

    private static String destination(Route route) {
        return Ipv4Address.text(route.network()) + "/" + route.prefixLength();
    }

    /** While the uplink cannot be used. */
    List<Route> down(List<Route> main, OptionalInt interfaceIndex) {
        final Set<Integer> own = interfaceIndex.isEmpty() ? Set.of() : Set.of(interfaceIndex.getAsInt());
        final List<Route> routes = new ArrayList<>(networks(main.stream()
                .map(route -> route.without(own))
                .filter(Objects::nonNull)
                .toList()));
        routes.add(Route.unreachable(numbered.table()));
        return routes;
    }

    /** While it can be used. */
    List<Route> up(Link link, List<Address> addresses, List<Route> main, List<Route> present) {
        final List<Route> routes = new ArrayList<>(networks(main));
        way = findWay(link, addresses, main, present);
        warnOfMissingGateway();
        if (way != null) {
            routes.add(defaultRoute(link, addresses));
        }
        routes.add(Route.unreachable(numbered.table()));
        return routes;
    }

    /** Those first that gateways are in. */
    private Collection<Route> networks(List<Route> main) {
        final Map<Route.Place, Route> networks = new LinkedHashMap<>();
        main.stream()
                .filter(route -> route.prefixLength() > 1) // halves of everything stand for a default route
                .sorted(Comparator.comparing(
                        route -> route.nextHopId() != 0 || route.hops().stream().anyMatch(Hop::hasGateway)))
                .map(route -> route.in(numbered.table()))
                .forEach(route -> networks.putIfAbsent(route.place(), route)); // of several the first one counts
        return networks.values();
    }

    private Route defaultRoute(Link link, List<Address> addresses) {
        final Hop hop = way.hop;
        final boolean isOnLink = hop.gateway() == 0 ? hop.isOnLink() : !isNeighbour(hop.gateway(), addresses);
        return Route.toAll(
                numbered.table(),
                new Hop(link.index(), hop.gateway(), hop.gateway6(), isOnLink, 1, hop.realm()),
                way.attributes);
    }

    private Way findWay(Link link, List<Address> addresses, List<Route> main, List<Route> present) {
        final Optional<Way> found = way(main, link);
        final Optional<Way> own = way(inOwnTable(present), link);
        final List<Integer> attributes = found.or(() -> Optional.ofNullable(way))
                .or(() -> own)
                .map(Way::attributes)
                .orElse(List.of());
        if (numbered.uplink().gateway().isPresent()) {
            final int hop = Ipv4Address.of(numbered.uplink().gateway().get());
            return new Way(new Hop(link.index(), hop, null, false, 1, 0), attributes);
        }
        if (link.isPointToPoint()) {
            return new Way(new Hop(link.index(), 0, null, false, 1, 0), attributes);
        }
        if (found.isPresent()) {
            learnedWith = addresses;
            return found.get();
        }
        // It may be gone for good: what it said once is kept, by an earlier run too.
        if (way != null && isStillRight(way, addresses)) {
            return way;
        }
        return own.filter(former -> isStillRight(former, addresses)).orElse(null);
    }

    private boolean isStillRight(Way former, List<Address> addresses) {
        return former.hop.gateway() == 0
                || isNeighbour(former.hop.gateway(), addresses)
                || gateway().equals(OptionalInt.of(former.hop.gateway())) && addresses.equals(learnedWith);
    }

    private List<Route> inOwnTable(List<Route> routes) {
        return routes.stream()
                .filter(route -> route.table() == numbered.table())
                .toList();
    }

    /** What the best default route through an interface says. */
    private static Optional<Way> way(List<Route> routes, Link link) {
        return routes.stream()
                .filter(route -> route.prefixLength() == 0)
                .sorted(Comparator.comparing(Route::tos).thenComparing(Route::metric, Integer::compareUnsigned))
                .flatMap(route -> route.hops().stream()
                        .filter(hop -> hop.interfaceIndex() == link.index())
                        .map(hop -> new Way(hop, route.attributes())))
                .findFirst();
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
        if (way == null && !isGatewayMissed) {
            LOG.warn(
                    "uplink {}: no default route leaves by {}, so its gateway is not known: write gateway = ADDRESS",
                    numbered.uplink().name(),
                    numbered.uplink().interfaceName());
        }
        isGatewayMissed = way == null;
    }
}
