// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.agrona.concurrent.NanoClock;
import org.markcast.config.Mark;
import org.markcast.config.Uplink;
import org.markcast.config.Uplinks;
import org.markcast.linux.LinuxException;
import org.markcast.linux.Route;
import org.markcast.linux.RouteNetlink;
import org.markcast.linux.RouteNetlink.Link;
import org.markcast.linux.RoutingTables;
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
 * <p>Nothing here fails for the caller: if the kernel refuses something, one log line and the state of the uplink say why, or {@link
 * #problem()} if it is about all of them, and it is tried again.
 */
public final class PinnedUplinks implements AutoCloseable {

    /** Where our routing rules stand: before the main table (32766), behind tables of IPsec daemons (strongSwan: 220). */
    static final int PRIORITY = 20_000;

    /** Behind those, packets that have no mark yet when this machine looks for their first route. */
    static final int SOURCE_PRIORITY = 20_001;

    private static final Logger LOG = LoggerFactory.getLogger(PinnedUplinks.class);

    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(1);

    /** The same for single routes of the main table, which may be such that no copy is possible. */
    private static final long ROUTES_RETRY_NS = TimeUnit.SECONDS.toNanos(10);

    /** At most one part in so many of the time goes into looking, however much news there is. */
    private static final int REST = 10;

    private final UplinkKernel kernel;
    private final NanoClock clock;

    private Uplinks config;
    private List<FollowedUplink> uplinks = List.of();
    private TableText table;

    /** The uplinks of former configurations, until connections are released that these ones do not go on with. */
    private final Set<Retired> retired = new LinkedHashSet<>();

    /** The names of the uplinks that are closed by the table. */
    private Set<String> closed = Set.of();

    /** Bits of SAs' marks, see {@link UplinkRules#table}. */
    private int overlap;

    private final Trouble trouble = new Trouble("the uplinks are");

    private boolean isStale = true;

    /** When the last look began. */
    private long lookedNs;

    /** When the next look may begin. */
    private long retryNs;

    /** An uplink of a former configuration, and the mask that its mark is below. */
    private record Retired(NumberedUplink uplink, int mask) {}

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
            final List<Link> links = netlink.links();
            final List<RouteNetlink.Address> addresses = netlink.addresses();
            for (final Uplink uplink : config.all()) {
                sources.put(uplink.name(), FollowedUplink.addressesOf(uplink, links, addresses));
            }
        }
        return UplinkRules.table(config, NumberedUplink.of(config, List.of()), sources, Set.of(), Set.of(), 0);
    }

    /**
     * Changes to another configuration, with at least one uplink; {@link #table()} may be another one then. Connections of uplinks that
     * are gone keep their marks until {@link #release()}: the rules that are still in place would pin them again.
     */
    public void configure(Uplinks latest) {
        if (latest.equals(config)) {
            return;
        }
        final List<NumberedUplink> before = before(latest);
        final List<NumberedUplink> now = NumberedUplink.of(latest, before);
        before.forEach(former -> retired.add(new Retired(former, config.mask())));
        config = latest;
        uplinks = now.stream().map(uplink -> followed(uplink, before)).toList();
        table = rules();
        look();
    }

    /** The uplinks as they were, but with the names that their interfaces have now if these are asked for instead. */
    private List<NumberedUplink> before(Uplinks latest) {
        final Set<String> wanted = new HashSet<>();
        latest.all().forEach(uplink -> wanted.add(uplink.interfaceName()));
        final List<Link> links = new ArrayList<>();
        attempt(() -> links.addAll(kernel.links()));
        return uplinks.stream()
                .map(uplink -> wanted.contains(uplink.numbered().uplink().interfaceName())
                        ? uplink.numbered()
                        : uplink.renamed(links))
                .toList();
    }

    private FollowedUplink followed(NumberedUplink numbered, List<NumberedUplink> before) {
        for (int i = 0; i < before.size(); i++) {
            if (uplinks.get(i).numbered().equals(numbered)) {
                return uplinks.get(i);
            } else if (hasSameConnections(before.get(i), numbered)) {
                return new FollowedUplink(numbered, uplinks.get(i));
            }
        }
        return new FollowedUplink(numbered);
    }

    private static boolean hasSameConnections(NumberedUplink one, NumberedUplink other) {
        return one.mark() == other.mark()
                && one.uplink().interfaceName().equals(other.uplink().interfaceName());
    }

    /** Connections with a mark that is another interface's now must not go there; a mark that is free may become another one's. */
    private void releaseUnlessKept(Retired former) {
        final List<NumberedUplink> now =
                uplinks.stream().map(FollowedUplink::numbered).toList();
        if (now.stream().anyMatch(uplink -> hasSameConnections(uplink, former.uplink))) {
            return;
        }
        if (now.stream().anyMatch(uplink -> uplink.mark() == former.uplink.mark())) {
            kernel.forgetConnections(former.uplink.mark(), former.mask);
        } else {
            kernel.disownConnections(former.uplink.mark(), former.mask);
        }
    }

    /** Readable when {@link #refresh()} has something to do. */
    public int fd() {
        return kernel.fd();
    }

    /** Follows the kernel's news; {@code true} if {@link #table()} is another one. Cheap when there is none. */
    public boolean refresh() {
        isStale |= kernel.hasNews() || !closed().equals(closed) || hasToRetryRoutes();
        if (!isStale || clock.nanoTime() - retryNs < 0) {
            return false;
        }
        final TableText before = table;
        look();
        return !table.equals(before);
    }

    private boolean hasToRetryRoutes() {
        return uplinks.stream().anyMatch(FollowedUplink::isIncomplete)
                && clock.nanoTime() - lookedNs >= ROUTES_RETRY_NS;
    }

    /** Releases connections that cannot go on; to be called when the rules are those of {@link #table()}. */
    public void release() {
        releaseRetired();
        final long nowNs = clock.nanoTime();
        uplinks.forEach(
                uplink -> uplink.release(kernel, config.mask(), config.linger().toNanos(), nowNs));
    }

    private void releaseRetired() {
        retired.forEach(former -> attempt(() -> releaseUnlessKept(former)));
        retired.clear();
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
        return trouble.message();
    }

    /** Something that is not tried again. */
    private static void attempt(Runnable task) {
        try {
            task.run();
        } catch (LinuxException e) {
            LOG.error("the uplinks are not as they should be: {}", e.getMessage());
        }
    }

    private void look() {
        lookedNs = clock.nanoTime();
        trouble.begin();
        trouble.attempt(this::follow);
        trouble.end();
        isStale = Stream.concat(Stream.of(trouble), uplinks.stream().map(FollowedUplink::trouble))
                .anyMatch(some -> some.message().isPresent());
        final long nowNs = clock.nanoTime();
        retryNs = nowNs + Math.max(isStale ? RETRY_NS : 0, Math.min(RETRY_NS, REST * (nowNs - lookedNs)));
    }

    private void follow() {
        final var links = kernel.links();
        final var addresses = kernel.addresses();
        final List<Rule> rules = kernel.rules();
        final List<Route> routes = kernel.routes();
        final List<Route> main = kernel.mainRoutes();
        try {
            uplinks.forEach(uplink -> uplink.trouble().begin());
            uplinks.forEach(uplink -> uplink.follow(links, addresses, kernel, clock.nanoTime()));
            changeRoutes(routes, main);
            changeRules(rules);
            uplinks.forEach(uplink -> uplink.trouble().end());
        } finally {
            table = rules();
        }
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

    private void changeRoutes(List<Route> present, List<Route> main) {
        final Set<Integer> tables = new HashSet<>();
        uplinks.forEach(uplink -> tables.add(uplink.numbered().table()));
        present.stream()
                .filter(route -> !tables.contains(route.table()))
                .forEach(route -> trouble.attempt(() -> kernel.delete(route)));
        uplinks.forEach(uplink -> uplink.changeRoutes(withoutOthers(main, uplink), present, kernel));
    }

    private List<Route> withoutOthers(List<Route> routes, FollowedUplink uplink) {
        final Set<Integer> others = new HashSet<>();
        uplinks.stream()
                .filter(other -> other != uplink)
                .forEach(other -> other.interfaceIndex().ifPresent(others::add));
        return routes.stream()
                .map(route -> route.without(others))
                .filter(Objects::nonNull)
                .toList();
    }

    private void changeRules(List<Rule> present) {
        final Map<Rule, FollowedUplink> wanted = new LinkedHashMap<>();
        uplinks.forEach(uplink -> wanted.put(rule(uplink), uplink));
        uplinks.stream().filter(FollowedUplink::ownsSources).forEach(uplink -> addSourceRules(wanted, uplink));
        wanted.forEach((rule, uplink) -> {
            if (!present.contains(rule)) {
                add(rule, uplink.trouble());
            }
        });
        present.stream()
                .filter(rule -> !wanted.containsKey(rule))
                .forEach(rule -> trouble.attempt(() -> kernel.delete(rule)));
    }

    private void add(Rule rule, Trouble whose) {
        whose.attempt(() -> {
            if (!kernel.add(rule)) {
                whose.note("somebody else has the same routing rule " + rule.priority() + " to table "
                        + Integer.toUnsignedString(rule.table()));
            }
        });
    }

    private Rule rule(FollowedUplink uplink) {
        return new Rule(
                PRIORITY,
                uplink.numbered().mark(),
                config.mask(),
                uplink.numbered().table());
    }

    /** An address that two uplinks have belongs to the first one. */
    private void addSourceRules(Map<Rule, FollowedUplink> wanted, FollowedUplink uplink) {
        for (final int address : uplink.sources()) {
            if (wanted.keySet().stream().noneMatch(rule -> rule.source() == address)) {
                wanted.put(
                        new Rule(
                                SOURCE_PRIORITY,
                                0,
                                0,
                                address,
                                uplink.numbered().table()),
                        uplink);
            }
        }
    }

    /**
     * Closes for good: connections lose their marks too, so that they mean nothing when they are given out again. To be called when the
     * rules are gone. Idempotent.
     */
    public void abandon() {
        final Set<Mark> marks = new LinkedHashSet<>();
        retired.forEach(former -> marks.add(new Mark(former.uplink.mark(), former.mask)));
        uplinks.forEach(uplink -> marks.add(new Mark(uplink.numbered().mark(), config.mask())));
        marks.forEach(mark -> attempt(() -> kernel.disownConnections(mark.value(), mark.mask())));
        retired.clear();
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
