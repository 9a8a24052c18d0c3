// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.util.Arrays;

/**
 * Some slots of an {@link SaTable}. Slots side by side share a word, so that a set of all of ten thousand is 2.5 KB to copy and
 * a set of one is 8 bytes. Immutable.
 */
final class SlotSet {

    static final SlotSet EMPTY = new SlotSet(new int[0]);

    private static final int SHIFT = 5; // 32 slots a word

    /** Pairs of a word's number, ascending, and the word, never 0: bit b of word w stands for slot 32 w + b. */
    private final int[] words;

    private SlotSet(int[] words) {
        this.words = words;
    }

    boolean isEmpty() {
        return words.length == 0;
    }

    /** The lowest slot, or {@link SaTable#NONE}. */
    int first() {
        return isEmpty() ? SaTable.NONE : base(0) + Integer.numberOfTrailingZeros(bits(0));
    }

    /** Number of words with a slot. */
    int words() {
        return words.length >> 1;
    }

    /** The slot that the lowest bit of a word stands for. */
    int base(int position) {
        return words[2 * position] << SHIFT;
    }

    int bits(int position) {
        return words[2 * position + 1];
    }

    /**
     * This set with each of some slots taken in or, if it was in, taken out.
     *
     * @param slots ascending; a slot that stands there twice stays as it was
     */
    SlotSet toggled(int[] slots) {
        final int[] merged = new int[words.length + 2 * slots.length];
        int end = 0;
        int from = 0;
        int next = 0;
        while (next < slots.length) {
            final int number = slots[next] >> SHIFT;
            final int same = firstFrom(number, from);
            System.arraycopy(words, from, merged, end, same - from);
            end += same - from;
            final boolean isThere = same < words.length && words[same] == number;
            from = isThere ? same + 2 : same;
            int word = isThere ? words[same + 1] : 0;
            for (; next < slots.length && slots[next] >> SHIFT == number; next++) {
                word ^= 1 << slots[next];
            }
            if (word != 0) {
                merged[end++] = number;
                merged[end++] = word;
            }
        }
        System.arraycopy(words, from, merged, end, words.length - from);
        end += words.length - from;
        return end == 0 ? EMPTY : new SlotSet(Arrays.copyOf(merged, end));
    }

    /** Where the word with this or a higher number stands, at {@code from} or behind. */
    private int firstFrom(int number, int from) {
        int at = from;
        while (at < words.length && words[at] < number) {
            at += 2;
        }
        return at;
    }
}
