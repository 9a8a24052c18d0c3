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

    /** How many SAs side by side may come or go before the walk falls out of step, which costs time but no mistake. */
    private static final int LOOK_AHEAD = 16;

    public SaChange {
        removed = List.copyOf(removed);
        added = List.copyOf(added);
    }

    /**
     * Finds the difference. Names are unique within a list; an SA that only stands somewhere else has not changed.
     *
     * <p>Walks along both lists in step, past what only one of them has; what has moved further is sorted out by name.
     *
     * @param before a list with fast access by index, as is {@code after}
     */
    public static SaChange between(List<Sa> before, List<Sa> after) {
        final List<Sa> left = new ArrayList<>();
        final List<Sa> came = new ArrayList<>();
        int i = 0;
        int j = 0;
        while (i < before.size() && j < after.size()) {
            if (isSame(before.get(i), after.get(j))) {
                i++;
                j++;
            } else if (isNear(before, i, after.get(j))) {
                left.add(before.get(i++));
            } else if (isNear(after, j, before.get(i))) {
                came.add(after.get(j++));
            } else {
                left.add(before.get(i++));
                came.add(after.get(j++));
            }
        }
        left.addAll(before.subList(i, before.size()));
        came.addAll(after.subList(j, after.size()));
        return withoutMoved(left, came);
    }

    /** Most are one object, and others commonly differ in their names: nothing else is looked at ten thousand times. */
    private static boolean isSame(Sa before, Sa after) {
        return before == after || before.name().equals(after.name()) && before.equals(after);
    }

    private static boolean isNear(List<Sa> list, int position, Sa sa) {
        for (int at = position + 1; at < Math.min(position + LOOK_AHEAD, list.size()); at++) {
            if (isSame(list.get(at), sa)) {
                return true;
            }
        }
        return false;
    }

    private static SaChange withoutMoved(List<Sa> left, List<Sa> came) {
        final Map<String, Sa> gone = new LinkedHashMap<>();
        left.forEach(sa -> gone.put(sa.name(), sa));
        final List<Sa> added = new ArrayList<>();
        for (final Sa sa : came) {
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
