// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.markcast.config.Mark;

/**
 * What leads from one content of the tables to another: first the deletions, then the additions. An element that gets another mark
 * is in both; one that comes and goes is in neither.
 */
final class ElementChanges {

    private final Map<ElementSet, Map<Key, Mark>> deleted = new TreeMap<>();
    private final Map<ElementSet, Map<Key, Mark>> added = new TreeMap<>();
    private final SortedSet<Mark> oldChains = new TreeSet<>(MarkTables.MARKS);
    private final SortedSet<Mark> newChains = new TreeSet<>(MarkTables.MARKS);

    /** Notes that an element has another mark from now on; null is none, before or after. */
    void note(ElementSet set, Key key, Mark before, Mark after) {
        if (take(added, set, key) == null && before != null) {
            put(deleted, set, key, before);
        }
        if (after != null && !after.equals(get(deleted, set, key))) {
            put(added, set, key, after);
        } else if (after != null) {
            take(deleted, set, key);
        }
    }

    private static Mark get(Map<ElementSet, Map<Key, Mark>> elements, ElementSet set, Key key) {
        return elements.getOrDefault(set, Map.of()).get(key);
    }

    private static void put(Map<ElementSet, Map<Key, Mark>> elements, ElementSet set, Key key, Mark mark) {
        elements.computeIfAbsent(set, first -> new HashMap<>()).put(key, mark);
    }

    private static Mark take(Map<ElementSet, Map<Key, Mark>> elements, ElementSet set, Key key) {
        final Map<Key, Mark> some = elements.getOrDefault(set, Map.of());
        final Mark mark = some.isEmpty() ? null : some.remove(key);
        if (some.isEmpty()) {
            elements.remove(set);
        }
        return mark;
    }

    /** Notes that a mark is used from now on, or no longer. */
    void noteChain(Mark mark, boolean isUsed) {
        if (!(isUsed ? oldChains : newChains).remove(mark)) {
            (isUsed ? newChains : oldChains).add(mark);
        }
    }

    Map<ElementSet, Map<Key, Mark>> deleted() {
        return deleted;
    }

    Map<ElementSet, Map<Key, Mark>> added() {
        return added;
    }

    /** The marks that need no chain any more, if marks have chains. */
    SortedSet<Mark> oldChains() {
        return oldChains;
    }

    /** The marks that need a chain from now on, if marks have chains. */
    SortedSet<Mark> newChains() {
        return newChains;
    }

    /** How many elements are deleted and added. */
    int size() {
        return size(deleted) + size(added);
    }

    private static int size(Map<ElementSet, Map<Key, Mark>> elements) {
        return elements.values().stream().mapToInt(Map::size).sum();
    }
}
