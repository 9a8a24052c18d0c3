// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.markcast.config.Mark;

/**
 * What leads from one content of the sets to another: first the deletions, then the additions. An element that gets another mark
 * is in both.
 */
record ElementChanges(Map<ElementSet, Map<Key, Mark>> deleted, Map<ElementSet, Map<Key, Mark>> added) {

    static ElementChanges between(Map<ElementSet, Map<Key, Mark>> from, Map<ElementSet, Map<Key, Mark>> to) {
        return new ElementChanges(lacking(from, to), lacking(to, from));
    }

    /** The elements that others lack, or have with another mark. */
    private static Map<ElementSet, Map<Key, Mark>> lacking(
            Map<ElementSet, Map<Key, Mark>> elements, Map<ElementSet, Map<Key, Mark>> others) {
        final Map<ElementSet, Map<Key, Mark>> lacking = new TreeMap<>();
        elements.forEach((set, all) -> {
            final Map<Key, Mark> there = others.getOrDefault(set, Map.of());
            all.forEach((key, mark) -> {
                final Mark other = there.get(key);
                if (mark != other && !mark.equals(other)) { // mostly the same one, and there are many
                    lacking.computeIfAbsent(set, first -> new HashMap<>()).put(key, mark);
                }
            });
        });
        return lacking;
    }

    int size() {
        return size(deleted) + size(added);
    }

    private static int size(Map<ElementSet, Map<Key, Mark>> elements) {
        return elements.values().stream().mapToInt(Map::size).sum();
    }
}
