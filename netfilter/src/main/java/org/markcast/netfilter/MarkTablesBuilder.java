// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.markcast.config.Mark;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;

/**
 * Puts together what SAs ask for. Where two ask for the same key, the later one has it: while a client comes back before its old
 * SA is gone, its new SA counts.
 */
final class MarkTablesBuilder {

    private static final Comparator<Mark> MARKS = Comparator.comparing(Mark::mask, Integer::compareUnsigned)
            .thenComparing(Mark::value, Integer::compareUnsigned);

    private final Map<ElementSet, Map<Key, Mark>> elements = new HashMap<>();
    private final Map<Integer, Map<Key, Mark>> guarded = new HashMap<>();
    private final SortedSet<Mark> marks = new TreeSet<>(MARKS);
    private final Subnets subnets = new Subnets();
    private final int count;
    private final boolean isMasked;

    MarkTablesBuilder(Collection<SaElements> sas) {
        count = sas.size();
        isMasked = sas.stream().anyMatch(SaElements::isMasked);
        sas.forEach(this::add);
    }

    private void add(SaElements sa) {
        sa.elements().forEach(element -> all(element.set()).put(element.key(), element.mark()));
        for (final TrafficSelector subnet : sa.subnets()) {
            subnets.add(
                    Ipv4Address.of(subnet.prefix().address()),
                    subnet.prefix().length(),
                    sa.sa().markOut());
        }
        guard(sa.sa().markOut(), sa.guardedKey());
        if (isMasked) {
            marks.add(sa.sa().markIn());
            marks.add(sa.sa().markOut());
        }
    }

    /** Has the guard watch a mark. */
    void guard(Mark mark) {
        guard(mark, SaElements.guardedKey(mark));
    }

    private void guard(Mark mark, Key key) {
        guarded.computeIfAbsent(mark.mask(), first -> new HashMap<>(2 * count)).put(key, MarkTables.NO_MARK);
    }

    /** @param lanBroadcasts broadcast addresses of the LANs, in host order */
    MarkTables build(boolean hasGuard, Collection<Integer> lanBroadcasts) {
        final Set<Integer> broadcasts = new TreeSet<>(lanBroadcasts);
        broadcasts.add(Ipv4Address.BROADCAST);
        final Map<Key, Mark> intervals = subnets.intervals(broadcasts);
        if (!intervals.isEmpty()) {
            all(ElementSet.SUBNETS).putAll(intervals);
        }
        broadcasts.forEach(address -> all(ElementSet.CLIENTS).remove(Key.of(Key.network(address))));
        all(ElementSet.PROTOCOLS).keySet().removeIf(key -> broadcasts.contains(key.networkInt(0)));
        all(ElementSet.PORTS).keySet().removeIf(key -> broadcasts.contains(key.networkInt(0)));
        final SortedSet<Integer> masks = new TreeSet<>(Integer::compareUnsigned);
        if (hasGuard) {
            broadcasts.forEach(
                    address -> all(ElementSet.BROADCASTS).put(Key.of(Key.network(address)), MarkTables.NO_MARK));
            masks.add(Mark.FULL_MASK); // also without SAs, so that the first one is an element like the others
            masks.addAll(guarded.keySet());
            guarded.forEach((mask, values) -> all(ElementSet.guarded(mask)).putAll(values));
        }
        return new MarkTables(
                new MarkTables.Shape(hasGuard, hasIp6(), !intervals.isEmpty(), isMasked, masks), marks, elements);
    }

    private boolean hasIp6() {
        return elements.keySet().stream().anyMatch(ElementSet::isIp6);
    }

    private Map<Key, Mark> all(ElementSet set) {
        return elements.computeIfAbsent(set, first -> new HashMap<>(2 * count));
    }
}
