// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.ArrayList;
import java.util.List;

/** Rows of text with aligned columns; columns whose cells are all numbers are aligned to the right. */
public final class TextTable {

    private static final String GAP = "  ";

    private final List<String[]> rows = new ArrayList<>();

    /** @param header one title a column */
    public TextTable(String... header) {
        rows.add(header);
    }

    /** Adds a row with as many cells as the header has. */
    public TextTable row(Object... cells) {
        if (cells.length != rows.get(0).length) {
            throw new IllegalArgumentException(cells.length + " cells for " + rows.get(0).length + " columns");
        }
        final String[] row = new String[cells.length];
        for (int i = 0; i < cells.length; i++) {
            row[i] = cells[i] == null ? "-" : cells[i].toString();
        }
        rows.add(row);
        return this;
    }

    /** The lines, each indented by this many spaces. */
    public String text(int indent) {
        final int columns = rows.get(0).length;
        final int[] widths = new int[columns];
        final boolean[] areNumbers = new boolean[columns];
        for (int column = 0; column < columns; column++) {
            areNumbers[column] = rows.size() > 1;
            for (int row = 0; row < rows.size(); row++) {
                final String cell = rows.get(row)[column];
                widths[column] = Math.max(widths[column], cell.length());
                areNumbers[column] &= row == 0 || cell.matches("[0-9,.]+|-");
            }
        }
        final StringBuilder text = new StringBuilder();
        for (final String[] row : rows) {
            final StringBuilder line = new StringBuilder(" ".repeat(indent));
            for (int column = 0; column < columns; column++) {
                final String padding = " ".repeat(widths[column] - row[column].length());
                line.append(column == 0 ? "" : GAP);
                line.append(areNumbers[column] ? padding + row[column] : row[column] + padding);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
