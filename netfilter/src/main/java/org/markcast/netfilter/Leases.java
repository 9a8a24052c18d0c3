// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.markcast.config.Masquerade;
import org.markcast.config.Prefix;
import org.markcast.engine.packet.Ipv4Address;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who has which external address towards which server: the pairs of the configuration for good, others as long as they use it. An
 * address serves one client of each server. Who finds none left waits, and gets the next one that is given back. Belongs to the
 * control thread.
 */
final class Leases {

    /** So many at once, those that wait included; then nobody is asked for any more. */
    static final int MAX = 10_000;

    /** Until there are fewer than so many again. */
    static final int ROOMY = MAX / 100 * 95;

    private static final Logger LOG = LoggerFactory.getLogger(Leases.class);

    private static final int HASH_MULTIPLIER =
            0x9e37_79b1; // 2^32 over the golden ratio: neighbours get places far apart

    private final Masquerade config;
    private final long idleNs;
    private final int[] pool;
    private final Map<Peers, Lease> all = new LinkedHashMap<>();
    private final Map<Integer, BitSet> takenOfServer = new HashMap<>();
    private final Map<Integer, Set<Peers>> waitingForServer = new HashMap<>();

    private boolean isFull;
    private List<Lease> gone = new ArrayList<>();
    private List<Lease> come = new ArrayList<>();

    /** What has changed; who got what he waited for, or another address, is among both. */
    record Change(List<Lease> gone, List<Lease> come) {

        boolean isEmpty() {
            return gone.isEmpty() && come.isEmpty();
        }
    }

    Leases(Masquerade config, long nowNs, long nowMs) {
        this.config = config;
        idleNs = config.idle().toNanos();
        pool = config.pool().stream()
                .flatMapToInt(range -> IntStream.range(0, range.size()).map(i -> range.first() + i))
                .toArray();
        for (final Masquerade.Pair pair : config.pairs()) {
            final Peers peers = new Peers(pair.client(), pair.server().orElse(Peers.ANY));
            put(new Lease(peers, pair.address(), true, nowMs, nowNs));
        }
    }

    Collection<Lease> all() {
        return all.values();
    }

    Masquerade config() {
        return config;
    }

    /** By which a client goes to a server, if it has an address there. */
    Optional<Lease> granted(Peers peers) {
        final Lease own = all.get(peers);
        return Optional.ofNullable(own == null ? all.get(forAllServers(peers)) : own)
                .filter(Lease::isGranted);
    }

    private static Peers forAllServers(Peers peers) {
        return new Peers(peers.client(), Peers.ANY);
    }

    /** Has an address or waits for one: the rules look for a lease first, so one beside a pair for all servers would win. */
    private boolean has(Peers peers) {
        return all.containsKey(peers) || all.containsKey(forAllServers(peers));
    }

    /** Whether nobody is asked for. Changes seldom at the limit, too, since each change replaces the whole table. */
    boolean isFull() {
        return isFull;
    }

    /** A client has sent its server something and has no address yet. */
    void ask(Peers peers, long nowNs, long nowMs) {
        if (!has(peers) && !isFull && pool.length > 0) {
            grantOrWait(peers, null, nowNs, nowMs);
        }
    }

    private void grantOrWait(Peers peers, Lease before, long nowNs, long nowMs) {
        final int place = freePlace(peers);
        final int address = place < 0 ? Lease.NONE : pool[place];
        final Lease lease = new Lease(peers, address, false, nowMs, nowNs);
        if (before != null) {
            lease.resume(before);
        }
        put(lease);
        if (lease.isGranted()) {
            LOG.info("{} has the address {}", peers, Ipv4Address.text(address));
        }
    }

    /** The same place for the same client where it can be; negative if there is none. */
    private int freePlace(Peers peers) {
        final BitSet taken = takenOfServer.getOrDefault(peers.server(), new BitSet());
        final int preferred =
                pool.length == 0 ? 0 : Integer.remainderUnsigned(peers.client() * HASH_MULTIPLIER, pool.length);
        int place = taken.nextClearBit(preferred);
        if (place >= pool.length) {
            place = taken.nextClearBit(0);
        }
        return place < pool.length ? place : -1;
    }

    private void put(Lease lease) {
        final Peers peers = lease.peers();
        all.put(peers, lease);
        isFull |= all.size() >= MAX;
        come.add(lease);
        if (lease.isGranted()) {
            final int place = placeOf(lease.address());
            if (place >= 0) {
                takenOfServer
                        .computeIfAbsent(peers.server(), first -> new BitSet())
                        .set(place);
            }
            return;
        }
        final Set<Peers> waiting = waitingForServer.computeIfAbsent(peers.server(), first -> new LinkedHashSet<>());
        if (waiting.isEmpty()) {
            LOG.error(
                    "no address is left for {}: clients of this server have all {} of masquerade.pool; it stays behind"
                            + " the general masquerade until one is free; widen masquerade.pool",
                    peers,
                    pool.length);
        }
        waiting.add(peers);
    }

    private int placeOf(int address) {
        for (int i = 0; i < pool.length; i++) {
            if (pool[i] == address) {
                return i;
            }
        }
        return -1;
    }

    private void remove(Lease lease) {
        final int server = lease.peers().server();
        all.remove(lease.peers());
        isFull &= all.size() >= ROOMY;
        gone.add(lease);
        if (lease.isGranted()) {
            final BitSet taken = takenOfServer.get(server);
            taken.clear(placeOf(lease.address()));
            if (taken.isEmpty()) {
                takenOfServer.remove(server);
            }
            return;
        }
        final Set<Peers> waiting = waitingForServer.get(server);
        waiting.remove(lease.peers());
        if (waiting.isEmpty()) {
            waitingForServer.remove(server);
        }
    }

    /** Takes what the kernel has counted between two hosts, either of which may be the client, see {@link ClientKernel}. */
    void count(int source, int destination, long packets, long bytes, long nowNs, long nowMs) {
        final Lease outbound = all.get(new Peers(source, destination));
        if (outbound != null) {
            outbound.countOut(packets, bytes, nowNs, nowMs);
            return;
        }
        final Lease inbound = all.get(new Peers(destination, source));
        if (inbound != null) {
            inbound.countIn(packets, bytes, nowNs, nowMs);
        }
    }

    /** What the kernel has counted begins with 0 again. */
    void restartCounts() {
        all.values().forEach(Lease::restartCounts);
    }

    /** Nobody can tell what was sent in a time that ends now. */
    void excuse(long sinceNs, long nowNs) {
        all.values().forEach(lease -> lease.excuse(sinceNs, nowNs));
    }

    /** Takes back what is not used any more, and gives it to those that wait and still try. */
    void expire(long nowNs, long nowMs) {
        final List<Lease> over = all.values().stream()
                .filter(lease -> lease.isOver(idleNs, nowNs))
                .toList();
        for (final Lease lease : over) {
            remove(lease);
            if (lease.isGranted()) {
                LOG.info("{} has given {} back", lease.peers(), Ipv4Address.text(lease.address()));
            }
        }
        over.stream()
                .filter(Lease::isGranted)
                .forEach(lease -> serveNext(lease.peers().server(), nowNs, nowMs));
    }

    private void serveNext(int server, long nowNs, long nowMs) {
        final Set<Peers> waiting = waitingForServer.get(server);
        if (waiting != null) {
            final Lease longest = all.get(waiting.iterator().next());
            remove(longest);
            grantOrWait(longest.peers(), longest, nowNs, nowMs);
        }
    }

    /** Goes on with a lease of a former run, if it fits the configuration and nobody else has the address. */
    void restore(Peers peers, int address, long sinceMs, long activeMs, long nowNs) {
        if (fits(peers, address)) {
            final Lease lease = new Lease(peers, address, false, sinceMs, nowNs);
            lease.resume(activeMs);
            put(lease);
        }
    }

    private boolean fits(Peers peers, int address) {
        final int place = placeOf(address);
        return !isFull
                && !has(peers)
                && isInside(peers.client())
                && place >= 0
                && !takenOfServer.getOrDefault(peers.server(), new BitSet()).get(place);
    }

    private boolean isInside(int client) {
        for (final Prefix prefix : config.clients()) {
            final int hostBits = Integer.SIZE - prefix.length();
            final int difference = client ^ Ipv4Address.of(prefix.address());
            if (hostBits == Integer.SIZE || difference >>> hostBits == 0) {
                return true;
            }
        }
        return false;
    }

    /** With another configuration: what fits it stays, and who waits may find an address now. */
    Leases successor(Masquerade latest, long nowNs, long nowMs) {
        final Leases successor = new Leases(latest, nowNs, nowMs);
        for (final Lease lease : all.values()) {
            if (lease.isFixed()) {
                successor.all.computeIfPresent(
                        lease.peers(), (peers, other) -> other.address() == lease.address() ? lease : other);
            } else if (lease.isGranted() && successor.fits(lease.peers(), lease.address())) {
                successor.put(lease);
            }
        }
        for (final Lease lease : all.values()) {
            if (!lease.isGranted() && successor.isInside(lease.peers().client())) {
                successor.ask(lease.peers(), nowNs, nowMs);
            }
        }
        successor.skipCounts(all);
        successor.noteChanges(all);
        return successor;
    }

    /** What was counted until now was by the former address. */
    private void skipCounts(Map<Peers, Lease> former) {
        for (final Lease lease : all.values()) {
            final Lease other = former.get(lease.peers());
            if (other != null && other != lease) {
                lease.skipCounts(other);
            }
        }
    }

    /** Has changed what another one has otherwise. */
    private void noteChanges(Map<Peers, Lease> former) {
        come = new ArrayList<>(
                all.values().stream().filter(lease -> !hasSame(former, lease)).toList());
        gone = new ArrayList<>(
                former.values().stream().filter(lease -> !hasSame(all, lease)).toList());
    }

    private static boolean hasSame(Map<Peers, Lease> leases, Lease lease) {
        final Lease other = leases.get(lease.peers());
        return other != null && other.address() == lease.address();
    }

    /** What has changed since the last call. */
    Change takeChange() {
        final Change change = new Change(gone, come);
        gone = new ArrayList<>();
        come = new ArrayList<>();
        return change;
    }
}
