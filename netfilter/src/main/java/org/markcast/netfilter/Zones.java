// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import org.markcast.config.Mark;
import org.markcast.config.NumberRange;

/**
 * Hands out conntrack zones, one for each inbound mark, as long as there are any; who comes too late gets the next one that is
 * given back. A mark gets the zone in which there are connections with it, so that a service that starts again goes on where it
 * ended; else one that follows from the mark, and that nobody's connections are in, if there is one. As long as it is not known
 * which zones have connections, they are withheld: every mark waits.
 */
final class Zones {

    private final NumberRange range;
    private final BitSet taken = new BitSet();
    private final Map<Mark, Integer> ofMark = new HashMap<>();
    private final Set<Mark> waiting = new LinkedHashSet<>();

    /** Zones that are not taken and have connections, with the mark of those. */
    private final Map<Integer, Integer> recalled = new HashMap<>();

    private final BitSet takenOrRecalled = new BitSet();
    private final Consumer<Mark> evicted;
    private boolean areWithheld;

    /** Takes what changes. */
    @FunctionalInterface
    interface Listener {

        /** @param zone the zone of a mark from now on; empty: none any more */
        void onZone(Mark mark, OptionalInt zone);
    }

    /** Takes a conntrack mark and the zone that connections with it are in. */
    @FunctionalInterface
    interface Connection {

        void accept(int connectionMark, int zone);
    }

    /** @param evicted takes the marks of connections whose zone had to be given to another mark; those without one just stay */
    Zones(NumberRange range, Consumer<Mark> evicted) {
        this.range = range;
        this.evicted = evicted;
    }

    /** Nobody gets a zone until it is known which have connections; to be called while nobody has one. */
    void withhold() {
        areWithheld = true;
    }

    boolean areWithheld() {
        return areWithheld;
    }

    /** Ends {@link #withhold()}. */
    void handOut(Listener listener) {
        areWithheld = false;
        final List<Mark> all = List.copyOf(waiting);
        waiting.clear();
        all.forEach(mark -> take(mark, listener));
    }

    /** Notes that there are connections with a mark in a zone. */
    void recall(int connectionMark, int zone) {
        if (range.first() <= zone && zone <= range.last() && !taken.get(zone - range.first())) {
            recalled.put(zone, connectionMark);
            takenOrRecalled.set(zone - range.first());
        }
    }

    /** All zones that may have connections. */
    void forEach(Connection consumer) {
        recalled.forEach((zone, connectionMark) -> consumer.accept(connectionMark, zone));
        ofMark.forEach((mark, zone) -> consumer.accept(mark.value(), zone));
    }

    /** The zone of a mark; empty if it has none. */
    OptionalInt of(Mark mark) {
        final Integer zone = ofMark.get(mark);
        return zone == null ? OptionalInt.empty() : OptionalInt.of(zone);
    }

    /** Gives a zone to a mark that has none. */
    void take(Mark mark, Listener listener) {
        final int zone = areWithheld ? range.first() - 1 : choose(mark);
        if (zone < range.first()) {
            waiting.add(mark);
            return;
        }
        taken.set(zone - range.first());
        takenOrRecalled.set(zone - range.first());
        ofMark.put(mark, zone);
        final Integer former = recalled.remove(zone);
        if (former != null && !mark.matches(former) && (former & mark.mask()) != 0) {
            evicted.accept(new Mark(former & mark.mask(), mark.mask()));
        }
        listener.onZone(mark, of(mark));
    }

    private int choose(Mark mark) {
        for (final Map.Entry<Integer, Integer> connections : recalled.entrySet()) {
            if (mark.matches(connections.getValue())) {
                return connections.getKey();
            }
        }
        final int preferred = Integer.remainderUnsigned(mark.value() - 1, range.size());
        final int empty = nextClear(takenOrRecalled, preferred);
        return range.first() + (empty < 0 ? nextClear(taken, preferred) : empty);
    }

    /** Goes on at the beginning; -1 if there is none. */
    private int nextClear(BitSet set, int from) {
        final int behind = set.nextClearBit(from);
        final int offset = behind < range.size() ? behind : set.nextClearBit(0);
        return offset < range.size() ? offset : -1;
    }

    /** Takes back the zone of a mark, which whoever waits longest gets. */
    void giveBack(Mark mark, Listener listener) {
        waiting.remove(mark);
        final Integer zone = ofMark.remove(mark);
        if (zone == null) {
            return;
        }
        taken.clear(zone - range.first());
        takenOrRecalled.clear(zone - range.first());
        listener.onZone(mark, OptionalInt.empty());
        final Iterator<Mark> next = waiting.iterator();
        if (next.hasNext()) {
            final Mark longest = next.next();
            next.remove();
            take(longest, listener);
        }
    }
}
