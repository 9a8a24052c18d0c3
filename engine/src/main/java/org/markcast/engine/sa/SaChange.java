// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What turns one list of SAs into another. Who follows a list keeps the last one and works on the difference: looking at ten
 * thousand references costs microseconds, doing something for each of ten thousand SAs costs milliseconds.
 *
 * @param removed the SAs that are gone, in the order of the first list; one that has changed is here, as it was
 * @param added the SAs that are new, in the order of the second list; one that has changed is here, as it is
 */
public record SaChange(List<Sa> removed, List<Sa> added) {

    public SaChange {
        removed = List.copyOf(removed);
        added = List.copyOf(added);
    }

    /**
     * Finds the difference. Names are unique within a list; an SA that only stands somewhere else has not changed.
     *
     * @param before a list with fast access by index, as is {@code after}
     */
    public static SaChange between(List<Sa> before, List<Sa> after) {
        int first = 0;
        int beforeEnd = before.size();
        int afterEnd = after.size();
        while (first < Math.min(beforeEnd, afterEnd) && before.get(first).equals(after.get(first))) {
            first++;
        }
        while (Math.min(beforeEnd, afterEnd) > first
                && before.get(beforeEnd - 1).equals(after.get(afterEnd - 1))) {
            beforeEnd--;
            afterEnd--;
        }
        return betweenDiffering(before.subList(first, beforeEnd), after.subList(first, afterEnd));
    }

    private static SaChange betweenDiffering(List<Sa> before, List<Sa> after) {
        final Map<String, Sa> gone = new LinkedHashMap<>();
        before.forEach(sa -> gone.put(sa.name(), sa));
        final List<Sa> added = new ArrayList<>();
        for (final Sa sa : after) {
            if (!gone.remove(sa.name(), sa)) {
                added.add(sa);
            }
        }
        return new SaChange(List.copyOf(gone.values()), added);
    }

    public boolean isEmpty() {
        return removed.isEmpty() && added.isEmpty();
    }
}
