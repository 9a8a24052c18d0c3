// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.agrona.collections.Object2IntCounterMap;
import org.markcast.config.Connmark;
import org.markcast.config.Mark;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.sa.Sa;

/**
 * What the kernel's tables shall hold, and what leads there from what they hold. It follows the list of SAs at a cost that depends
 * on what changes; only subnets, which cut each other, are worked out anew together, when one comes or goes. Belongs to the control
 * thread.
 */
final class MarkTables {

    /** What an element of a set has that is no map. */
    static final Mark NO_MARK = new Mark(0, 0);

    static final Comparator<Mark> MARKS = Comparator.comparing(Mark::mask, Integer::compareUnsigned)
            .thenComparing(Mark::value, Integer::compareUnsigned);

    /** What begins with an address, which may be one that is a broadcast address on some LAN. */
    private static final List<ElementSet> BY_ADDRESS = List.of(
            ElementSet.CLIENTS,
            ElementSet.PROTOCOLS,
            ElementSet.PORTS,
            ElementSet.PEERS,
            ElementSet.PEER_PROTOCOLS,
            ElementSet.PEER_PORTS);

    private final boolean hasGuard;
    private final Connections connections;
    private final LingeringMarks guarded = new LingeringMarks(this::guard);
    private final SaList sas;
    private final Claims claims = new Claims();
    private final Map<ElementSet, Map<Key, Mark>> elements = new HashMap<>();

    /** How many SAs use a mark, as inbound and as outbound mark. */
    private final Object2IntCounterMap<Mark> uses = new Object2IntCounterMap<>(0);

    private int maskedSas;
    private Set<Integer> broadcasts = Set.of();
    private ElementChanges changes;

    /**
     * What decides which rules there are; as long as it stays, only elements change.
     *
     * @param hasGuard whether the leak guard is wanted
     * @param hasIp6 whether an SA has IPv6 endpoints
     * @param hasSubnets whether an SA claims a whole subnet of unicast addresses
     * @param isMasked whether some mark does not have the full mask. nft 1.0.6 cannot combine a packet's mark with a value
     *     out of a map, so then the maps lead to one chain for each mark, which does it with constants
     * @param guardedMasks the masks of the marks that the guard watches
     * @param connections the same of connections
     */
    record Shape(
            boolean hasGuard,
            boolean hasIp6,
            boolean hasSubnets,
            boolean isMasked,
            SortedSet<Integer> guardedMasks,
            Connections.Shape connections) {

        /** The tables that there are. */
        Set<Table> tables() {
            final Set<Table> tables = EnumSet.of(Table.MARKS);
            if (hasIp6) {
                tables.add(Table.MARKS_IP6);
            }
            if (connections.config().enabled()) {
                tables.add(Table.CONNMARK);
            }
            if (connections.config().l2tp()) {
                tables.add(Table.L2TP);
            }
            return tables;
        }
    }

    /** @param hasGuard whether the leak guard is wanted */
    MarkTables(boolean hasGuard, Connmark connmark) {
        this.hasGuard = hasGuard;
        connections = new Connections(connmark, this::put);
        sas = new SaList(sa -> SaElements.of(sa, connections.concern(sa)));
    }

    /**
     * Tables for other settings that hold the same SAs as these, so that it is known what becomes of each.
     *
     * @param nowNs since when marks are no longer used
     */
    MarkTables successor(boolean wantsGuard, Connmark connmark, long nowNs) {
        final MarkTables next = new MarkTables(wantsGuard, connmark);
        next.connections.inherit(connections, sas(), nowNs);
        next.follow(sas(), broadcasts, nowNs);
        return next;
    }

    /** All SAs, in their order. */
    List<Sa> sas() {
        return sasOf(sas.elements());
    }

    /** Whether these tables were made for these settings. */
    boolean follows(boolean wantsGuard, Connmark connmark) {
        return hasGuard == wantsGuard && connections.config().equals(connmark);
    }

    Connections connections() {
        return connections;
    }

    /**
     * Follows the SAs, all of it or, with an exception, nothing.
     *
     * @param latest all SAs; where two claim the same packets, the later one in the list gets them
     * @param lanBroadcasts broadcast addresses of the LANs, in host order
     * @param nowNs since when the marks of SAs that are missing are no longer used
     * @return what has come or moved
     */
    List<SaElements> follow(List<Sa> latest, Collection<Integer> lanBroadcasts, long nowNs) {
        final SaList.Step step = sas.stepTo(latest);
        final Set<Integer> latestBroadcasts = new TreeSet<>(lanBroadcasts);
        latestBroadcasts.add(Ipv4Address.BROADCAST);
        final boolean areOtherBroadcasts = !latestBroadcasts.equals(broadcasts);

        if (areOtherBroadcasts) {
            follow(latestBroadcasts);
        }
        for (int i = step.gone().size() - 1; i >= 0; i--) { // where many claim the same, the last one is on top
            remove(step.gone().get(i), nowNs);
        }
        sas.take(step);
        step.come().forEach(this::add);
        connections.follow(sasOf(step.gone()), sasOf(step.come()), nowNs);
        if (areOtherBroadcasts || hasSubnets(step.gone()) || hasSubnets(step.come())) {
            replace(ElementSet.SUBNETS, intervals());
        }
        return step.come();
    }

    private static List<Sa> sasOf(Collection<SaElements> some) {
        return some.stream().map(SaElements::sa).toList();
    }

    private void remove(SaElements sa, long nowNs) {
        sa.claims().forEach(claim -> show(claim.set(), claim.key(), claims.remove(claim)));
        release(sa.sa().markIn());
        release(sa.sa().markOut());
        maskedSas -= sa.isMasked() ? 1 : 0;
        guarded.release(sa.sa().markOut(), nowNs);
    }

    private void add(SaElements sa) {
        sa.claims().forEach(claim -> show(claim.set(), claim.key(), claims.add(claim)));
        use(sa.sa().markIn());
        use(sa.sa().markOut());
        maskedSas += sa.isMasked() ? 1 : 0;
        guarded.use(sa.sa().markOut());
    }

    private void use(Mark mark) {
        if (uses.incrementAndGet(mark) == 1 && changes != null) {
            changes.noteChain(mark, true);
        }
    }

    private void release(Mark mark) {
        if (uses.decrementAndGet(mark) == 0 && changes != null) {
            changes.noteChain(mark, false);
        }
    }

    /** Forgets the marks that no SA has used since then; whether there were any. */
    boolean forget(long sinceNs) {
        return guarded.forget(sinceNs) | connections.forget(sinceNs);
    }

    private void guard(Mark mark, LingeringMarks.State state) {
        if (hasGuard) {
            final boolean isThere = state != LingeringMarks.State.FORGOTTEN;
            put(ElementSet.guarded(mark.mask()), SaElements.keyOf(mark), isThere ? NO_MARK : null);
        }
    }

    private void follow(Set<Integer> latestBroadcasts) {
        broadcasts = latestBroadcasts;
        BY_ADDRESS.forEach(set -> claims.forEach(set, (key, top) -> show(set, key, top)));
        if (hasGuard) {
            final Map<Key, Mark> wanted = new HashMap<>();
            broadcasts.forEach(address -> wanted.put(Key.of(Key.network(address)), NO_MARK));
            replace(ElementSet.BROADCASTS, wanted);
        }
    }

    private static boolean hasSubnets(List<SaElements> some) {
        return some.stream().anyMatch(sa -> !sa.subnets().isEmpty());
    }

    private Map<Key, Mark> intervals() {
        final Subnets subnets = new Subnets();
        for (final SaElements sa : sas.elements()) {
            for (final TrafficSelector subnet : sa.subnets()) {
                subnets.add(
                        Ipv4Address.of(subnet.prefix().address()),
                        subnet.prefix().length(),
                        sa.sa().markOut());
            }
        }
        return subnets.intervals(broadcasts);
    }

    private void replace(ElementSet set, Map<Key, Mark> wanted) {
        for (final Key key : List.copyOf(elements(set).keySet())) {
            if (!wanted.containsKey(key)) {
                put(set, key, null);
            }
        }
        wanted.forEach((key, mark) -> put(set, key, mark));
    }

    /** @param top the claim that counts; null if there is none */
    private void show(ElementSet set, Key key, Claim top) {
        final boolean isBroadcast = BY_ADDRESS.contains(set) && broadcasts.contains(key.networkInt(0));
        put(set, key, top == null || isBroadcast ? null : top.mark());
    }

    /** @param mark null takes the element away */
    private void put(ElementSet set, Key key, Mark mark) {
        final Map<Key, Mark> all = elements.computeIfAbsent(set, first -> new HashMap<>());
        final Mark before = mark == null ? all.remove(key) : all.put(key, mark);
        if (changes != null && !Objects.equals(before, mark)) {
            changes.note(set, key, before, mark);
        }
    }

    /** From now on the kernel holds what it shall. */
    void settle() {
        changes = new ElementChanges();
    }

    /** What leads here from the moment of {@link #settle()}; null before that. */
    ElementChanges changes() {
        return changes;
    }

    Shape shape() {
        final boolean hasIp6 = elements.entrySet().stream()
                .anyMatch(set -> set.getKey().isIp6() && !set.getValue().isEmpty());
        return new Shape(
                hasGuard,
                hasIp6,
                !elements(ElementSet.SUBNETS).isEmpty(),
                maskedSas > 0,
                hasGuard ? guarded.masks() : Collections.emptySortedSet(),
                connections.shape());
    }

    /** The marks that have a chain, which map elements lead to, in tables {@link Shape#isMasked() with masks}. */
    SortedSet<Mark> chains() {
        final SortedSet<Mark> chains = new TreeSet<>(MARKS);
        if (maskedSas > 0) {
            uses.forEach((mark, count) -> chains.add(mark));
        }
        return chains;
    }

    /** Elements of a set, by key; of a map with the mark that a packet gets, of a set with {@link #NO_MARK}. */
    Map<Key, Mark> elements(ElementSet set) {
        return elements.getOrDefault(set, Map.of());
    }

    /** All sets that have had elements. */
    Map<ElementSet, Map<Key, Mark>> elements() {
        return elements;
    }
}
