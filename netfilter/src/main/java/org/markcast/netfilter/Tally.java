// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Packets that the named counters of a table have seen, also before the table was replaced, which counts from 0. */
final class Tally {

    private final Table table;
    private final Map<String, Long> before = new LinkedHashMap<>();
    private final Map<String, Long> seen = new LinkedHashMap<>();

    Tally(Table table, Collection<String> counters) {
        this.table = table;
        for (final String counter : counters) {
            before.put(counter, 0L);
            seen.put(counter, 0L);
        }
    }

    /** Takes the latest figures; a counter that is not there keeps the one that it had. */
    void read(Kernel kernel) {
        seen.replaceAll((counter, latest) -> kernel.packets(table, counter).orElse(latest));
    }

    /** The table is another one now. */
    void restart() {
        before.replaceAll((counter, packets) -> packets + seen.put(counter, 0L));
    }

    /** The tables have other texts now: this one counts from 0 if it came or went, else it goes on. */
    void replaced(List<TableText> former, List<TableText> latest) {
        if (isAmong(former) != isAmong(latest)) {
            restart();
        }
    }

    private boolean isAmong(List<TableText> texts) {
        return texts.stream().anyMatch(text -> text.table() == table);
    }

    long of(String counter) {
        return before.get(counter) + seen.get(counter);
    }
}
