// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A table whose rules the configuration and the machine decide, not the SAs. Not for several threads: the text is made when it is first
 * needed, which may be never where a table follows by small changes.
 */
public final class TableText {

    private static final Pattern CHAIN = Pattern.compile("^\\tchain (\\w+) ", Pattern.MULTILINE);

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
        final Set<Table> gone = EnumSet.noneOf(Table.class);
        gone.addAll(there);
        gone.removeAll(Table.OF_SAS);
        installed.forEach(text -> gone.add(text.table()));
        wanted.forEach(text -> gone.remove(text.table()));
        final List<String> come = new ArrayList<>();
        for (final TableText text : wanted) {
            final Optional<TableText> former = of(text.table(), installed);
            if (text.table() == Table.FIREWALL && former.isPresent()) {
                come.add(text.succession(former.get()));
            } else if (!former.equals(Optional.of(text))) {
                gone.add(text.table());
                come.add(text.text());
            }
        }
        come.removeIf(String::isEmpty);
        return MarkRules.removal(gone) + String.join("\n", come);
    }

    private static Optional<TableText> of(Table table, Collection<TableText> texts) {
        return texts.stream().filter(text -> text.table() == table).findFirst();
    }

    /** Leads from a table of chains and counters to another one with the same counters, which go on. */
    private String succession(TableText former) {
        if (former.equals(this)) {
            return "";
        }
        final Set<String> chains = former.chains();
        chains.removeAll(chains());
        return "flush table " + table + "\n"
                + chains.stream()
                        .map(chain -> "delete chain " + table + " " + chain + "\n")
                        .collect(Collectors.joining())
                + text();
    }

    private Set<String> chains() {
        return CHAIN.matcher(text())
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
