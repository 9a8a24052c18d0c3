// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.ArrayList;
import java.util.List;

/** Rows of text with aligned columns; columns whose cells are all numbers are aligned to the right. */
public final class TextTable {

    private final TextColumns columns;
    private final List<String[]> rows = new ArrayList<>();

    /** @param header one title a column */
    public TextTable(String... header) {
        columns = new TextColumns(header);
        rows.add(header);
    }

    /** Adds a row with as many cells as the header has. */
    public TextTable row(Object... cells) {
        if (cells.length != rows.get(0).length) {
            throw new IllegalArgumentException(cells.length + " cells for " + rows.get(0).length + " columns");
        }
        final String[] row = new String[cells.length];
        for (int i = 0; i < cells.length; i++) {
            row[i] = TextColumns.cell(cells[i]);
        }
        columns.fit(row);
        rows.add(row);
        return this;
    }

    /** The lines, each indented by this many spaces. */
    public String text(int indent) {
        final StringBuilder text = new StringBuilder();
        for (final String[] row : rows) {
            text.append((" ".repeat(indent) + columns.line(row)).stripTrailing())
                    .append('\n');
        }
        return text.toString();
    }
}
