// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A table whose rules the configuration and the machine decide, not the SAs. Not for several threads: the text is made when it is first
 * needed, which may be never where a table follows by small changes.
 */
public final class TableText {

    private final Table table;
    private Supplier<String> renderer; // null once there is the text
    private String text;

    TableText(Table table, String text) {
        this.table = table;
        this.text = text;
    }

    /** @param renderer makes the same text whenever it is called */
    TableText(Table table, Supplier<String> renderer) {
        this.table = table;
        this.renderer = renderer;
    }

    Table table() {
        return table;
    }

    /** All of it, as {@code nft} takes it: {@code table FAMILY NAME { ... }} and a line break. */
    public String text() {
        if (text == null) {
            text = renderer.get();
            renderer = null;
        }
        return text;
    }

    boolean isRendered() {
        return text != null;
    }

    @Override
    public boolean equals(Object other) {
        return this == other || other instanceof TableText that && table == that.table && text().equals(that.text());
    }

    @Override
    public int hashCode() {
        return table.hashCode();
    }

    @Override
    public String toString() {
        return text();
    }

    /** The transaction that puts these tables in the place of whatever stands there. */
    public static String installation(List<TableText> wanted) {
        return replacement(List.of(), wanted, Set.of());
    }

    /**
     * The transaction that leads from tables to others; those that stay the same are not touched. Empty if there is nothing to do.
     *
     * @param installed what is known to stand there
     * @param there all tables that stand there, known or not
     */
    static String replacement(Collection<TableText> installed, List<TableText> wanted, Set<Table> there) {
        final List<TableText> come =
                wanted.stream().filter(text -> !installed.contains(text)).toList();
        final Set<Table> gone = EnumSet.noneOf(Table.class);
        gone.addAll(there);
        gone.removeAll(Table.OF_SAS);
        installed.forEach(text -> gone.add(text.table()));
        wanted.forEach(text -> gone.remove(text.table()));
        come.forEach(text -> gone.add(text.table()));
        return MarkRules.removal(gone) + come.stream().map(TableText::text).collect(Collectors.joining("\n"));
    }
}
