// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.util.Comparator;
import java.util.List;
import org.agrona.collections.Long2LongHashMap;
import org.markcast.config.Mark;

/**
 * Finds the SA whose inbound mark a packet carries: one hash lookup for each distinct mask, the mask with most bits first.
 * Among SAs with the same mark the first one counts. Immutable.
 */
final class MarkIndex {

    private static final Comparator<Integer> MOST_SPECIFIC_FIRST = Comparator.<Integer>comparingInt(Integer::bitCount)
            .thenComparing(Integer::compareUnsigned)
            .reversed();

    private final int[] masks;
    private final Long2LongHashMap saOfMark = new Long2LongHashMap(SaTable.NONE);

    MarkIndex(List<Sa> sas) {
        for (int i = 0; i < sas.size(); i++) {
            final Mark mark = sas.get(i).markIn();
            saOfMark.putIfAbsent(keyOf(mark.mask(), mark.value()), i);
        }
        masks = sas.stream()
                .map(sa -> sa.markIn().mask())
                .distinct()
                .filter(mask -> mask != 0) // an SA without a mark would claim every packet
                .sorted(MOST_SPECIFIC_FIRST)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static long keyOf(int mask, int value) {
        return (long) mask << 32 | value & 0xffff_ffffL;
    }

    int find(int packetMark) {
        for (final int mask : masks) {
            final int sa = (int) saOfMark.get(keyOf(mask, packetMark & mask));
            if (sa != SaTable.NONE) {
                return sa;
            }
        }
        return SaTable.NONE;
    }
}
