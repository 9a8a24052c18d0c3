// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.agrona.concurrent.NanoClock;
import org.markcast.config.Uplink;
import org.markcast.config.Uplinks;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.linux.LinuxException;
import org.markcast.linux.RouteNetlink;
import org.markcast.linux.RoutingTables;
import org.markcast.linux.RoutingTables.Route;
import org.markcast.linux.RoutingTables.Rule;
import org.markcast.netfilter.NumberedUplink;
import org.markcast.netfilter.TableText;
import org.markcast.netfilter.UplinkRules;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps routing rules and the routes of all uplinks equal to what there is, by the kernel's news, and releases connections that cannot
 * go on. What an earlier run left is taken over. Belongs to the control thread.
 *
 * <p>Nothing here fails for the caller: if the kernel refuses something, one log line and {@link #problem()} say why, and it is
 * tried again.
 */
public final class PinnedUplinks implements AutoCloseable {

    /** Where our routing rules stand: before the main table (32766), behind tables of IPsec daemons (strongSwan: 220). */
    static final int PRIORITY = 20_000;

    /** Behind those, packets that have no mark yet when this machine looks for their first route. */
    static final int SOURCE_PRIORITY = 20_001;

    private static final Logger LOG = LoggerFactory.getLogger(PinnedUplinks.class);

    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(1);

    private final UplinkKernel kernel;
    private final NanoClock clock;

    private Uplinks config;
    private List<FollowedUplink> uplinks = List.of();
    private Set<Route> refused = Set.of();
    private TableText table;

    /** The names of the uplinks that are closed by the table. */
    private Set<String> closed = Set.of();

    /** Bits of SAs' marks, see {@link UplinkRules#table}. */
    private int overlap;

    private boolean isStale = true;
    private long retryNs;
    private String problem;

    PinnedUplinks(Uplinks config, UplinkKernel kernel, NanoClock clock) {
        this.kernel = kernel;
        this.clock = clock;
        retryNs = clock.nanoTime();
        configure(config);
    }

    /**
     * For the network namespace of the calling thread.
     *
     * @param config with at least one uplink
     * @throws LinuxException if a socket cannot be had
     */
    public static PinnedUplinks open(Uplinks config, NanoClock clock) {
        return new PinnedUplinks(config, new LinuxUplinkKernel(), clock);
    }

    /** Removes what a run that crashed has left, where nothing is pinned any more. */
    public static void removeLeftovers() {
        try (RoutingTables routing = new RoutingTables(LinuxUplinkKernel.PROTOCOL)) {
            routing.rules().forEach(routing::delete);
            routing.routes().forEach(routing::delete);
        } catch (LinuxException e) {
            LOG.debug("no routing rules of an earlier run can be removed: {}", e.getMessage());
        }
    }

    /** The table of rules for uplinks as they are now, for who does not follow them. */
    public static TableText tableNow(Uplinks config) {
        final Map<String, List<Integer>> sources = new HashMap<>();
        try (RouteNetlink netlink = new RouteNetlink()) {
            final List<RouteNetlink.Link> links = netlink.links();
            final List<RouteNetlink.Address> addresses = netlink.addresses();
            for (final Uplink uplink : config.all()) {
                sources.put(uplink.name(), FollowedUplink.addressesOf(uplink, links, addresses));
            }
        }
        return UplinkRules.table(config, NumberedUplink.of(config, List.of()), sources, Set.of(), Set.of(), 0);
    }

    /** Changes to another configuration, with at least one uplink; {@link #table()} may be another one then. */
    public void configure(Uplinks latest) {
        if (latest.equals(config)) {
            return;
        }
        final List<NumberedUplink> before =
                uplinks.stream().map(FollowedUplink::numbered).toList();
        final List<NumberedUplink> now = NumberedUplink.of(latest, before);
        before.forEach(former -> attempt(() -> releaseUnlessKept(former, now)));
        config = latest;
        uplinks = now.stream().map(this::followed).toList();
        table = rules();
        attempt(this::look);
    }

    private FollowedUplink followed(NumberedUplink numbered) {
        for (final FollowedUplink former : uplinks) {
            if (former.numbered().equals(numbered)) {
                return former;
            } else if (hasSameConnections(former.numbered(), numbered)) {
                return new FollowedUplink(numbered, former);
            }
        }
        return new FollowedUplink(numbered);
    }

    private static boolean hasSameConnections(NumberedUplink one, NumberedUplink other) {
        return one.mark() == other.mark()
                && one.uplink().interfaceName().equals(other.uplink().interfaceName());
    }

    /** Connections with a mark that is another interface's now must not go there; a mark that is free may become another one's. */
    private void releaseUnlessKept(NumberedUplink former, List<NumberedUplink> now) {
        if (now.stream().anyMatch(uplink -> hasSameConnections(uplink, former))) {
            return;
        }
        if (now.stream().anyMatch(uplink -> uplink.mark() == former.mark())) {
            kernel.forgetConnections(former.mark(), config.mask());
        } else {
            kernel.disownConnections(former.mark(), config.mask());
        }
    }

    /** Readable when {@link #refresh()} has something to do. */
    public int fd() {
        return kernel.fd();
    }

    /** Follows the kernel's news; {@code true} if {@link #table()} is another one. Cheap when there is none. */
    public boolean refresh() {
        isStale |= kernel.hasNews() || !closed().equals(closed);
        if (!isStale || clock.nanoTime() - retryNs < 0) {
            return false;
        }
        final TableText before = table;
        attempt(this::look);
        return !table.equals(before);
    }

    /** Releases connections that cannot go on; to be called when the rules are those of {@link #table()}. */
    public void release() {
        final long nowNs = clock.nanoTime();
        uplinks.forEach(
                uplink -> uplink.release(kernel, config.mask(), config.linger().toNanos(), nowNs));
    }

    /** The nftables rules for the uplinks as they are. */
    public TableText table() {
        return table;
    }

    /**
     * Has {@link #table()} heed SAs whose marks have bits in common with those of uplinks.
     *
     * @param masks of such marks, put together; 0 if there are none
     */
    public void heed(int masks) {
        if (masks != overlap) {
            overlap = masks;
            table = rules();
        }
    }

    /** All uplinks, in the order of the configuration. */
    public List<UplinkState> states() {
        return uplinks.stream()
                .map(uplink -> uplink.state(kernel, config.mask()))
                .toList();
    }

    /** Why routes and rules are not as they should be; empty if they are. */
    public Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    private void attempt(Runnable task) {
        try {
            task.run();
        } catch (LinuxException e) {
            if (!e.getMessage().equals(problem)) {
                LOG.error("the uplinks are not in place: {}", e.getMessage());
            }
            problem = e.getMessage();
            isStale = true;
            retryNs = clock.nanoTime() + RETRY_NS;
        }
    }

    private void look() {
        final var links = kernel.links();
        final var addresses = kernel.addresses();
        uplinks.forEach(uplink -> uplink.follow(links, addresses, kernel, clock.nanoTime()));
        try {
            changeRoutes();
            changeRules();
        } finally {
            table = rules(); // what the routes have told of gateways counts, whatever the kernel refuses
        }
        isStale = false;
        problem = null;
    }

    private TableText rules() {
        final Map<String, List<Integer>> sources = new HashMap<>();
        uplinks.forEach(uplink -> sources.put(uplink.numbered().uplink().name(), uplink.sources()));
        closed = closed();
        final long lingerNs = config.linger().toNanos();
        final Set<String> dead = names(uplink -> uplink.isDead(lingerNs, clock.nanoTime()));
        return UplinkRules.table(
                config, uplinks.stream().map(FollowedUplink::numbered).toList(), sources, closed, dead, overlap);
    }

    private Set<String> closed() {
        return names(uplink -> uplink.isClosed(config.linger().toNanos(), clock.nanoTime()));
    }

    private Set<String> names(Predicate<FollowedUplink> which) {
        return uplinks.stream()
                .filter(which)
                .map(uplink -> uplink.numbered().uplink().name())
                .collect(Collectors.toUnmodifiableSet());
    }

    private void changeRoutes() {
        final List<Route> ours = kernel.routes();
        final Set<Route> present = new HashSet<>(ours);
        final Set<Route> wanted = new LinkedHashSet<>();
        final List<Route> main = kernel.mainRoutes();
        uplinks.forEach(uplink -> wanted.addAll(uplink.routes(withoutOthers(main, uplink), ours)));
        present.stream().filter(route -> !wanted.contains(route)).forEach(kernel::delete);
        final Set<Route> missing = new LinkedHashSet<>();
        for (final Route route : wanted) {
            if (!present.contains(route) && !add(route)) {
                missing.add(route);
            }
        }
        refused = missing;
    }

    /** {@code false} if the kernel does not take it: one of the main table's that we cannot copy must not keep us from the rest. */
    private boolean add(Route route) {
        try {
            return kernel.add(route) || refuse(route, "somebody else's stands there");
        } catch (LinuxException e) {
            if (route.prefixLength() == 0) {
                throw e;
            }
            return refuse(route, e.getMessage());
        }
    }

    private boolean refuse(Route route, String reason) {
        if (!refused.contains(route)) {
            LOG.warn(
                    "routing table {} does not get the route to {}/{}: {}",
                    Integer.toUnsignedString(route.table()),
                    Ipv4Address.text(route.network()),
                    route.prefixLength(),
                    reason);
        }
        return false;
    }

    private List<Route> withoutOthers(List<Route> routes, FollowedUplink uplink) {
        final Set<Integer> others = new HashSet<>();
        uplinks.stream()
                .filter(other -> other != uplink)
                .forEach(other -> other.interfaceIndex().ifPresent(others::add));
        return routes.stream()
                .filter(route -> !others.contains(route.interfaceIndex()))
                .toList();
    }

    private void changeRules() {
        final List<Rule> present = kernel.rules();
        final Set<Rule> wanted = new LinkedHashSet<>();
        uplinks.forEach(uplink -> wanted.add(rule(uplink)));
        uplinks.stream().filter(FollowedUplink::ownsSources).forEach(uplink -> addSourceRules(wanted, uplink));
        wanted.stream().filter(rule -> !present.contains(rule)).forEach(kernel::add);
        present.stream().filter(rule -> !wanted.contains(rule)).forEach(kernel::delete);
    }

    private Rule rule(FollowedUplink uplink) {
        return new Rule(
                PRIORITY,
                uplink.numbered().mark(),
                config.mask(),
                uplink.numbered().table());
    }

    /** An address that two uplinks have belongs to the first one. */
    private void addSourceRules(Set<Rule> wanted, FollowedUplink uplink) {
        for (final int address : uplink.sources()) {
            if (wanted.stream().noneMatch(rule -> rule.source() == address)) {
                wanted.add(new Rule(
                        SOURCE_PRIORITY, 0, 0, address, uplink.numbered().table()));
            }
        }
    }

    /** Closes for good: connections lose their marks too, so that they mean nothing when they are given out again. Idempotent. */
    public void abandon() {
        uplinks.forEach(uplink ->
                attempt(() -> kernel.disownConnections(uplink.numbered().mark(), config.mask())));
        close();
    }

    /** Removes our routing rules and routes; connections keep their marks for the next run. Idempotent. */
    @Override
    public void close() {
        if (uplinks.isEmpty()) {
            return;
        }
        uplinks = List.of();
        try {
            attempt(() -> kernel.rules().forEach(rule -> attempt(() -> kernel.delete(rule))));
            attempt(() -> kernel.routes().forEach(route -> attempt(() -> kernel.delete(route))));
        } finally {
            kernel.close();
        }
    }
}
