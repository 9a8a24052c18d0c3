// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.Collection;
import java.util.Comparator;

/** Guesses what was meant by a misspelt name. */
final class Suggestion {

    /** No name that we know is longer by far; the comparison is quadratic. */
    private static final int MAX_LENGTH = 40;

    private Suggestion() {}

    /** {@code ", did you mean 'x'?"} with the nearest known name, or nothing if none is near. */
    static String forName(String name, Collection<String> known) {
        if (name.length() > MAX_LENGTH) {
            return "";
        }
        final int limit = Math.max(1, name.length() / 3);
        return known.stream()
                .filter(candidate -> distance(name, candidate) <= limit)
                .min(Comparator.comparingInt(candidate -> distance(name, candidate)))
                .map(nearest -> ", did you mean '" + nearest + "'?")
                .orElse("");
    }

    /** Letters to insert, remove, replace, or swap with their neighbour (optimal string alignment). */
    static int distance(String a, String b) {
        final int[][] edits = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    edits[i][j] = i + j;
                    continue;
                }
                final int replaced = edits[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                edits[i][j] = Math.min(replaced, 1 + Math.min(edits[i - 1][j], edits[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    edits[i][j] = Math.min(edits[i][j], edits[i - 2][j - 2] + 1);
                }
            }
        }
        return edits[a.length()][b.length()];
    }
}
