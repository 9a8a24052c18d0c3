// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.markcast.engine.port.LanInterface;
import org.markcast.linux.RouteNetlink;
import org.markcast.linux.RouteNetlink.Address;
import org.markcast.linux.RouteNetlink.Link;

/** Knows which LAN interfaces are usable now and what their addresses are, from the kernel's own news. */
final class LanMonitor implements AutoCloseable {

    private static final int LONGEST_PREFIX_WITH_BROADCAST = 30;

    private final RouteNetlink netlink = new RouteNetlink();

    int fd() {
        return netlink.fd();
    }

    /** Whether anything has changed since the last call. */
    boolean hasNews() {
        return netlink.drain();
    }

    /** The usable ones of some interfaces: those that exist and are up. */
    List<LanInterface> usable(List<String> names) {
        final List<Link> links = netlink.links();
        final List<Address> addresses = netlink.addresses();
        final List<LanInterface> found = new ArrayList<>();
        for (final String name : names) {
            links.stream()
                    .filter(link -> link.name().equals(name) && link.isUp())
                    .findFirst()
                    .ifPresent(link -> found.add(lanInterface(link, addresses)));
        }
        return List.copyOf(found);
    }

    /** Name of the first broadcast interface that is up and has an address. */
    Optional<String> firstUsable() {
        final List<Address> addresses = netlink.addresses();
        return netlink.links().stream()
                .filter(link -> link.isUp() && link.isBroadcast() && !link.isLoopback())
                .filter(link -> addresses.stream().anyMatch(address -> address.interfaceIndex() == link.index()))
                .min(Comparator.comparingInt(Link::index))
                .map(Link::name);
    }

    private static LanInterface lanInterface(Link link, List<Address> addresses) {
        final Set<Integer> broadcasts = new LinkedHashSet<>();
        for (final Address address : addresses) {
            if (address.interfaceIndex() == link.index()) {
                addBroadcasts(address, broadcasts);
            }
        }
        return new LanInterface(link.name(), link.index(), link.mac(), link.mtu(), List.copyOf(broadcasts));
    }

    /** The configured one and the network's own: the kernel treats both as broadcast (fib_add_ifaddr, Linux 6.1). */
    private static void addBroadcasts(Address address, Set<Integer> broadcasts) {
        if (address.broadcast() != 0) {
            broadcasts.add(address.broadcast());
        }
        if (address.prefixLength() > 0 && address.prefixLength() <= LONGEST_PREFIX_WITH_BROADCAST) {
            broadcasts.add(address.address() | -1 >>> address.prefixLength());
        }
    }

    @Override
    public void close() {
        netlink.close();
    }
}
