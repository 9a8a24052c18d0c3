// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.ArrayList;
import java.util.List;

/** A table that can be read as it is and pasted into a README; columns of numbers are aligned to the right. */
final class MarkdownTable {

    private final List<String[]> rows = new ArrayList<>();

    MarkdownTable(String... header) {
        rows.add(header);
    }

    /** Adds a row with as many cells as the header has. */
    void row(String... cells) {
        if (cells.length != rows.get(0).length) {
            throw new IllegalArgumentException(cells.length + " cells for " + rows.get(0).length + " columns");
        }
        rows.add(cells);
    }

    String text() {
        final StringBuilder text = new StringBuilder();
        for (int row = 0; row < rows.size(); row++) {
            for (int column = 0; column < rows.get(row).length; column++) {
                text.append("| ").append(padded(rows.get(row)[column], column)).append(' ');
            }
            text.append("|\n").append(row == 0 ? rule() : "");
        }
        return text.toString();
    }

    private String rule() {
        final StringBuilder rule = new StringBuilder();
        for (int column = 0; column < rows.get(0).length; column++) {
            rule.append('|').append("-".repeat(width(column) + 1)).append(isNumbers(column) ? ':' : '-');
        }
        return rule.append("|\n").toString();
    }

    private String padded(String cell, int column) {
        final String padding = " ".repeat(width(column) - cell.length());
        return isNumbers(column) ? padding + cell : cell + padding;
    }

    private int width(int column) {
        return rows.stream().mapToInt(row -> row[column].length()).max().orElse(0);
    }

    private boolean isNumbers(int column) {
        return rows.stream().skip(1).allMatch(row -> row[column].matches("[0-9,.]+|-"));
    }
}
