// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.markcast.config.Uplink;
import org.markcast.config.Uplinks;

/**
 * An uplink with the numbers that it goes by.
 *
 * @param mark below the mask of all uplinks
 * @param table its routing table
 */
public record NumberedUplink(Uplink uplink, int mark, int table) {

    private static final int FIRST_TABLE = 20_001;

    /**
     * Gives numbers to those that have none: the ones that they had before, else the first ones that are free, in the order of the
     * uplinks. So a connection finds its uplink again after others have come and gone.
     */
    public static List<NumberedUplink> of(Uplinks uplinks, List<NumberedUplink> before) {
        final Map<String, NumberedUplink> former = new HashMap<>();
        before.forEach(uplink -> former.put(uplink.uplink().name(), uplink));
        final Set<Integer> marks = new HashSet<>();
        final Set<Integer> tables = new HashSet<>();
        for (final Uplink uplink : uplinks.all()) {
            uplink.mark().ifPresent(marks::add);
            uplink.table().ifPresent(tables::add);
        }
        final Map<String, Integer> markOf = new HashMap<>();
        final Map<String, Integer> tableOf = new HashMap<>();
        for (final Uplink uplink : uplinks.all()) {
            final NumberedUplink had = former.get(uplink.name());
            if (had != null
                    && uplink.mark().isEmpty()
                    && isBelow(uplinks.mask(), had.mark())
                    && marks.add(had.mark())) {
                markOf.put(uplink.name(), had.mark());
            }
            if (had != null && uplink.table().isEmpty() && tables.add(had.table())) {
                tableOf.put(uplink.name(), had.table());
            }
        }
        final List<NumberedUplink> numbered = new ArrayList<>();
        for (final Uplink uplink : uplinks.all()) {
            final int mark = uplink.mark()
                    .orElseGet(() -> markOf.computeIfAbsent(uplink.name(), name -> freeMark(uplinks.mask(), marks)));
            final int table =
                    uplink.table().orElseGet(() -> tableOf.computeIfAbsent(uplink.name(), name -> freeTable(tables)));
            numbered.add(new NumberedUplink(uplink, mark, table));
        }
        return numbered;
    }

    private static boolean isBelow(int mask, int mark) {
        return (mark & ~mask) == 0;
    }

    private static int freeMark(int mask, Set<Integer> taken) {
        int mark = nextBelow(mask, 0);
        while (!taken.add(mark)) {
            mark = nextBelow(mask, mark);
        }
        return mark;
    }

    /** Counts with the bits of the mask only: those outside hand the carry on. */
    private static int nextBelow(int mask, int mark) {
        return (mark | ~mask) + 1 & mask;
    }

    private static int freeTable(Set<Integer> taken) {
        int table = FIRST_TABLE;
        while (!taken.add(table)) {
            table++;
        }
        return table;
    }
}
