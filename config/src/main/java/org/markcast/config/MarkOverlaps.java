// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds SAs whose marks one packet could match both. Compares the groups of equal masks instead of every pair of SAs:
 * many SAs commonly share very few masks.
 */
final class MarkOverlaps {

    private record Entry(int order, String sa, Key key, Mark mark, Position position) {}

    private final Map<Integer, List<Entry>> byMask = new LinkedHashMap<>();
    private int count;

    void add(String sa, Key key, Mark mark, Position position) {
        byMask.computeIfAbsent(mark.mask(), mask -> new ArrayList<>()).add(new Entry(count++, sa, key, mark, position));
    }

    void report(Problems problems) {
        final List<List<Entry>> groups = List.copyOf(byMask.values());
        for (int i = 0; i < groups.size(); i++) {
            for (int j = 0; j <= i; j++) {
                compare(groups.get(j), groups.get(i), problems);
            }
        }
    }

    private static void compare(List<Entry> group, List<Entry> other, Problems problems) {
        final int commonBits = group.get(0).mark.mask() & other.get(0).mark.mask();
        final Map<Integer, Entry> seen = new HashMap<>();
        group.forEach(entry -> seen.putIfAbsent(entry.mark.value() & commonBits, entry));
        for (final Entry entry : other) {
            final Entry match = seen.get(entry.mark.value() & commonBits);
            if (match != null && match != entry) {
                report(entry, match, problems);
            }
        }
    }

    private static void report(Entry a, Entry b, Problems problems) {
        final Entry first = a.order < b.order ? a : b;
        final Entry later = first == a ? b : a;
        problems.add(
                later.position,
                later.key.keyName() + " " + later.mark + " of SA '" + later.sa + "' overlaps " + first.key.keyName()
                        + " " + first.mark + " of SA '" + first.sa + "' (" + first.position
                        + "): a packet could match both");
    }
}
