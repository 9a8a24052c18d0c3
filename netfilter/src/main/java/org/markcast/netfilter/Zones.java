// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.markcast.config.Mark;
import org.markcast.config.NumberRange;

/**
 * Hands out conntrack zones, one for each inbound mark, as long as there are any; who comes too late gets the next one that is
 * given back. The first choice follows from the mark, so that a service that starts again finds its clients' connections in the
 * zones where it left them.
 */
final class Zones {

    private final NumberRange range;
    private final BitSet taken = new BitSet();
    private final Map<Mark, Integer> ofMark = new HashMap<>();
    private final Set<Mark> waiting = new LinkedHashSet<>();

    /** Takes what changes. */
    @FunctionalInterface
    interface Listener {

        /** @param zone the zone of a mark from now on; empty: none any more */
        void onZone(Mark mark, OptionalInt zone);
    }

    Zones(NumberRange range) {
        this.range = range;
    }

    /** The zone of a mark; empty if it has none. */
    OptionalInt of(Mark mark) {
        final Integer zone = ofMark.get(mark);
        return zone == null ? OptionalInt.empty() : OptionalInt.of(zone);
    }

    /** Gives a zone to a mark that has none. */
    void take(Mark mark, Listener listener) {
        final int preferred = Integer.remainderUnsigned(mark.value() - 1, range.size());
        int offset = taken.nextClearBit(preferred);
        if (offset >= range.size()) {
            offset = taken.nextClearBit(0);
        }
        if (offset >= range.size()) {
            waiting.add(mark);
            return;
        }
        taken.set(offset);
        ofMark.put(mark, range.first() + offset);
        listener.onZone(mark, of(mark));
    }

    /** Takes back the zone of a mark, which whoever waits longest gets. */
    void giveBack(Mark mark, Listener listener) {
        waiting.remove(mark);
        final Integer zone = ofMark.remove(mark);
        if (zone == null) {
            return;
        }
        taken.clear(zone - range.first());
        listener.onZone(mark, OptionalInt.empty());
        final Iterator<Mark> next = waiting.iterator();
        if (next.hasNext()) {
            final Mark longest = next.next();
            next.remove();
            take(longest, listener);
        }
    }
}
