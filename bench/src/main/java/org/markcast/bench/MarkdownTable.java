// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** A table for a README that reads well as it is, too: columns of figures are aligned to the right. */
final class MarkdownTable {

    private final List<String[]> rows = new ArrayList<>();

    MarkdownTable(String... header) {
        rows.add(header);
    }

    /** Adds a row with as many cells as the header has; {@code null}: not measured. */
    MarkdownTable row(Object... cells) {
        if (cells.length != rows.get(0).length) {
            throw new IllegalArgumentException(cells.length + " cells for " + rows.get(0).length + " columns");
        }
        rows.add(Arrays.stream(cells)
                .map(cell -> cell == null ? "" : cell.toString())
                .toArray(String[]::new));
        return this;
    }

    String text() {
        final StringBuilder text = new StringBuilder();
        for (int row = 0; row < rows.size(); row++) {
            appendRow(text, rows.get(row));
            if (row == 0) {
                appendRule(text);
            }
        }
        return text.toString();
    }

    private void appendRow(StringBuilder text, String[] cells) {
        for (int column = 0; column < cells.length; column++) {
            final String padding = " ".repeat(width(column) - cells[column].length());
            text.append("| ")
                    .append(isFigures(column) ? padding + cells[column] : cells[column] + padding)
                    .append(' ');
        }
        text.append("|\n");
    }

    private void appendRule(StringBuilder text) {
        for (int column = 0; column < rows.get(0).length; column++) {
            text.append('|').append(String.join("", Collections.nCopies(width(column) + 1, "-")));
            text.append(isFigures(column) ? ':' : '-');
        }
        text.append("|\n");
    }

    private boolean isFigures(int column) {
        return rows.stream().skip(1).allMatch(row -> row[column].matches("[0-9.,]*([ %].*)?|-"));
    }

    private int width(int column) {
        return rows.stream().mapToInt(row -> row[column].length()).max().orElse(0);
    }
}
