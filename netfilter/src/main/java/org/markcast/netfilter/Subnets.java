// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.markcast.config.Mark;

/**
 * Cuts prefixes, of which some hold others, into intervals that do not overlap, as the kernel wants them: each address has the
 * mark of the longest prefix that holds it.
 */
final class Subnets {

    private static final long FIRST_MULTICAST = 0xe000_0000L;
    private static final long LAST_MULTICAST = 0xefff_ffffL;
    private static final long LIMITED_BROADCAST = 0xffff_ffffL;

    /** By first address; of those that start together, the widest first. */
    private final TreeMap<Long, Mark> marks = new TreeMap<>();

    private final Map<Key, Mark> intervals = new HashMap<>();

    /** A prefix that is still open, and the first of its addresses that no interval holds yet. */
    private static final class Open {
        private final long last;
        private final Mark mark;
        private long next;

        Open(long first, long last, Mark mark) {
            this.last = last;
            this.mark = mark;
            next = first;
        }
    }

    /** The latest mark of a prefix counts. */
    void add(int address, int prefixLength, Mark mark) {
        marks.put(order(address, prefixLength), mark);
    }

    /** The address in the upper half, the prefix length in the lower one: natural order is that of nesting. */
    private static long order(int address, int prefixLength) {
        return (address & 0xffff_ffffL) << 6 | prefixLength;
    }

    /** The intervals, without multicast, 255.255.255.255 and the addresses given. */
    Map<Key, Mark> intervals(Collection<Integer> without) {
        final TreeMap<Long, Mark> all = new TreeMap<>(marks);
        without.forEach(address -> all.put(order(address, Integer.SIZE), null));
        final Deque<Open> open = new ArrayDeque<>();
        for (final Map.Entry<Long, Mark> entry : all.entrySet()) {
            final int prefixLength = (int) (entry.getKey() & 0x3f);
            final long first = entry.getKey() >>> 6;
            final long last = first + (1L << Integer.SIZE - prefixLength) - 1;
            closeBefore(first, open);
            if (!open.isEmpty()) {
                emit(open.peek(), first - 1);
                open.peek().next = last + 1;
            }
            open.push(new Open(first, last, entry.getValue()));
        }
        closeBefore(Long.MAX_VALUE, open);
        return intervals;
    }

    private void closeBefore(long first, Deque<Open> open) {
        while (!open.isEmpty() && open.peek().last < first) {
            final Open closed = open.pop();
            emit(closed, closed.last);
        }
    }

    private void emit(Open prefix, long last) {
        if (prefix.mark != null) {
            emit(prefix.next, Math.min(last, FIRST_MULTICAST - 1), prefix.mark);
            emit(Math.max(prefix.next, LAST_MULTICAST + 1), Math.min(last, LIMITED_BROADCAST - 1), prefix.mark);
        }
    }

    private void emit(long first, long last, Mark mark) {
        if (first <= last) {
            intervals.put(Key.of(Key.network((int) first), Key.network((int) last)), mark);
        }
    }
}
