// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.agrona.collections.IntArrayList;
import org.markcast.config.Mark;

/**
 * Makes what a table's successor consists of: copies of what the table has, changed where an SA has. Used once, by the
 * control thread.
 *
 * <ol>
 *   <li>SAs that have changed stay in their slots and with their forwarders.
 *   <li>SAs that are gone leave empty slots.
 *   <li>New SAs take empty slots, and go to the forwarders that have fewest.
 * </ol>
 */
final class Succession {

    private final Slot[] slots;
    private final IntArrayList empty;
    private final int[] loads;
    private final int[][] commonLocals;
    private final IntArrayList changed = new IntArrayList();
    private final MaskIndex.Changes marks = new MaskIndex.Changes();
    private final MaskIndex.Changes remotePrefixes = new MaskIndex.Changes();
    private int end; // of the slots that the table has, and of those that were taken

    /**
     * @param slots those of the table
     * @param empty which of them are empty
     * @param loads number of SAs of each forwarder
     * @param commonLocals rows that are worth sharing
     * @param size number of SAs in the end
     */
    Succession(Slot[] slots, int[] empty, int[] loads, int[][] commonLocals, int size) {
        this.slots = Arrays.copyOf(slots, Math.max(slots.length, size));
        this.empty = new IntArrayList(empty.clone(), empty.length, IntArrayList.DEFAULT_NULL_VALUE);
        this.loads = loads.clone();
        this.commonLocals = commonLocals.clone();
        end = slots.length;
    }

    /** @param slotOf where an SA of the table stands */
    void follow(SaChange change, ToIntFunction<Sa> slotOf) {
        final Map<String, Integer> gone = new LinkedHashMap<>();
        change.removed().forEach(sa -> gone.put(sa.name(), slotOf.applyAsInt(sa)));
        final List<Sa> newcomers = new ArrayList<>();
        for (final Sa sa : change.added()) {
            final Integer slot = gone.remove(sa.name());
            if (slot == null) {
                newcomers.add(sa);
            } else {
                put(slot, sa, slots[slot].forwarder());
            }
        }
        gone.values().forEach(this::leave);
        newcomers.forEach(this::join);
    }

    private void leave(int slot) {
        loads[slots[slot].forwarder()]--;
        put(slot, Slot.EMPTY);
        empty.addInt(slot);
    }

    private void join(Sa sa) {
        final int forwarder = leastLoaded();
        loads[forwarder]++;
        put(empty.isEmpty() ? append() : empty.popInt(), sa, forwarder);
    }

    private int append() {
        slots[end] = Slot.EMPTY;
        return end++;
    }

    private int leastLoaded() {
        int least = 0;
        for (int forwarder = 1; forwarder < loads.length; forwarder++) {
            if (loads[forwarder] < loads[least]) {
                least = forwarder;
            }
        }
        return least;
    }

    private void put(int slot, Sa sa, int forwarder) {
        final int[] locals = shared(Selectors.row(sa.localTs()));
        put(slot, new Slot(sa, forwarder, sa.markOut().value(), locals, Selectors.row(sa.remoteTs())));
    }

    private void put(int slot, Slot latest) {
        final Slot before = slots[slot];
        slots[slot] = latest;
        changed.addInt(slot);
        if (before.isEmpty()
                || latest.isEmpty()
                || !before.sa().markIn().equals(latest.sa().markIn())) {
            toggleMark(before, slot);
            toggleMark(latest, slot);
        }
        if (!Arrays.equals(before.remotes(), latest.remotes())) { // after a rekey they are equal
            togglePrefixes(before, slot);
            togglePrefixes(latest, slot);
        }
    }

    private void toggleMark(Slot owner, int slot) {
        if (!owner.isEmpty()) {
            final Mark mark = owner.sa().markIn();
            marks.toggle(mark.mask(), mark.value(), slot);
        }
    }

    private void togglePrefixes(Slot owner, int slot) {
        Selectors.forEachPrefix(owner.remotes(), (mask, network) -> remotePrefixes.toggle(mask, network, slot));
    }

    /** The row of another SA, if it is equal and one of the last few. */
    private int[] shared(int[] row) {
        for (final int[] common : commonLocals) {
            if (Arrays.equals(common, row)) {
                return common;
            }
        }
        System.arraycopy(commonLocals, 0, commonLocals, 1, commonLocals.length - 1);
        commonLocals[0] = row;
        return row;
    }

    Slot[] slots() {
        return slots;
    }

    int[] empty() {
        return empty.toIntArray();
    }

    int[] loads() {
        return loads;
    }

    int[][] commonLocals() {
        return commonLocals;
    }

    /** The slots that differ from the table's; a slot may stand here twice. */
    int[] changed() {
        return changed.toIntArray();
    }

    MaskIndex.Changes marks() {
        return marks;
    }

    MaskIndex.Changes remotePrefixes() {
        return remotePrefixes;
    }
}
