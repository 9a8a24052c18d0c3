// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.util.Arrays;
import java.util.Comparator;
import java.util.TreeMap;
import org.agrona.collections.IntArrayList;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * Finds slots by a value and the mask under which it counts: marks and their masks, networks and their netmasks. A lookup is a
 * hash lookup for each distinct mask, the mask with most bits first. Immutable.
 */
final class MaskIndex {

    static final MaskIndex EMPTY = new MaskIndex(
            SlotMap.EMPTY,
            new TreeMap<>(Comparator.<Integer>comparingInt(Integer::bitCount)
                    .thenComparing(Integer::compareUnsigned)
                    .reversed()));

    private final SlotMap slotsOfKey;
    private final TreeMap<Integer, Integer> keysOfMask; // how many: a mask without keys is not looked for
    private final int[] masks;

    private MaskIndex(SlotMap slotsOfKey, TreeMap<Integer, Integer> keysOfMask) {
        this.slotsOfKey = slotsOfKey;
        this.keysOfMask = keysOfMask;
        masks = keysOfMask.keySet().stream().mapToInt(Integer::intValue).toArray();
    }

    /** Number of distinct masks. */
    int masks() {
        return masks.length;
    }

    /** The mask at a position; the one with most bits comes first. */
    int mask(int position) {
        return masks[position];
    }

    /** The slots with this value under this mask. */
    SlotSet find(int mask, int value) {
        return slotsOfKey.get(key(mask, value));
    }

    private static long key(int mask, int value) {
        return (long) mask << 32 | value & 0xffff_ffffL;
    }

    /** What tells an index from its predecessor. An entry is put there or taken away by the same call. */
    static final class Changes {

        private final Long2ObjectHashMap<IntArrayList> slotsOfKey = new Long2ObjectHashMap<>();

        void toggle(int mask, int value, int slot) {
            slotsOfKey
                    .computeIfAbsent(key(mask, value), key -> new IntArrayList(2, IntArrayList.DEFAULT_NULL_VALUE))
                    .addInt(slot);
        }
    }

    MaskIndex with(Changes changes) {
        if (changes.slotsOfKey.isEmpty()) {
            return this;
        }
        final SlotMap.Editor editor = slotsOfKey.edit(changes.slotsOfKey.size());
        final TreeMap<Integer, Integer> newKeysOfMask = new TreeMap<>(keysOfMask);
        changes.slotsOfKey.forEachLong((key, list) -> {
            final int[] slots = list.toIntArray();
            Arrays.sort(slots);
            final SlotSet before = slotsOfKey.get(key);
            final SlotSet after = before.toggled(slots);
            editor.put(key, after);
            if (before.isEmpty() != after.isEmpty()) {
                final int more = before.isEmpty() ? 1 : -1;
                newKeysOfMask.merge((int) (key >> 32), more, (keys, plus) -> keys + plus == 0 ? null : keys + plus);
            }
        });
        return new MaskIndex(editor.done(), newKeysOfMask);
    }
}
