// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.markcast.engine.port.LanInterface;
import org.markcast.engine.port.PacketSource;
import org.markcast.linux.LinuxException;
import org.markcast.linux.SocketFilter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All sources of packets, kept in step with the interfaces: each forwarder has a ring for each LAN interface and a socket for
 * decapsulated traffic. An interface that vanishes, comes back or changes its address costs a new filter and a new bind, never
 * a new source; only a changed configuration changes the sources. Owned by the control thread.
 */
public final class Capture implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Capture.class);

    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(1);

    private final LanMonitor monitor = new LanMonitor();
    private final List<DecapsulatedCapture> decapsulated;
    private final Map<String, Lan> lans = new LinkedHashMap<>();
    private final List<Lan> retired = new ArrayList<>();
    private final int forwarders;

    private List<String> configuredNames;
    private List<String> names; // the configured ones, or the one that was chosen
    private List<Integer> groups;
    private List<LanInterface> usable = List.of();
    private boolean isStale;
    private long retryNs = System.nanoTime();

    /** One LAN interface: its rings, one for each forwarder, and what it is bound to now. */
    private final class Lan implements AutoCloseable {

        private final String name;
        private final List<LanCapture> rings =
                IntStream.range(0, forwarders).mapToObj(i -> new LanCapture()).toList();

        private LanInterface bound;
        private GroupMembership membership;

        private Lan(String name) {
            this.name = name;
            rings.forEach(capture -> capture.ring().attach(SocketFilter.nothing()));
        }

        /** Follows the interface to its present state; {@code null}: it is gone or down. */
        private void follow(LanInterface now) {
            if (Objects.equals(bound, now)) {
                return;
            }
            if (now == null) {
                leave(); // for an interface that is there still, under another name
                LOG.info("interface {} is gone or down, waiting for it", name);
            } else {
                bind(now);
                LOG.info("interface {} is up: {}", name, describe(now));
            }
            bound = now;
        }

        private void bind(LanInterface now) {
            final boolean isNew = bound == null || bound.index() != now.index();
            for (final LanCapture capture : rings) {
                capture.ring().attach(CaptureFilter.lan(now.index(), now.broadcasts()));
                if (isNew) {
                    capture.ring().bind(now.index());
                }
            }
            if (isNew) {
                join(now);
            }
        }

        private void join(LanInterface now) {
            final GroupMembership before = membership;
            membership = new GroupMembership(now.index(), groups);
            if (membership.refused() > 0) {
                LOG.warn(
                        "interface {}: {} of {} groups could not be joined (errno {})",
                        name,
                        membership.refused(),
                        groups.size(),
                        membership.lastErrno());
            }
            if (before != null) {
                before.close();
            }
        }

        /** Captures nothing any more, but stays open for the forwarders that still poll it. */
        private void leave() {
            rings.forEach(capture -> capture.ring().attach(SocketFilter.nothing()));
            if (membership != null) {
                membership.close();
                membership = null;
            }
        }

        private long drops() {
            return rings.stream().mapToLong(capture -> capture.ring().drops()).sum();
        }

        @Override
        public void close() {
            leave();
            rings.forEach(LanCapture::close);
        }
    }

    /**
     * Opens the sockets and looks at the interfaces for the first time.
     *
     * @param names LAN interfaces, which need not exist yet; none: the first usable one, chosen once
     * @param groups multicast groups to join, in host order
     * @throws LinuxException if a socket cannot be had, which needs CAP_NET_RAW and CAP_NET_ADMIN
     */
    public Capture(int forwarders, List<String> names, List<Integer> groups) {
        this.forwarders = forwarders;
        configuredNames = names;
        this.names = names;
        this.groups = groups;
        decapsulated = IntStream.range(0, forwarders)
                .mapToObj(i -> new DecapsulatedCapture())
                .toList();
        decapsulated.forEach(capture -> capture.socket().attach(SocketFilter.nothing()));
        decapsulated.forEach(capture -> capture.socket().bind(0));
        look();
        this.names.stream()
                .filter(name -> lans.get(name).bound == null)
                .forEach(name -> LOG.info("interface {} does not exist or is down, waiting for it", name));
        if (this.names.isEmpty()) {
            LOG.warn("no usable broadcast interface yet, waiting for one");
        }
    }

    /** Readable when {@link #refresh()} has something to do. */
    public int fd() {
        return monitor.fd();
    }

    /** Whether the kernel tells the mark of decapsulated packets (Linux 5.19). */
    public boolean hasMarks() {
        return decapsulated.get(0).socket().hasMarks();
    }

    /** Follows the interfaces; {@code true} if {@link #usable()} has changed. */
    public boolean refresh() {
        isStale |= monitor.hasNews();
        if (!isStale || System.nanoTime() - retryNs < 0) {
            return false;
        }
        try {
            final boolean hasChanged = look();
            isStale = false;
            return hasChanged;
        } catch (LinuxException e) {
            LOG.warn("cannot follow the interfaces, trying again: {}", e.getMessage());
            retryNs = System.nanoTime() + RETRY_NS;
            return false;
        }
    }

    /**
     * Changes to another configuration: {@link #sources} may be others afterwards. Those that are no longer needed stay open
     * until {@link #closeRetired()}.
     */
    public void reconfigure(List<String> names, List<Integer> groups) {
        final boolean hasOtherGroups = !groups.equals(this.groups);
        if (!names.equals(configuredNames)) { // else none is configured still, and the one that was chosen is kept
            configuredNames = names;
            this.names = names;
        }
        this.groups = groups;
        look();
        if (hasOtherGroups) {
            lans.values().stream().filter(lan -> lan.bound != null).forEach(lan -> lan.join(lan.bound));
        }
    }

    private boolean look() {
        if (names.isEmpty()) {
            names = chooseOne();
        }
        names.forEach(name -> lans.computeIfAbsent(name, Lan::new));
        retireUnwanted();
        final List<LanInterface> now = monitor.usable(names);
        for (final Lan lan : lans.values()) {
            lan.follow(now.stream()
                    .filter(usable -> usable.name().equals(lan.name))
                    .findFirst()
                    .orElse(null));
        }
        final boolean hasChanged = !now.equals(usable);
        usable = now;
        final SocketFilter filter = CaptureFilter.decapsulated(broadcasts());
        decapsulated.forEach(capture -> capture.socket().attach(filter));
        return hasChanged;
    }

    /** Once chosen, an interface is kept: when it goes down, the next one may well be the uplink. */
    private List<String> chooseOne() {
        final List<String> chosen = monitor.firstUsable().stream().toList();
        chosen.forEach(name -> LOG.info("no interface is configured: taking {}, the first usable one", name));
        return chosen;
    }

    private void retireUnwanted() {
        lans.values().removeIf(lan -> {
            final boolean isWanted = names.contains(lan.name);
            if (!isWanted) {
                lan.leave();
                retired.add(lan);
            }
            return !isWanted;
        });
    }

    private static String describe(LanInterface lan) {
        final String broadcasts =
                lan.broadcasts().stream().map(Capture::dotted).sorted().collect(Collectors.joining(", "));
        return "index " + lan.index() + ", MTU " + lan.mtu() + ", broadcast "
                + (broadcasts.isEmpty() ? "none, it has no address" : broadcasts);
    }

    private static String dotted(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xff) + "." + (address >>> 8 & 0xff) + "." + (address & 0xff);
    }

    private TreeSet<Integer> broadcasts() {
        final TreeSet<Integer> all = new TreeSet<>();
        usable.forEach(lan -> all.addAll(lan.broadcasts()));
        return all;
    }

    /** LAN interfaces that exist and are up now. */
    public List<LanInterface> usable() {
        return usable;
    }

    /** Names of all LAN interfaces, usable or not. */
    public List<String> names() {
        return List.copyOf(lans.keySet());
    }

    /** What a forwarder polls. */
    public PacketSource[] sources(int forwarder) {
        final List<PacketSource> sources = new ArrayList<>();
        lans.values().forEach(lan -> sources.add(lan.rings.get(forwarder)));
        sources.add(decapsulated.get(forwarder));
        return sources.toArray(PacketSource[]::new);
    }

    /** What a forwarder waits for: the descriptors of its sources. */
    public int[] fds(int forwarder) {
        return IntStream.concat(
                        lans.values().stream()
                                .mapToInt(lan -> lan.rings.get(forwarder).ring().fd()),
                        IntStream.of(decapsulated.get(forwarder).socket().fd()))
                .toArray();
    }

    /** Packets that the kernel dropped because a forwarder was too slow, by LAN interface. */
    public long drops(String name) {
        final Lan lan = lans.get(name);
        return lan == null ? 0 : lan.drops();
    }

    /** The same for decapsulated traffic. */
    public long decapsulatedDrops() {
        return decapsulated.stream()
                .mapToLong(capture -> capture.socket().drops())
                .sum();
    }

    /** Closes the sources that a change of configuration has retired; no forwarder may poll them any more. */
    public void closeRetired() {
        retired.forEach(Lan::close);
        retired.clear();
    }

    @Override
    public void close() {
        closeRetired();
        lans.values().forEach(Lan::close);
        decapsulated.forEach(DecapsulatedCapture::close);
        monitor.close();
    }
}
