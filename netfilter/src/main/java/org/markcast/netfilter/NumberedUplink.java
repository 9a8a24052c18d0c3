// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
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
     * Gives numbers to those that have none: the ones that their interface had before, whatever the uplink was called, so that connections
     * stay where they are; else those that the uplink had, on another interface; else the first ones that are free, in the order of the
     * uplinks.
     */
    public static List<NumberedUplink> of(Uplinks uplinks, List<NumberedUplink> before) {
        final Set<Integer> marks = new HashSet<>();
        final Set<Integer> tables = new HashSet<>();
        final Map<String, Integer> markOf = new HashMap<>();
        final Map<String, Integer> tableOf = new HashMap<>();
        for (final Uplink uplink : uplinks.all()) {
            uplink.mark().ifPresent(mark -> take(mark, uplink, marks, markOf));
            uplink.table().ifPresent(table -> take(table, uplink, tables, tableOf));
        }
        for (final Function<Uplink, String> key :
                List.<Function<Uplink, String>>of(Uplink::interfaceName, Uplink::name)) {
            final Map<String, NumberedUplink> former = new HashMap<>();
            before.forEach(uplink -> former.put(key.apply(uplink.uplink()), uplink));
            for (final Uplink uplink : uplinks.all()) {
                final NumberedUplink had = former.get(key.apply(uplink));
                if (had != null) {
                    if (isBelow(uplinks.mask(), had.mark())) {
                        take(had.mark(), uplink, marks, markOf);
                    }
                    take(had.table(), uplink, tables, tableOf);
                }
            }
        }
        final List<NumberedUplink> numbered = new ArrayList<>();
        for (final Uplink uplink : uplinks.all()) {
            final int mark = markOf.computeIfAbsent(uplink.name(), name -> freeMark(uplinks.mask(), marks));
            final int table = tableOf.computeIfAbsent(uplink.name(), name -> freeTable(tables));
            numbered.add(new NumberedUplink(uplink, mark, table));
        }
        return numbered;
    }

    /** Gives a number to an uplink, unless it has one or somebody else has that one. */
    private static void take(int number, Uplink uplink, Set<Integer> taken, Map<String, Integer> numberOf) {
        if (!numberOf.containsKey(uplink.name()) && taken.add(number)) {
            numberOf.put(uplink.name(), number);
        }
    }

    /** The same on another interface. */
    public NumberedUplink on(String interfaceName) {
        final Uplink other = new Uplink(
                uplink.name(), interfaceName, uplink.mark(), uplink.table(), uplink.gateway(), uplink.masquerade());
        return new NumberedUplink(other, mark, table);
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
