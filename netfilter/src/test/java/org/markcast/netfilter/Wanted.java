// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.markcast.config.Config;
import org.markcast.config.Mark;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.sa.Sa;

/** The slow, obvious way from a list of SAs to the content of the tables: one after the other, the later one overwrites. */
final class Wanted {

    private final Map<ElementSet, Map<Key, Mark>> elements = new TreeMap<>();
    private final Subnets subnets = new Subnets();
    private final SortedSet<Mark> marks = new TreeSet<>(MarkTables.MARKS);
    private final SortedSet<Integer> masks = new TreeSet<>(Integer::compareUnsigned);
    private boolean isMasked;
    private int contested;

    /** @param guarded all marks that the guard watches */
    Wanted(List<Sa> sas, Collection<Integer> lanBroadcasts, Set<Mark> guarded) {
        sas.forEach(this::add);
        final Set<Integer> broadcasts = new TreeSet<>(lanBroadcasts);
        broadcasts.add(Ipv4Address.BROADCAST);
        for (final ElementSet set : List.of(ElementSet.CLIENTS, ElementSet.PROTOCOLS, ElementSet.PORTS)) {
            of(set).keySet().removeIf(key -> broadcasts.contains(key.networkInt(0)));
        }
        of(ElementSet.SUBNETS).putAll(subnets.intervals(broadcasts));
        for (final int address : broadcasts) {
            of(ElementSet.BROADCASTS).put(Key.of(Key.network(address)), MarkTables.NO_MARK);
        }
        masks.add(Mark.FULL_MASK);
        for (final Mark mark : guarded) {
            masks.add(mark.mask());
            of(ElementSet.guarded(mark.mask())).put(SaElements.keyOf(mark), MarkTables.NO_MARK);
        }
        elements.values().removeIf(Map::isEmpty);
    }

    private void add(Sa sa) {
        final SaElements asked = SaElements.of(sa, false);
        for (final Claim claim : asked.claims()) {
            contested += of(claim.set()).put(claim.key(), claim.mark()) == null ? 0 : 1;
        }
        for (final TrafficSelector subnet : asked.subnets()) {
            subnets.add(
                    Ipv4Address.of(subnet.prefix().address()), subnet.prefix().length(), sa.markOut());
        }
        marks.add(sa.markIn());
        marks.add(sa.markOut());
        isMasked |= asked.isMasked();
    }

    private Map<Key, Mark> of(ElementSet set) {
        return elements.computeIfAbsent(set, first -> new HashMap<>());
    }

    Map<ElementSet, Map<Key, Mark>> elements() {
        return elements;
    }

    MarkTables.Shape shape() {
        return new MarkTables.Shape(
                true,
                elements.keySet().stream().anyMatch(ElementSet::isIp6),
                elements.containsKey(ElementSet.SUBNETS),
                isMasked,
                masks,
                new Connections(Config.defaults().connmark(), (set, key, mark) -> {}).shape());
    }

    SortedSet<Mark> chains() {
        return isMasked ? marks : new TreeSet<>();
    }

    /** How many claims another SA, or the same one, had before. */
    int contested() {
        return contested;
    }
}
