// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.agrona.collections.Object2IntCounterMap;
import org.markcast.config.Mark;

/** Marks that SAs use, and for a while those that none uses any more: packets with them may still be on their way. */
final class LingeringMarks {

    private final Object2IntCounterMap<Mark> uses = new Object2IntCounterMap<>(0);

    /** How many marks there are of each mask. */
    private final Object2IntCounterMap<Integer> masks = new Object2IntCounterMap<>(0);

    /** Marks that SAs use, by mask. */
    private final Map<Integer, Set<Mark>> used = new HashMap<>();

    /** Marks without an SA, with the time when the last one went, the earliest first. */
    private final Map<Mark, Long> goneNs = new LinkedHashMap<>();

    private final Listener listener;

    /** What a mark is. */
    enum State {
        USED,
        LINGERING,
        FORGOTTEN
    }

    /** Takes what changes. */
    @FunctionalInterface
    interface Listener {

        void onMark(Mark mark, State state);
    }

    LingeringMarks(Listener listener) {
        this.listener = listener;
        masks.incrementAndGet(Mark.FULL_MASK); // also without SAs, so that the first one is an element like the others
    }

    void use(Mark mark) {
        if (uses.incrementAndGet(mark) == 1) {
            used.computeIfAbsent(mark.mask(), first -> new HashSet<>()).add(mark);
            if (goneNs.remove(mark) == null) {
                masks.incrementAndGet(mark.mask());
            }
            listener.onMark(mark, State.USED);
        }
    }

    void release(Mark mark, long nowNs) {
        if (uses.decrementAndGet(mark) == 0) {
            used.get(mark.mask()).remove(mark);
            goneNs.put(mark, nowNs);
            listener.onMark(mark, State.LINGERING);
        }
    }

    /** How many SAs use it. */
    int uses(Mark mark) {
        return uses.get(mark);
    }

    /** Whether the same packet may have it and one that SAs use: that one itself, or one below another mask. */
    boolean isContested(Mark mark) {
        return uses(mark) > 0
                || used.entrySet().stream()
                        .filter(others -> others.getKey() != mark.mask())
                        .anyMatch(others -> others.getValue().stream().anyMatch(mark::overlaps));
    }

    /** Forgets the marks that no SA has used since then; whether there were any. */
    boolean forget(long sinceNs) {
        boolean hasForgotten = false;
        final Iterator<Map.Entry<Mark, Long>> gone = goneNs.entrySet().iterator();
        while (gone.hasNext()) {
            final Map.Entry<Mark, Long> earliest = gone.next();
            if (earliest.getValue() - sinceNs > 0) {
                return hasForgotten;
            }
            gone.remove();
            masks.decrementAndGet(earliest.getKey().mask());
            listener.onMark(earliest.getKey(), State.FORGOTTEN);
            hasForgotten = true;
        }
        return hasForgotten;
    }

    /** The masks of all marks, and the full one. */
    SortedSet<Integer> masks() {
        final SortedSet<Integer> keys = new TreeSet<>(Integer::compareUnsigned);
        masks.forEach((mask, count) -> keys.add(mask)); // a count of 0 is no entry
        return keys;
    }
}
