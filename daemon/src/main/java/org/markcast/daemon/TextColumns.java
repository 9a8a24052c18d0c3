// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

/** Aligns the cells of rows; columns whose cells are all numbers are aligned to the right. Rows are shown to it before it is used. */
final class TextColumns {

    private static final String GAP = "  ";

    private final int[] widths;
    private final boolean[] areNumbers;
    private boolean hasRows;

    TextColumns(String... titles) {
        widths = new int[titles.length];
        areNumbers = new boolean[titles.length];
        for (int column = 0; column < widths.length; column++) {
            widths[column] = titles[column].length();
        }
    }

    /** The columns will be wide enough for this row. */
    void fit(String... cells) {
        for (int column = 0; column < widths.length; column++) {
            widths[column] = Math.max(widths[column], cells[column].length());
            areNumbers[column] = (areNumbers[column] || !hasRows) && isNumber(cells[column]);
        }
        hasRows = true;
    }

    /** Digits with commas and a point, unlike an address, or nothing known. */
    private static boolean isNumber(String cell) {
        boolean isNumber = !cell.isEmpty() && cell.indexOf('.') == cell.lastIndexOf('.');
        for (int i = 0; i < cell.length(); i++) {
            final char c = cell.charAt(i);
            isNumber &= c >= '0' && c <= '9' || c == ',' || c == '.';
        }
        return isNumber || cell.equals("-");
    }

    /** The titles or a row, without the end of the line. */
    String line(String... cells) {
        final StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            final String padding = " ".repeat(widths[column] - cells[column].length());
            line.append(column == 0 ? "" : GAP);
            line.append(areNumbers[column] ? padding : "").append(cells[column]);
            line.append(areNumbers[column] ? "" : padding);
        }
        return line.toString().stripTrailing();
    }

    static String cell(Object value) {
        return value == null ? "-" : value.toString();
    }
}
