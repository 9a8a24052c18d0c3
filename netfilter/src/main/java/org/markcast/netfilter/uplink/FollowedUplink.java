// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.markcast.config.Uplink;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.linux.LinuxException;
import org.markcast.linux.Route;
import org.markcast.linux.RouteNetlink.Address;
import org.markcast.linux.RouteNetlink.Link;
import org.markcast.netfilter.NumberedUplink;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One uplink: what it is now, and whose connections cannot go on. While it is down its connections wait, cut off; they are released when
 * it comes back without their address, or after a while.
 */
final class FollowedUplink {

    private static final Logger LOG = LoggerFactory.getLogger(FollowedUplink.class);

    /** What is released again while an uplink is down: programs that send all the time may have met its old rules. */
    private static final long RELEASE_INTERVAL_NS = TimeUnit.SECONDS.toNanos(5);

    private static final int LINK_LOCAL = 0xa9fe_0000; // 169.254.0.0/16 (RFC 3927)
    private static final int LINK_LOCAL_MASK = 0xffff_0000;

    private final NumberedUplink numbered;
    private final UplinkRoutes routes;
    private final Trouble trouble;

    private Optional<Link> link = Optional.empty();

    /** The index of its interface when that was there last. */
    private OptionalInt lastIndex = OptionalInt.empty();

    private List<Address> addresses = List.of();

    /** Its addresses when it was up last: those that connections may use. */
    private Set<Integer> held = new HashSet<>();

    /** Those of them that are gone, until their connections are released. */
    private final Set<Integer> lost = new HashSet<>();

    private boolean isDown;
    private long downSinceNs;

    /** Whether its connections have been released since it went down. */
    private boolean isReleased;

    private long releasedNs;

    private boolean isWarned;

    FollowedUplink(NumberedUplink numbered) {
        this.numbered = numbered;
        routes = new UplinkRoutes(numbered);
        trouble = new Trouble("uplink " + name() + " is");
    }

    /** One that goes on with the connections of another, which had the same mark and interface. */
    FollowedUplink(NumberedUplink numbered, FollowedUplink former) {
        this(numbered);
        routes.inherit(former.routes);
        lastIndex = former.lastIndex;
        held = former.held;
        lost.addAll(former.lost);
        isDown = former.isDown;
        downSinceNs = former.downSinceNs;
        isReleased = former.isReleased;
        releasedNs = former.releasedNs;
        isWarned = former.isWarned;
    }

    NumberedUplink numbered() {
        return numbered;
    }

    /** The same under the name that its interface has now, if somebody has renamed that. */
    NumberedUplink renamed(List<Link> links) {
        return links.stream()
                .filter(some -> lastIndex.equals(OptionalInt.of(some.index())))
                .map(some -> numbered.on(some.name()))
                .findFirst()
                .orElse(numbered);
    }

    private String name() {
        return numbered.uplink().name();
    }

    /** Looks at what there is now. */
    void follow(List<Link> links, List<Address> all, UplinkKernel kernel, long nowNs) {
        link = links.stream()
                .filter(some -> some.name().equals(numbered.uplink().interfaceName()))
                .findFirst();
        link.ifPresent(some -> lastIndex = OptionalInt.of(some.index()));
        addresses = all.stream()
                .filter(address -> link.isPresent()
                        && address.interfaceIndex() == link.get().index()
                        && isGlobal(address))
                .toList();
        if (isUsable()) {
            comeUp(all);
        } else {
            goDown(nowNs);
        }
        warnOfStrictFilter(kernel);
    }

    private static boolean isGlobal(Address address) {
        return (address.address() & LINK_LOCAL_MASK) != LINK_LOCAL;
    }

    private boolean isUsable() {
        return link.isPresent() && link.get().isUp() && link.get().isRunning() && !addresses.isEmpty();
    }

    private void comeUp(List<Address> all) {
        final Set<Integer> there = new HashSet<>();
        all.forEach(address -> there.add(address.address()));
        held.stream().filter(address -> !there.contains(address)).forEach(lost::add);
        final Set<Integer> now = new HashSet<>();
        addresses.forEach(address -> now.add(address.address()));
        if (isDown || !now.equals(held)) {
            LOG.info(
                    "uplink {} is up: {}, index {}, address {}",
                    name(),
                    link.orElseThrow().name(),
                    link.orElseThrow().index(),
                    Ipv4Address.text(addresses.get(0).address()));
        }
        held = now;
        isDown = false;
        isReleased = false;
    }

    private void goDown(long nowNs) {
        if (!isDown) {
            isDown = true;
            downSinceNs = nowNs;
            LOG.info("uplink {} is not usable ({}): its connections wait", name(), condition());
        }
    }

    private void warnOfStrictFilter(UplinkKernel kernel) {
        if (link.isPresent() && !isWarned && kernel.hasStrictFilter(link.get().name())) {
            isWarned = true;
            LOG.warn("uplink {}: {}", name(), StrictFilter.warning(link.get().name()));
        }
    }

    /** The index of its interface; empty if that is not there. */
    OptionalInt interfaceIndex() {
        return link.map(some -> OptionalInt.of(some.index())).orElse(OptionalInt.empty());
    }

    /**
     * Has its table hold the routes that it has to have.
     *
     * @param main those of the main table without the ways by other uplinks
     * @param present our routes, of all tables, that are there
     */
    void changeRoutes(List<Route> main, List<Route> present, UplinkKernel kernel) {
        final List<Route> wanted = isUsable()
                ? routes.up(link.orElseThrow(), addresses, main, present)
                : routes.down(main, interfaceIndex());
        routes.put(wanted, present, kernel, trouble);
    }

    /** What the kernel refuses of it, which is nobody else's trouble. */
    Trouble trouble() {
        return trouble;
    }

    /** Whether the kernel does not have all that it should have. */
    boolean isIncomplete() {
        return routes.refused() > 0;
    }

    /** Its addresses as long as it has some, up or not, in host order, the main one first. */
    List<Integer> sources() {
        return mainFirst(addresses, routes.gateway());
    }

    /** The same for who does not follow it. */
    static List<Integer> addressesOf(Uplink uplink, List<Link> links, List<Address> all) {
        final List<Address> own = links.stream()
                .filter(link -> link.name().equals(uplink.interfaceName()))
                .flatMap(link -> all.stream().filter(address -> address.interfaceIndex() == link.index()))
                .filter(FollowedUplink::isGlobal)
                .toList();
        return mainFirst(
                own,
                uplink.gateway().map(hop -> OptionalInt.of(Ipv4Address.of(hop))).orElse(OptionalInt.empty()));
    }

    /** The provider knows the one best that the gateway is a neighbour of. */
    private static List<Integer> mainFirst(List<Address> addresses, OptionalInt gateway) {
        return addresses.stream()
                .sorted(Comparator.comparing(
                        address -> gateway.isEmpty() || !UplinkRoutes.isNeighbour(gateway.getAsInt(), address)))
                .map(Address::address)
                .toList();
    }

    /** Whether packets of this machine with its addresses can only go its way. */
    boolean ownsSources() {
        return !isUsable() || routes.gateway().isPresent();
    }

    /** Whether no connection is to be pinned to it: where it leads is not known, or it has been away for too long. */
    boolean isClosed(long lingerNs, long nowNs) {
        return isUsable() ? routes.gateway().isEmpty() : isOverdue(lingerNs, nowNs);
    }

    /** Whether it has no carrier, and has been away for too long. */
    boolean isDead(long lingerNs, long nowNs) {
        return condition().equals("down") && isOverdue(lingerNs, nowNs);
    }

    private boolean isOverdue(long lingerNs, long nowNs) {
        return isDown && nowNs - downSinceNs >= lingerNs;
    }

    /** Releases what cannot go on. */
    void release(UplinkKernel kernel, int mask, long lingerNs, long nowNs) {
        try {
            if (!lost.isEmpty()) {
                releaseLost(kernel, mask);
            }
            if (isOverdue(lingerNs, nowNs) && (!isReleased || nowNs - releasedNs >= RELEASE_INTERVAL_NS)) {
                releaseAll(kernel, mask, nowNs);
            }
        } catch (LinuxException e) {
            LOG.warn("uplink {}: connections that cannot go on stay until they time out: {}", name(), e.getMessage());
        }
    }

    private void releaseAll(UplinkKernel kernel, int mask, long nowNs) {
        final boolean isFirst = !isReleased;
        isReleased = true;
        releasedNs = nowNs;
        held.clear();
        kernel.forgetConnections(numbered.mark(), mask);
        if (isFirst) {
            LOG.info("uplink {} has not come back: its connections are released", name());
        }
    }

    private void releaseLost(UplinkKernel kernel, int mask) {
        final Set<Integer> addressesLost = Set.copyOf(lost);
        lost.clear();
        final int count = kernel.forgetConnections(numbered.mark(), mask, addressesLost);
        LOG.info(
                "uplink {}: {} connections released, it has {} no more",
                name(),
                count,
                addressesLost.stream().map(Ipv4Address::text).sorted().collect(Collectors.joining(", ")));
    }

    private String condition() {
        if (link.isEmpty()) {
            return "no interface";
        }
        if (!link.get().isUp() || !link.get().isRunning()) {
            return "down";
        }
        if (addresses.isEmpty()) {
            return "no address";
        }
        return routes.gateway().isEmpty() ? "no gateway" : "up";
    }

    UplinkState state(UplinkKernel kernel, int mask) {
        return new UplinkState(
                numbered,
                trouble.message().orElse(condition() + (isIncomplete() ? ", routes missing: " + routes.refused() : "")),
                sources().isEmpty()
                        ? OptionalInt.empty()
                        : OptionalInt.of(sources().get(0)),
                isUsable() ? routes.gateway() : OptionalInt.empty(),
                countConnections(kernel, mask));
    }

    private OptionalInt countConnections(UplinkKernel kernel, int mask) {
        try {
            return OptionalInt.of(kernel.countConnections(numbered.mark(), mask));
        } catch (LinuxException e) {
            LOG.debug("uplink {}: {}", name(), e.getMessage());
            return OptionalInt.empty();
        }
    }
}
